using LucidTls.Handshake;
using LucidTls.Protocol;
using LucidTls.Sessions;

namespace LucidTls.Fuzz;

/// <summary>A client with a session that sends as early data what the input says, and perhaps another message than the one that ends it.</summary>
internal static class EarlyData
{
    private const int Limit = 100;

    private static readonly TicketKeyRing Tickets = new();
    private static readonly TlsServerOptions ServerOptions = Server();

    /// <summary>The first byte is 0 for a client that keeps to the rules, and otherwise the length of the body of the message at the end; the second is its type; the rest is data.</summary>
    public static void ToServer(byte[] data)
    {
        if (data.Length < 3)
            return;
        var body = data[2..Math.Min(data.Length, 2 + data[0])];
        var early = data[(2 + body.Length)..];
        var options = Seeds.ClientOptions.Clone();
        options.SessionCache = new TlsSessionCache();
        Converse(options);
        options = options.Clone();
        options.EarlyData = early.AsMemory(0, Math.Min(early.Length, Limit));
        if (data[0] > 0)
            options.Hooks = new OtherEnd(new HandshakeType(data[1]), body);
        var server = Converse(options);
        var isTaken = server.IsAuthenticated && server.Session.EarlyData == TlsEarlyDataStatus.Accepted;
        if (isTaken ? !server.EarlyData.Span.SequenceEqual(options.EarlyData.Span) : !server.EarlyData.IsEmpty)
            throw new InvalidOperationException("The early data is not what was sent.");
        if (data[0] == 0 && isTaken == options.EarlyData.IsEmpty)
            throw new InvalidOperationException("Early data was not taken from a client that keeps to the rules.");
    }

    private static TlsServerOptions Server()
    {
        var options = Seeds.ServerOptions.Clone();
        options.TicketStore = Tickets;
        options.MaxEarlyDataSize = Limit;
        // Each input has a ticket of its own, and there are many.
        options.ReplayGuard = new Everything();
        return options;
    }

    private static TlsConnection Converse(TlsClientOptions options)
    {
        using var client = TlsConnection.CreateClient(options);
        using var server = TlsConnection.CreateServer(ServerOptions);
        var buffer = new byte[16 * 1024];
        for (var round = 0; round < 4; round++)
        {
            server.Receive(buffer.AsSpan(0, client.TakeOutput(buffer)));
            client.Receive(buffer.AsSpan(0, server.TakeOutput(buffer)));
        }
        client.Read(buffer);
        return server;
    }

    private sealed class OtherEnd(HandshakeType type, byte[] body) : HandshakeHooks
    {
        public override IHandshakeBody BeforeSend(IHandshakeBody message) => message is EndOfEarlyData ? new Raw(type, body) : message;
    }

    private sealed record Raw(HandshakeType Type, byte[] Body) : IHandshakeBody
    {
        public void Write(TlsWriter writer) => writer.WriteBytes(Body);
    }

    private sealed class Everything : ITlsReplayGuard
    {
        public ValueTask<bool> TryUseAsync(ReadOnlyMemory<byte> id, DateTimeOffset issued, TimeSpan window, CancellationToken cancellationToken) => ValueTask.FromResult(true);
    }
}
