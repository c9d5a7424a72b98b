using System.Buffers.Binary;
using System.Text;

namespace LucidTls.StartTls;

/// <summary>
/// MySQL's and MariaDB's CLIENT_SSL (their documentation, "Connection Phase"): the server greets, the client answers with the first half of its handshake response
/// alone, and says it whole under TLS.
/// </summary>
internal sealed class MySqlStartTls() : StartTlsProtocol("mysql", 3306, "MySQL")
{
    private const uint Ssl = 0x800;

    // CLIENT_LONG_PASSWORD, LONG_FLAG, PROTOCOL_41, TRANSACTIONS, SECURE_CONNECTION, MULTI_RESULTS, PLUGIN_AUTH
    private const uint Usual = 0x1 | 0x4 | 0x200 | 0x2000 | 0x8000 | 0x20000 | 0x80000;
    private const int RequestLength = 32;

    public override bool HasServerSide => false;

    public override Stream WithGreeting(TlsStream tls) => throw new NotSupportedException("MySQL's greeting cannot be made up.");

    public override async Task<Stream> ConnectForAsync(Stream plain, TlsClientOptions options, Stream client, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(plain);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(client);
        byte[] response = [];
        var tls = await UpgradeAsync(plain, options, async (link, _, token) =>
        {
            var greeting = await ReadHandshakeAsync(link, token).ConfigureAwait(false);
            // The client's side is plain, so it is not offered TLS.
            greeting.Packet[greeting.CapabilitiesAt + 1] &= unchecked((byte)~(Ssl >> 8));
            await client.WriteAsync(Packet(0, greeting.Packet), token).ConfigureAwait(false);
            await client.FlushAsync(token).ConfigureAwait(false);
            var clientLink = new PlainLink(client);
            (var number, response) = await clientLink.ReadMySqlPacketAsync(token).ConfigureAwait(false);
            clientLink.DemandNothingMore();
            if (number != 1 || response.Length < RequestLength)
                throw PlainLink.Malformed("the client's handshake response is not that of protocol 4.1");
            // The server holds the client to what is asked for here.
            BinaryPrimitives.WriteUInt32LittleEndian(response, BinaryPrimitives.ReadUInt32LittleEndian(response) | Ssl);
            await link.WriteAsync(Packet(1, response.AsSpan(0, RequestLength)), token).ConfigureAwait(false);
        }, cancellationToken).ConfigureAwait(false);
        await tls.WriteAsync(Packet(2, response), cancellationToken).ConfigureAwait(false);
        return new MySqlNumbersStream(tls);
    }

    private protected override async ValueTask AskAsync(PlainLink link, string host, CancellationToken cancellationToken)
    {
        var greeting = await ReadHandshakeAsync(link, cancellationToken).ConfigureAwait(false);
        var request = new byte[RequestLength];
        BinaryPrimitives.WriteUInt32LittleEndian(request, (greeting.Capabilities & Usual) | Ssl);
        BinaryPrimitives.WriteUInt32LittleEndian(request.AsSpan(4), 1 << 24);
        request[8] = 45; // utf8mb4_general_ci
        await link.WriteAsync(Packet(1, request), cancellationToken).ConfigureAwait(false);
    }

    private protected override ValueTask GrantAsync(PlainLink link, string host, CancellationToken cancellationToken) => throw new NotSupportedException();

    private static async ValueTask<(byte[] Packet, int CapabilitiesAt, uint Capabilities)> ReadHandshakeAsync(PlainLink link, CancellationToken cancellationToken)
    {
        var (number, packet) = await link.ReadMySqlPacketAsync(cancellationToken).ConfigureAwait(false);
        // The server waits for the client now.
        link.DemandNothingMore();
        if (packet is [0xFF, _, _, ..])
            throw PlainLink.Refused($"the server greets with the error {BinaryPrimitives.ReadUInt16LittleEndian(packet.AsSpan(1))}, \"{PlainLink.Shown(Encoding.Latin1.GetString(packet.AsSpan(3)))}\"");
        if (number != 0 || packet is not [10, ..])
            throw PlainLink.Malformed("what the server greets with is no greeting of protocol 10");
        // The version of the server, zero; the connection's number, 4; the first part of a nonce, 8; zero; the lower capabilities, 2; character set, 1; status, 2; the upper capabilities, 2.
        var end = packet.AsSpan().IndexOf((byte)0);
        var at = end + 1 + 4 + 8 + 1;
        if (end < 0 || packet.Length < at + 7)
            throw PlainLink.Malformed("the server's greeting is cut off");
        var capabilities = BinaryPrimitives.ReadUInt16LittleEndian(packet.AsSpan(at)) | (uint)BinaryPrimitives.ReadUInt16LittleEndian(packet.AsSpan(at + 5)) << 16;
        return (capabilities & Ssl) != 0 ? (packet, at, capabilities) : throw PlainLink.Refused("the server does not list TLS among its capabilities");
    }

    private static byte[] Packet(byte number, ReadOnlySpan<byte> content)
    {
        var packet = new byte[4 + content.Length];
        BinaryPrimitives.WriteInt32LittleEndian(packet, content.Length);
        packet[3] = number;
        content.CopyTo(packet.AsSpan(4));
        return packet;
    }
}
