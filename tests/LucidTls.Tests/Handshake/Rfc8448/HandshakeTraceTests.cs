using LucidTls.Certificates;
using LucidTls.Cryptography;
using LucidTls.Protocol;
using LucidTls.Sessions;
using LucidTls.Tests.Connections;

namespace LucidTls.Tests.Handshake.Rfc8448;

/// <summary>The recorded handshakes, byte for byte, through the client and the server that users get.</summary>
public sealed class HandshakeTraceTests
{
    private readonly List<string> _clientKeyLog = [];
    private readonly List<string> _serverKeyLog = [];

    [Fact]
    public void Section_3_a_simple_handshake_with_a_ticket_and_data_is_reproduced_to_the_byte()
    {
        var trace = Trace.Load(3);
        var cache = new TlsSessionCache();
        var client = ClientOptions(trace);
        client.SessionCache = cache;
        var server = ServerOptions(trace);
        server.TicketCount = 1;

        Replay(trace, client, server);

        using var session = cache.Take(SessionKey.Of(client)!);
        Assert.NotNull(session);
        Assert.Equal(trace.Get("generate resumption secret \"tls13 resumption\"", "expanded"), session.PreSharedKey.Span.ToArray());
        var ticket = NewSessionTicket.Parse(trace.Messages("server", "NewSessionTicket").Single().AsMemory(4));
        Assert.Equal(ticket.Ticket.ToArray(), session.Ticket.ToArray());
        Assert.Equal(ticket.AgeAdd, session.AgeAdd);
    }

    [Fact]
    public void Section_4_a_resumed_handshake_with_early_data_is_reproduced_to_the_byte()
    {
        var trace = Trace.Load(4);
        var ticket = NewSessionTicket.Parse(Trace.Load(3).Messages("server", "NewSessionTicket").Single().AsMemory(4));
        Assert.Equal(1024u, ticket.MaxEarlyDataSize);
        var offered = ClientHello.Parse(trace.Get("client", "send handshake record", "payload").AsMemory(4)).PreSharedKeys!.Identities.Single();
        var key = trace.Get("extract secret \"early\"", "IKM");
        var earlyData = trace.ApplicationData("client", 0);
        var client = ClientOptions(trace);
        client.EarlyData = earlyData;
        client.SessionCache = new TlsSessionCache();
        client.SessionCache.Store(SessionKey.Of(client)!, ClientSession(ticket, key));
        var server = ServerOptions(trace);
        server.MaxEarlyDataSize = 1024;
        server.TicketStore = new OneSession(ticket.Ticket, ServerSession(key, ticket.AgeAdd, unchecked(offered.ObfuscatedAge - ticket.AgeAdd)));

        var session = Replay(trace, client, server, earlyData);

        Assert.True(session is { Resumed: true, EarlyData: TlsEarlyDataStatus.Accepted });
    }

    [Fact]
    public void Section_5_a_HelloRetryRequest_with_a_cookie_is_reproduced_to_the_byte()
    {
        var trace = Trace.Load(5);
        var client = ClientOptions(trace);
        client.Groups = [NamedGroup.X25519, NamedGroup.Secp256r1, NamedGroup.Secp384r1];
        var server = ServerOptions(trace);
        server.Groups = [NamedGroup.Secp256r1];

        var session = Replay(trace, client, server);

        Assert.True(session.HelloRetried);
        Assert.Equal(NamedGroup.Secp256r1, session.Group);
    }

    [Fact]
    public void Section_6_client_authentication_is_reproduced_to_the_byte()
    {
        var trace = Trace.Load(6);
        var client = ClientOptions(trace);
        client.Identity = new TraceHooks(trace, "client").Identity();
        var server = ServerOptions(trace);
        server.ClientCertificateMode = ClientCertificateMode.Required;
        server.ClientCertificateVerifier = CertificateVerifier.System;

        var session = Replay(trace, client, server);

        Assert.Equal(SignatureScheme.EcdsaSecp256r1Sha256, session.ServerSignatureScheme);
        Assert.Equal(SignatureScheme.RsaPssRsaeSha256, session.ClientSignatureScheme);
    }

    [Fact]
    public void Section_7_compatibility_mode_is_reproduced_to_the_byte()
    {
        var trace = Trace.Load(7);
        Replay(trace, ClientOptions(trace), ServerOptions(trace));
    }

    private TlsClientOptions ClientOptions(Trace trace) => new()
    {
        TargetHost = "server",
        DangerousAcceptAnyCertificate = true,
        SessionCache = null,
        KeyShareGroups = [NamedGroup.X25519],
        KeyLog = _clientKeyLog.Add,
        Hooks = new TraceHooks(trace, "client"),
    };

    private TlsServerOptions ServerOptions(Trace trace)
    {
        var hooks = new TraceHooks(trace, "server");
        return new TlsServerOptions { Identities = [trace.Messages("server", "Certificate").Any() ? hooks.Identity() : Fixture.Ed25519Server], TicketCount = 0, KeyLog = _serverKeyLog.Add, Hooks = hooks };
    }

    private static ClientSession ClientSession(NewSessionTicket ticket, byte[] key) => new()
    {
        Version = TlsVersion.Tls13,
        CipherSuite = CipherSuite.Aes128GcmSha256,
        Group = NamedGroup.X25519,
        ExtendedMasterSecret = true,
        Ticket = ticket.Ticket,
        PreSharedKey = new Secret(key),
        AgeAdd = ticket.AgeAdd,
        MaxEarlyDataSize = ticket.MaxEarlyDataSize,
        Received = DateTimeOffset.UtcNow,
        Authenticated = DateTimeOffset.UtcNow,
        Expires = DateTimeOffset.UtcNow.AddHours(1),
        ServerChain = [],
        Verdict = null,
        ServerSignatureScheme = null,
    };

    private static byte[] ServerSession(byte[] key, uint ageAdd, uint ageMilliseconds)
    {
        using var secret = new Secret(key);
        return new ServerSession
        {
            Version = TlsVersion.Tls13,
            CipherSuite = CipherSuite.Aes128GcmSha256,
            Group = NamedGroup.X25519,
            ExtendedMasterSecret = true,
            Issued = DateTimeOffset.UtcNow - TimeSpan.FromMilliseconds(ageMilliseconds),
            Lifetime = TimeSpan.FromDays(1),
            ServerName = "server",
            ClientChain = [],
            PreSharedKey = secret,
            AgeAdd = ageAdd,
            MaxEarlyDataSize = 1024,
        }.ToBytes();
    }

    private TlsSessionInfo Replay(Trace trace, TlsClientOptions clientOptions, TlsServerOptions serverOptions, byte[]? earlyData = null)
    {
        using var client = TlsConnection.CreateClient(clientOptions);
        using var server = TlsConnection.CreateServer(serverOptions);
        var fromClient = new List<byte>();
        var fromServer = new List<byte>();
        void Exchange()
        {
            while (Move(client, server, fromClient) | Move(server, client, fromServer))
            {
            }
        }

        Exchange();
        Assert.True(client.IsAuthenticated && server.IsAuthenticated);
        Assert.Equal(earlyData ?? [], server.EarlyData.ToArray());
        var request = trace.ApplicationData("client", earlyData == null ? 0 : 1);
        client.Write(request);
        Exchange();
        Assert.Equal(request, ReadAll(server));
        server.Write(trace.ApplicationData("server", 0));
        Exchange();
        Assert.Equal(trace.ApplicationData("server", 0), ReadAll(client));
        client.Close();
        server.Close();
        Exchange();
        Assert.Empty(ReadAll(client));
        Assert.Empty(ReadAll(server));
        Assert.True(client.PeerClosed && server.PeerClosed);

        Assert.Equal(Convert.ToHexString(trace.Records("client")), Convert.ToHexString([.. fromClient]));
        Assert.Equal(Convert.ToHexString(trace.Records("server")), Convert.ToHexString([.. fromServer]));
        CheckKeyLog(trace, _clientKeyLog);
        CheckKeyLog(trace, _serverKeyLog);
        return client.Session;
    }

    private static bool Move(TlsConnection from, TlsConnection to, List<byte> log)
    {
        var bytes = new byte[from.PendingOutput];
        from.TakeOutput(bytes);
        log.AddRange(bytes);
        to.Receive(bytes);
        return bytes.Length > 0;
    }

    private static byte[] ReadAll(TlsConnection connection)
    {
        var buffer = new byte[1024];
        return buffer[..connection.Read(buffer)];
    }

    private static void CheckKeyLog(Trace trace, List<string> lines)
    {
        var random = Convert.ToHexStringLower(trace.Messages("client", "ClientHello").First().AsSpan(6, 32));
        (string Name, string Label)[] secrets =
        [
            ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", "c hs traffic"), ("SERVER_HANDSHAKE_TRAFFIC_SECRET", "s hs traffic"),
            ("CLIENT_TRAFFIC_SECRET_0", "c ap traffic"), ("SERVER_TRAFFIC_SECRET_0", "s ap traffic"), ("EXPORTER_SECRET", "exp master"),
        ];
        if (trace.Has("client", "derive write traffic keys for early application data"))
            secrets = [.. secrets, ("CLIENT_EARLY_TRAFFIC_SECRET", "c e traffic")];
        var expected = secrets.Select(secret => $"{secret.Name} {random} {Convert.ToHexStringLower(trace.Secret(secret.Label))}");
        Assert.Equal(expected.Order(), lines.Order());
    }

    /// <summary>The server's memory of the ticket that the trace shows.</summary>
    private sealed class OneSession(ReadOnlyMemory<byte> ticket, byte[] session) : ITlsTicketStore
    {
        public ValueTask<byte[]?> StoreAsync(ReadOnlyMemory<byte> state, TimeSpan lifetime, CancellationToken cancellationToken) => ValueTask.FromResult<byte[]?>(null);

        public ValueTask<byte[]?> FindAsync(ReadOnlyMemory<byte> shown, CancellationToken cancellationToken) =>
            ValueTask.FromResult(shown.Span.SequenceEqual(ticket.Span) ? session : null);
    }
}
