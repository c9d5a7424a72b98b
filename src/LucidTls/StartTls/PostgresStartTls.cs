using System.Buffers.Binary;
using System.Net.Security;
using System.Text;

namespace LucidTls.StartTls;

/// <summary>PostgreSQL's SSLRequest (PostgreSQL's documentation, "Message Flow": "SSL Session Encryption").</summary>
internal sealed class PostgresStartTls() : StartTlsProtocol("postgres", 5432, "PostgreSQL")
{
    public static readonly SslApplicationProtocol ApplicationProtocol = new("postgresql");

    private const int RequestLength = 8;
    private const int SslRequest = 80877103;
    private const int GssEncryptionRequest = 80877104;
    private const int CancelRequest = 80877102;
    private const byte HandshakeRecord = 22;

    public override async Task<Stream> ConnectForAsync(Stream plain, TlsClientOptions options, Stream client, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        var tls = await ConnectAsync(plain, options, cancellationToken).ConfigureAwait(false);
        await ForwardStartAsync(tls, client, options, cancellationToken).ConfigureAwait(false);
        return tls;
    }

    /// <summary>A client that would like encryption itself is told that there is none on its side; what it then begins with goes to the server.</summary>
    public static async Task ForwardStartAsync(TlsStream tls, Stream client, TlsOptions options, CancellationToken cancellationToken) => await WithinAsync(options, async token =>
    {
        var start = new byte[RequestLength];
        for (var asked = 0; ; asked++)
        {
            await client.ReadExactlyAsync(start, token).ConfigureAwait(false);
            if (BinaryPrimitives.ReadInt32BigEndian(start) != RequestLength || BinaryPrimitives.ReadInt32BigEndian(start.AsSpan(4)) is not (SslRequest or GssEncryptionRequest))
                break;
            if (asked == 2)
                throw PlainLink.Malformed("a client that asks for encryption again and again");
            await client.WriteAsync("N"u8.ToArray(), token).ConfigureAwait(false);
        }
        await tls.WriteAsync(start, token).ConfigureAwait(false);
    }, cancellationToken).ConfigureAwait(false);

    private protected override async ValueTask AskAsync(PlainLink link, string host, CancellationToken cancellationToken)
    {
        var request = new byte[RequestLength];
        BinaryPrimitives.WriteInt32BigEndian(request, RequestLength);
        BinaryPrimitives.WriteInt32BigEndian(request.AsSpan(4), SslRequest);
        await link.WriteAsync(request, cancellationToken).ConfigureAwait(false);
        switch (await link.ReadByteAsync(cancellationToken).ConfigureAwait(false))
        {
            case (byte)'S':
                link.DemandNothingMore();
                return;
            case (byte)'N': throw PlainLink.Refused("the server answers that it speaks no TLS (ssl = off)");
            case (byte)'E': throw PlainLink.Refused("the server answers with an error message");
            case var answer: throw PlainLink.Malformed($"the server answers with the byte 0x{answer:X2}, which is neither S nor N");
        }
    }

    private protected override async ValueTask GrantAsync(PlainLink link, string host, CancellationToken cancellationToken)
    {
        for (var asked = 0; asked < 2; asked++)
        {
            var first = await link.ReadByteAsync(cancellationToken).ConfigureAwait(false);
            if (first == HandshakeRecord && asked == 0)
            {
                link.StartTls();
                return;
            }
            byte[] request = [first, .. await link.ReadBytesAsync(RequestLength - 1, cancellationToken).ConfigureAwait(false)];
            var code = BinaryPrimitives.ReadInt32BigEndian(request.AsSpan(4));
            if (code == SslRequest && BinaryPrimitives.ReadInt32BigEndian(request) == RequestLength)
            {
                link.DemandNothingMore();
                await link.WriteAsync("S"u8.ToArray(), cancellationToken).ConfigureAwait(false);
                return;
            }
            if (code == GssEncryptionRequest)
            {
                link.DemandNothingMore();
                await link.WriteAsync("N"u8.ToArray(), cancellationToken).ConfigureAwait(false);
                continue;
            }
            // A request to cancel gets no answer.
            if (code != CancelRequest)
                await link.WriteAsync(Error("28000", "TLS is required: connect with sslmode=require or better"), cancellationToken).ConfigureAwait(false);
            throw PlainLink.Refused("the client began without asking for TLS");
        }
        throw PlainLink.Refused("the client asked for GSS encryption and for no TLS");
    }

    private protected override TlsClientOptions Prepare(TlsClientOptions options)
    {
        if (options.ApplicationProtocols.Count > 0)
            return options;
        var prepared = options.Clone();
        prepared.ApplicationProtocols = [ApplicationProtocol];
        return prepared;
    }

    // Without a request, only ALPN says that the client means PostgreSQL and was not led here from a connection of another protocol.
    private protected override TlsServerOptions Prepare(TlsServerOptions options, bool isDirect)
    {
        var prepared = options.Clone();
        prepared.ApplicationProtocols = [ApplicationProtocol];
        prepared.RequireApplicationProtocol = isDirect;
        return prepared;
    }

    private static byte[] Error(string code, string message)
    {
        byte[] fields = [.. Encoding.ASCII.GetBytes($"SFATAL\0VFATAL\0C{code}\0M{message}\0"), 0];
        var error = new byte[5 + fields.Length];
        error[0] = (byte)'E';
        BinaryPrimitives.WriteInt32BigEndian(error.AsSpan(1), 4 + fields.Length);
        fields.CopyTo(error, 5);
        return error;
    }
}
