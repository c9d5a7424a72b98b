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
    private const uint Protocol41 = 0x200;

    // CLIENT_LONG_PASSWORD, LONG_FLAG, PROTOCOL_41, TRANSACTIONS, SECURE_CONNECTION, MULTI_RESULTS, PLUGIN_AUTH
    private const uint Usual = 0x1 | 0x4 | Protocol41 | 0x2000 | 0x8000 | 0x20000 | 0x80000;
    private const int RequestLength = 32;
    private const byte ErrorPacket = 0xFF;

    public override bool NeedsServerToAccept => true;

    public override Stream WithGreeting(TlsStream tls) => throw new NotSupportedException("MySQL's greeting cannot be made up.");

    public override async Task<Stream> ConnectForAsync(Stream plain, TlsClientOptions options, Stream client, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(plain);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(client);
        byte[] response = [];
        var tls = await UpgradeAsync(plain, options, async (link, _, token) =>
        {
            var greeting = DemandTls(await WatchedClient.WhileThereAsync(client, waiting => ReadGreetingPacketAsync(link, waiting), token).ConfigureAwait(false));
            var clientLink = new PlainLink(client);
            // The client's side is plain, so it is not offered TLS.
            await clientLink.WriteAsync(Packet(0, greeting.With(greeting.Capabilities & ~Ssl)), token).ConfigureAwait(false);
            (var number, response) = await clientLink.ReadMySqlPacketAsync(token).ConfigureAwait(false);
            clientLink.DemandNothingMore();
            if (number != 1 || response.Length < RequestLength)
                throw NoResponse();
            // The server holds the client to what is asked for here.
            BinaryPrimitives.WriteUInt32LittleEndian(response, BinaryPrimitives.ReadUInt32LittleEndian(response) | Ssl);
            await link.WriteAsync(Packet(1, response.AsSpan(0, RequestLength)), token).ConfigureAwait(false);
        }, cancellationToken).ConfigureAwait(false);
        await tls.WriteAsync(Packet(2, response), cancellationToken).ConfigureAwait(false);
        return new MySqlNumbersStream(tls, clientIsInner: false);
    }

    public override async Task<Stream> AcceptForAsync(Stream plain, TlsServerOptions options, Stream server, string hostName = "localhost", CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(plain);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(server);
        var tls = await UpgradeAsync(plain, options, async (link, token) => await OfferAsync(link, plain, server, token, demandsTls: false).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        try
        {
            var left = 0;
            await WithinAsync(options, async token => left = await BeginResponseAsync(tls, server, token).ConfigureAwait(false), cancellationToken, "for the client's handshake response").ConfigureAwait(false);
            return new MySqlNumbersStream(tls, clientIsInner: true, left);
        }
        catch
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    internal override Task<TlsStream> AcceptAlongAsync(Stream plain, TlsServerOptions options, Stream server, CancellationToken cancellationToken = default) =>
        UpgradeAsync(plain, options, async (link, token) => await new PlainLink(server).WriteAsync(Packet(1, await OfferAsync(link, plain, server, token, demandsTls: true).ConfigureAwait(false)), token).ConfigureAwait(false), cancellationToken);

    private protected override async ValueTask AskAsync(PlainLink link, string host, CancellationToken cancellationToken)
    {
        var greeting = DemandTls(await ReadGreetingPacketAsync(link, cancellationToken).ConfigureAwait(false));
        var request = new byte[RequestLength];
        BinaryPrimitives.WriteUInt32LittleEndian(request, (greeting.Capabilities & Usual) | Ssl);
        BinaryPrimitives.WriteUInt32LittleEndian(request.AsSpan(4), 1 << 24);
        request[8] = 45; // utf8mb4_general_ci
        await link.WriteAsync(Packet(1, request), cancellationToken).ConfigureAwait(false);
    }

    private protected override ValueTask GrantAsync(PlainLink link, string host, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>The server's greeting goes to the client with TLS among what can be done.</summary>
    /// <returns>The client's request for TLS.</returns>
    private static async ValueTask<byte[]> OfferAsync(PlainLink link, Stream client, Stream server, CancellationToken cancellationToken, bool demandsTls)
    {
        var greeting = await WatchedClient.WhileThereAsync(client, token => ReadGreetingBehindAsync(server, token), cancellationToken).ConfigureAwait(false);
        if (greeting.IsError)
        {
            await link.WriteAsync(Packet(0, greeting.Packet), cancellationToken).ConfigureAwait(false);
            throw greeting.Refusal();
        }
        if ((greeting.Capabilities & Protocol41) == 0)
            throw PlainLink.Malformed("the server speaks no protocol 4.1");
        if (demandsTls)
            DemandTls(greeting);
        await link.WriteAsync(Packet(0, greeting.With(greeting.Capabilities | Ssl)), cancellationToken).ConfigureAwait(false);
        var (number, request) = await link.ReadMySqlPacketAsync(cancellationToken).ConfigureAwait(false);
        if (number == 1 && request.Length == RequestLength && (BinaryPrimitives.ReadUInt32LittleEndian(request) & (Ssl | Protocol41)) == (Ssl | Protocol41))
        {
            link.DemandNothingButTls();
            return request;
        }
        // ER_SECURE_TRANSPORT_REQUIRED
        await link.WriteAsync(Packet((byte)(number + 1), Error(3159, "08004", "TLS is required: connect with --ssl, or SslMode=VerifyFull")), cancellationToken).ConfigureAwait(false);
        throw PlainLink.Refused("the client goes on without asking for TLS");
    }

    // Whose end it was must be told: that of a client that only looks is no news, and this is.
    private static async ValueTask<ServerGreeting> ReadGreetingBehindAsync(Stream server, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadGreetingPacketAsync(new PlainLink(server), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or TlsException { Error: TlsError.ClosedDuringHandshake })
        {
            throw new TlsException(TlsError.StartTlsRefused, "the server behind ends the connection in place of a greeting", exception);
        }
    }

    /// <summary>Passes on the first half of the client's response, as of a client that never asked for TLS.</summary>
    /// <returns>How many bytes of it are still to come.</returns>
    private static async ValueTask<int> BeginResponseAsync(TlsStream tls, Stream server, CancellationToken cancellationToken)
    {
        var begin = new byte[4 + RequestLength];
        await ReadAsync(begin.AsMemory(0, 4)).ConfigureAwait(false);
        var length = BinaryPrimitives.ReadInt32LittleEndian(begin) & 0xFFFFFF;
        if (begin[3] != 2 || length < RequestLength)
            throw NoResponse();
        await ReadAsync(begin.AsMemory(4)).ConfigureAwait(false);
        var capabilities = BinaryPrimitives.ReadUInt32LittleEndian(begin.AsSpan(4));
        if ((capabilities & Protocol41) == 0)
            throw NoResponse();
        begin[3] = 1;
        BinaryPrimitives.WriteUInt32LittleEndian(begin.AsSpan(4), capabilities & ~Ssl);
        await server.WriteAsync(begin, cancellationToken).ConfigureAwait(false);
        await server.FlushAsync(cancellationToken).ConfigureAwait(false);
        return length - RequestLength;

        async ValueTask ReadAsync(Memory<byte> buffer)
        {
            try
            {
                await tls.ReadExactlyAsync(buffer, cancellationToken).ConfigureAwait(false);
            }
            catch (IOException exception) when (exception is EndOfStreamException or { InnerException: TlsException { Error: TlsError.Truncated } })
            {
                throw new TlsException(TlsError.ClosedDuringHandshake, "under TLS, without MySQL's own handshake response, as clients do that find fault with the certificate", exception);
            }
        }
    }

    private static TlsException NoResponse() => PlainLink.Malformed("the client's handshake response is not that of protocol 4.1");

    private static ServerGreeting DemandTls(ServerGreeting greeting)
    {
        if (greeting.IsError)
            throw greeting.Refusal();
        return (greeting.Capabilities & Ssl) != 0 ? greeting : throw PlainLink.Refused("the server does not list TLS among its capabilities");
    }

    private static async ValueTask<ServerGreeting> ReadGreetingPacketAsync(PlainLink link, CancellationToken cancellationToken)
    {
        var (number, packet) = await link.ReadMySqlPacketAsync(cancellationToken).ConfigureAwait(false);
        // The server waits for the client now.
        link.DemandNothingMore();
        if (packet is [ErrorPacket, _, _, ..])
            return new ServerGreeting(packet, 0);
        if (number != 0 || packet is not [10, ..])
            throw PlainLink.Malformed("what the server greets with is no greeting of protocol 10");
        // The version of the server, zero; the connection's number, 4; the first part of a nonce, 8; zero; the lower capabilities, 2; character set, 1; status, 2; the upper capabilities, 2.
        var end = packet.AsSpan().IndexOf((byte)0);
        var at = end + 1 + 4 + 8 + 1;
        return end >= 0 && packet.Length >= at + 7 ? new ServerGreeting(packet, at) : throw PlainLink.Malformed("the server's greeting is cut off");
    }

    private static byte[] Error(ushort code, string state, string message)
    {
        byte[] error = [ErrorPacket, 0, 0, .. Encoding.ASCII.GetBytes($"#{state}{message}")];
        BinaryPrimitives.WriteUInt16LittleEndian(error.AsSpan(1), code);
        return error;
    }

    private static byte[] Packet(byte number, ReadOnlySpan<byte> content)
    {
        var packet = new byte[4 + content.Length];
        BinaryPrimitives.WriteInt32LittleEndian(packet, content.Length);
        packet[3] = number;
        content.CopyTo(packet.AsSpan(4));
        return packet;
    }

    /// <summary>What a server says first.</summary>
    /// <param name="Packet">Its content.</param>
    /// <param name="CapabilitiesAt">Where its capabilities are; 0 in an error.</param>
    private readonly record struct ServerGreeting(byte[] Packet, int CapabilitiesAt)
    {
        public bool IsError => CapabilitiesAt == 0;

        public uint Capabilities => BinaryPrimitives.ReadUInt16LittleEndian(Packet.AsSpan(CapabilitiesAt)) | (uint)BinaryPrimitives.ReadUInt16LittleEndian(Packet.AsSpan(CapabilitiesAt + 5)) << 16;

        /// <summary>The same greeting with other capabilities.</summary>
        public byte[] With(uint capabilities)
        {
            byte[] changed = [.. Packet];
            BinaryPrimitives.WriteUInt16LittleEndian(changed.AsSpan(CapabilitiesAt), (ushort)capabilities);
            BinaryPrimitives.WriteUInt16LittleEndian(changed.AsSpan(CapabilitiesAt + 5), (ushort)(capabilities >> 16));
            return changed;
        }

        public TlsException Refusal() =>
            PlainLink.Refused($"the server greets with the error {BinaryPrimitives.ReadUInt16LittleEndian(Packet.AsSpan(1))}, \"{PlainLink.Shown(Encoding.Latin1.GetString(Packet.AsSpan(3)))}\"");
    }
}
