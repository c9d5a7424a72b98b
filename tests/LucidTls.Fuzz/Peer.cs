using LucidTls.Handshake;
using LucidTls.Protocol;
using LucidTls.Records;

namespace LucidTls.Fuzz;

/// <summary>
/// A peer with working keys that sends what the input says: one message of its handshake, or records after it. Bytes changed on the
/// way would never get behind the encryption.
/// </summary>
internal static class Peer
{
    private static readonly HandshakeType[] OfServer =
    [
        HandshakeType.ServerHello, HandshakeType.EncryptedExtensions, HandshakeType.CertificateRequest, HandshakeType.Certificate,
        HandshakeType.CertificateVerify, HandshakeType.Finished, HandshakeType.NewSessionTicket,
    ];

    private static readonly HandshakeType[] OfTls12Server =
    [
        HandshakeType.ServerHello, HandshakeType.Certificate, HandshakeType.ServerKeyExchange, HandshakeType.CertificateRequest,
        HandshakeType.ServerHelloDone, HandshakeType.NewSessionTicket, HandshakeType.Finished,
    ];

    private static readonly HandshakeType[] OfClient = [HandshakeType.Certificate, HandshakeType.CertificateVerify, HandshakeType.Finished];

    private static readonly HandshakeType[] OfTls12Client = [HandshakeType.Certificate, HandshakeType.ClientKeyExchange, HandshakeType.CertificateVerify, HandshakeType.Finished];

    /// <summary>The first byte picks the server's message, the others are its body.</summary>
    public static Action<byte[]> MessageToClient(TlsVersion version) => data =>
    {
        if (data.Length > 0)
            Serve(version, new OneMessage(ServersMessages(version)[data[0] % ServersMessages(version).Length], data[1..]));
    };

    /// <summary>The first byte picks the client's message, the others are its body.</summary>
    public static Action<byte[]> MessageToServer(TlsVersion version) => data =>
    {
        if (data.Length > 0)
            Connect(version, new OneMessage(ClientsMessages(version)[data[0] % ClientsMessages(version).Length], data[1..]));
    };

    public static Action<byte[]> RecordsToClient(TlsVersion version) => data =>
    {
        using var client = TlsConnection.CreateClient(Seeds.Speaking(version, Seeds.ClientOptions));
        Send(client, Seeds.Speaking(version, Seeds.ServerOptions), data);
    };

    public static Action<byte[]> RecordsToServer(TlsVersion version) => data =>
    {
        using var server = TlsConnection.CreateServer(Seeds.Speaking(version, Seeds.ServerOptions));
        Send(server, Seeds.Speaking(version, Seeds.ClientOptions), data);
    };

    public static IReadOnlyList<byte[]> MessagesOfServer(TlsVersion version) => Messages(ServersMessages(version), recorder => Serve(version, recorder));

    public static IReadOnlyList<byte[]> MessagesOfClient(TlsVersion version) => Messages(ClientsMessages(version), recorder => Connect(version, recorder));

    private static HandshakeType[] ServersMessages(TlsVersion version) => version == TlsVersion.Tls12 ? OfTls12Server : OfServer;

    private static HandshakeType[] ClientsMessages(TlsVersion version) => version == TlsVersion.Tls12 ? OfTls12Client : OfClient;

    private static void Serve(TlsVersion version, HandshakeHooks hooks)
    {
        var options = Seeds.Speaking(version, Seeds.AskingServerOptions);
        options.Hooks = hooks;
        using var client = TlsConnection.CreateClient(Seeds.Speaking(version, Seeds.KnownClientOptions));
        using var server = TlsConnection.CreateServer(options);
        Converse(client, server);
    }

    private static void Connect(TlsVersion version, HandshakeHooks hooks)
    {
        var options = Seeds.Speaking(version, Seeds.KnownClientOptions);
        options.Hooks = hooks;
        using var client = TlsConnection.CreateClient(options);
        using var server = TlsConnection.CreateServer(Seeds.Speaking(version, Seeds.AskingServerOptions));
        Converse(server, client);
    }

    private static List<byte[]> Messages(HandshakeType[] types, Action<Recorder> converse)
    {
        var recorder = new Recorder();
        converse(recorder);
        List<byte[]> messages = [.. recorder.Messages.Where(message => types.Contains(message.Type)).Select(message => (byte[])[(byte)Array.IndexOf(types, message.Type), .. message.Body])];
        return messages.Count == types.Length ? messages : throw new InvalidOperationException("The handshake did not show all messages.");
    }

    // What the end under test throws is the result; what its peer throws is the peer's affair, as long as it is a TlsException.
    private static void Converse(TlsConnection tested, TlsConnection peer)
    {
        var buffer = new byte[16 * 1024];
        for (var moved = true; moved;)
        {
            moved = false;
            int count;
            while ((count = tested.TakeOutput(buffer)) > 0)
            {
                moved = true;
                TryReceive(peer, buffer.AsSpan(0, count));
            }
            while ((count = peer.TakeOutput(buffer)) > 0)
            {
                moved = true;
                tested.Receive(buffer.AsSpan(0, count));
                if (tested.IsAuthenticated)
                    tested.Read(new byte[100]);
            }
        }
    }

    private static void TryReceive(TlsConnection peer, ReadOnlySpan<byte> bytes)
    {
        try
        {
            peer.Receive(bytes);
        }
        catch (TlsException)
        {
            // It was told of the failure that it caused.
        }
    }

    // The input is a row of commands: a content type, two bytes of length, the content. Type 0 with no content changes the keys.
    private static void Send(TlsConnection tested, TlsOptions peerOptions, byte[] data)
    {
        var transport = new MemoryTransport();
        var handshake = HandshakeRunner.RunAsync(peerOptions, transport, CancellationToken.None).AsTask();
        var buffer = new byte[64 * 1024];
        while (!handshake.IsCompleted || !tested.IsAuthenticated)
        {
            transport.Give(buffer.AsSpan(0, tested.TakeOutput(buffer)));
            tested.Receive(buffer.AsSpan(0, transport.Take(buffer)));
        }
        var peer = handshake.GetAwaiter().GetResult();
        try
        {
            var rest = data.AsSpan();
            while (rest.Length >= 3)
            {
                var length = Math.Min(rest[1] << 8 | rest[2], rest.Length - 3);
                if (rest[0] == 0 && length == 0 && peer.Session.Version == TlsVersion.Tls13)
                    peer.Writer.UpdateKeys();
                else
                    peer.Writer.Append((ContentType)rest[0], rest.Slice(3, length));
                rest = rest[(3 + length)..];
                tested.Receive(peer.Writer.Pending.Span);
                peer.Writer.Clear();
                while (tested.Read(buffer) > 0)
                {
                }
            }
            tested.ReceiveEnd();
            while (tested.Read(buffer) > 0)
            {
            }
        }
        finally
        {
            peer.DisposeReader();
            peer.DisposeWriter();
        }
    }

    private sealed class OneMessage(HandshakeType type, byte[] body) : HandshakeHooks
    {
        public override IHandshakeBody BeforeSend(IHandshakeBody message) => message.Type == type ? new Raw(type, body) : message;
    }

    private sealed class Recorder : HandshakeHooks
    {
        public List<(HandshakeType Type, byte[] Body)> Messages { get; } = [];

        public override IHandshakeBody BeforeSend(IHandshakeBody message)
        {
            using var writer = new TlsWriter();
            message.Write(writer);
            Messages.Add((message.Type, writer.ToArray()));
            return message;
        }
    }

    private sealed record Raw(HandshakeType Type, byte[] Body) : IHandshakeBody
    {
        public void Write(TlsWriter writer) => writer.WriteBytes(Body);
    }
}
