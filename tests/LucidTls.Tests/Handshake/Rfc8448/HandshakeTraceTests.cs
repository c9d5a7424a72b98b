using LucidTls.Certificates;
using LucidTls.Protocol;
using LucidTls.Sessions;

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
        return new TlsServerOptions { Identities = [hooks.Identity()], TicketCount = 0, KeyLog = _serverKeyLog.Add, Hooks = hooks };
    }

    private TlsSessionInfo Replay(Trace trace, TlsClientOptions clientOptions, TlsServerOptions serverOptions)
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
        client.Write(trace.ApplicationData("client"));
        Exchange();
        Assert.Equal(trace.ApplicationData("client"), ReadAll(server));
        server.Write(trace.ApplicationData("server"));
        Exchange();
        Assert.Equal(trace.ApplicationData("server"), ReadAll(client));
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
        string[] expected =
        [
            .. from entry in new[]
            {
                ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", "c hs traffic"), ("SERVER_HANDSHAKE_TRAFFIC_SECRET", "s hs traffic"),
                ("CLIENT_TRAFFIC_SECRET_0", "c ap traffic"), ("SERVER_TRAFFIC_SECRET_0", "s ap traffic"), ("EXPORTER_SECRET", "exp master"),
            }
            select $"{entry.Item1} {random} {Convert.ToHexStringLower(trace.Secret(entry.Item2))}",
        ];
        Assert.Equal(expected.Order(), lines.Order());
    }
}
