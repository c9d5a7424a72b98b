using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace LucidTls.Http;

/// <summary>Asks a SOCKS proxy for a connection (RFC 1928), with name and password if it wants them (RFC 1929). The proxy resolves names.</summary>
internal static class Socks5
{
    private const byte Version = 5;
    private const byte NoAuthentication = 0;
    private const byte NameAndPassword = 2;
    private const byte Connect = 1;
    private const byte IPv4 = 1;
    private const byte DomainName = 3;
    private const byte IPv6 = 4;

    public static bool Is(Uri proxy) => proxy.Scheme is "socks5" or "socks5h";

    /// <exception cref="HttpRequestException">The proxy refuses or closes the connection (<see cref="HttpRequestError.ProxyTunnelError"/>).</exception>
    public static async ValueTask OpenAsync(Stream stream, DnsEndPoint destination, NetworkCredential? credential, CancellationToken cancellationToken)
    {
        byte[] methods = credential == null ? [Version, 1, NoAuthentication] : [Version, 2, NoAuthentication, NameAndPassword];
        await stream.WriteAsync(methods, cancellationToken).ConfigureAwait(false);
        var answer = await ReadAsync(stream, 2, cancellationToken).ConfigureAwait(false);
        if (answer[0] != Version)
            throw Refusal("it does not speak SOCKS 5");
        if (answer[1] == NameAndPassword && credential != null)
            await AuthenticateAsync(stream, credential, cancellationToken).ConfigureAwait(false);
        else if (answer[1] != NoAuthentication)
            throw Refusal(credential == null ? "it wants credentials: set the Credentials of the proxy or DefaultProxyCredentials" : "it takes no name and password");
        await stream.WriteAsync(Request(destination), cancellationToken).ConfigureAwait(false);
        await ReadReplyAsync(stream, cancellationToken).ConfigureAwait(false);
    }

    private static async ValueTask AuthenticateAsync(Stream stream, NetworkCredential credential, CancellationToken cancellationToken)
    {
        byte[] message = [1, .. WithLength(credential.UserName, "name"), .. WithLength(credential.Password, "password")];
        await stream.WriteAsync(message, cancellationToken).ConfigureAwait(false);
        var answer = await ReadAsync(stream, 2, cancellationToken).ConfigureAwait(false);
        if (answer[1] != 0)
            throw Refusal("it does not accept the name and the password");
    }

    private static byte[] Request(DnsEndPoint destination)
    {
        var port = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(port, (ushort)destination.Port);
        byte[] address = IPAddress.TryParse(destination.Host, out var ip)
            ? [ip.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? IPv4 : IPv6, .. ip.GetAddressBytes()]
            : [DomainName, .. WithLength(destination.Host, "host")];
        return [Version, Connect, 0, .. address, .. port];
    }

    private static async ValueTask ReadReplyAsync(Stream stream, CancellationToken cancellationToken)
    {
        var reply = await ReadAsync(stream, 4, cancellationToken).ConfigureAwait(false);
        if (reply[0] != Version)
            throw Refusal("it does not speak SOCKS 5");
        if (reply[1] != 0)
            throw Refusal(Reason(reply[1]));
        var length = reply[3] switch
        {
            IPv4 => 4,
            IPv6 => 16,
            DomainName => (await ReadAsync(stream, 1, cancellationToken).ConfigureAwait(false))[0],
            _ => throw Refusal("it answers with an address of an unknown kind"),
        };
        // Where the proxy connected from, which is of no interest.
        _ = await ReadAsync(stream, length + 2, cancellationToken).ConfigureAwait(false);
    }

    // RFC 1928 §6
    private static string Reason(byte reply) => reply switch
    {
        2 => "its rules do not allow it",
        3 => "the network cannot be reached from there",
        4 => "the host cannot be reached from there",
        5 => "the host refuses the connection",
        6 => "the connection took too long",
        _ => $"it answers {reply}",
    };

    private static byte[] WithLength(string text, string what)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return bytes.Length is > 0 and <= 255 ? [(byte)bytes.Length, .. bytes] : throw Refusal($"SOCKS 5 cannot carry a {what} of {bytes.Length} bytes");
    }

    private static async ValueTask<byte[]> ReadAsync(Stream stream, int count, CancellationToken cancellationToken)
    {
        var bytes = new byte[count];
        if (await stream.ReadAtLeastAsync(bytes, count, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false) < count)
            throw Refusal("it closes the connection");
        return bytes;
    }

    private static HttpRequestException Refusal(string why) => new(HttpRequestError.ProxyTunnelError, $"The SOCKS proxy gives no connection: {why}.");
}
