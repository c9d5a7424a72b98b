using System.Buffers.Binary;
using System.Net.Security;
using System.Security.Authentication;
using System.Text;

namespace LucidTls.StartTls;

/// <summary>PostgreSQL's SSLRequest (PostgreSQL's documentation, "Message Flow": "SSL Session Encryption").</summary>
internal sealed class PostgresStartTls() : StartTlsProtocol("postgres", 5432, "PostgreSQL")
{
    public static readonly SslApplicationProtocol ApplicationProtocol = new("postgresql");

    private const short ProtocolVersion = 3;
    private const int HeaderLength = 5;
    private const byte Authentication = (byte)'R';
    private const byte NegotiateProtocolVersion = (byte)'v';
    private const byte Notice = (byte)'N';
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

    /// <summary>
    /// A client that would like encryption itself is told that there is none on its side, and does not see the server offer what only a client that sees the TLS could take up. What it
    /// begins with goes to the server.
    /// </summary>
    public static async Task ForwardStartAsync(TlsStream tls, Stream client, TlsOptions options, CancellationToken cancellationToken)
    {
        byte[] start = [];
        await WithinAsync(options, async token => start = await ForwardRequestAsync(tls, client, token).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        // A request to cancel has no answer. The server may take its time for others: it has a limit of its own for whom it does not know yet.
        if (BinaryPrimitives.ReadInt16BigEndian(start.AsSpan(4)) != ProtocolVersion || IsNpgsql(start))
            return;
        try
        {
            await ForwardAnswerAsync(tls, client, cancellationToken).ConfigureAwait(false);
        }
        catch (TlsException left)
        {
            throw new AuthenticationException(left.Message, left);
        }
    }

    /// <returns>The message that the client begins with once it has been told that there is no encryption.</returns>
    private static async ValueTask<byte[]> ForwardRequestAsync(TlsStream tls, Stream client, CancellationToken cancellationToken)
    {
        var head = new byte[RequestLength];
        for (var asked = 0; ; asked++)
        {
            await client.ReadExactlyAsync(head, cancellationToken).ConfigureAwait(false);
            if (BinaryPrimitives.ReadInt32BigEndian(head) != RequestLength || BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(4)) is not (SslRequest or GssEncryptionRequest))
                break;
            if (asked == 2)
                throw PlainLink.Malformed("a client that asks for encryption again and again");
            await client.WriteAsync("N"u8.ToArray(), cancellationToken).ConfigureAwait(false);
        }
        var length = BinaryPrimitives.ReadInt32BigEndian(head);
        if (length is < RequestLength or > PlainLink.MostBytes)
            throw PlainLink.Malformed($"a client that begins with a message of {length} bytes");
        var start = new byte[length];
        head.CopyTo(start, 0);
        await client.ReadExactlyAsync(start.AsMemory(RequestLength), cancellationToken).ConfigureAwait(false);
        await tls.WriteAsync(start, cancellationToken).ConfigureAwait(false);
        return start;
    }

    /// <summary>
    /// Whether it is Npgsql that begins so: no other client known puts its encoding right behind the user. Without TLS it still claims channel binding (the flag "y") to a server that offers none, which a server
    /// that does takes for an attack (RFC 5802 §6). Only where it sees the offer, and was told to leave it, does it say that it has none.
    /// </summary>
    private static bool IsNpgsql(ReadOnlySpan<byte> start)
    {
        var parameters = start[RequestLength..];
        if (!parameters.StartsWith("user\0"u8))
            return false;
        var user = parameters["user\0".Length..];
        return user[(user.IndexOf((byte)0) + 1)..].StartsWith("client_encoding\0"u8);
    }

    /// <summary>The server's messages up to the one that says how it wants the client to prove itself, or that there is no use. All others are passed on as they come.</summary>
    private static async Task ForwardAnswerAsync(TlsStream tls, Stream client, CancellationToken cancellationToken)
    {
        byte[] message;
        do
        {
            message = WithoutChannelBinding(await WatchedClient.WhileThereAsync(client, token => ReadMessageAsync(tls, token), cancellationToken).ConfigureAwait(false));
            await client.WriteAsync(message, cancellationToken).ConfigureAwait(false);
            await client.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        while (message is [NegotiateProtocolVersion or Notice, ..]);
    }

    /// <summary>One message, or what is there of one that is cut off or makes no sense.</summary>
    private static async ValueTask<byte[]> ReadMessageAsync(TlsStream tls, CancellationToken cancellationToken)
    {
        var header = new byte[HeaderLength];
        var read = await tls.ReadAtLeastAsync(header, HeaderLength, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        var length = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(1)) - 4;
        if (read < HeaderLength || length is < 0 or > PlainLink.MostBytes)
            return header[..read];
        var content = new byte[length];
        var got = await tls.ReadAtLeastAsync(content, length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        return [.. header, .. content.AsSpan(0, got)];
    }

    // AuthenticationSASL: the number 10, and names with a zero behind each and behind all. To a client that sees no TLS, SCRAM-SHA-256-PLUS (RFC 5802 §6) is the sign of an attack. What is no such list, or leaves nothing, stays.
    private static byte[] WithoutChannelBinding(byte[] message)
    {
        if (message is not [Authentication, _, _, _, _, 0, 0, 0, 10, .. var list] || list is not [.., 0, 0] || BinaryPrimitives.ReadInt32BigEndian(message.AsSpan(1)) != message.Length - 1)
            return message;
        var names = Encoding.Latin1.GetString(list.AsSpan(..^2)).Split('\0');
        var unbound = names.Where(name => !name.EndsWith("-PLUS", StringComparison.Ordinal)).ToArray();
        return names.Contains("") || unbound.Length == 0 || unbound.Length == names.Length
            ? message
            : Message(Authentication, [0, 0, 0, 10, .. Encoding.Latin1.GetBytes(string.Join('\0', unbound)), 0, 0]);
    }

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

    private static byte[] Error(string code, string message) => Message((byte)'E', [.. Encoding.ASCII.GetBytes($"SFATAL\0VFATAL\0C{code}\0M{message}\0"), 0]);

    private static byte[] Message(byte type, ReadOnlySpan<byte> content)
    {
        var message = new byte[HeaderLength + content.Length];
        message[0] = type;
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), 4 + content.Length);
        content.CopyTo(message.AsSpan(HeaderLength));
        return message;
    }
}
