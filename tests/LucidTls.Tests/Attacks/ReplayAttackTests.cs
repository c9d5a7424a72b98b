using LucidTls.Certificates;
using LucidTls.Protocol;
using LucidTls.Sessions;
using LucidTls.Tests.Connections;
using LucidTls.Tests.Handshake.Scripting;
using LucidTls.TestSupport;

namespace LucidTls.Tests.Attacks;

/// <summary>Recordings played back, and tickets used by or for somebody else than they were given to.</summary>
public sealed class ReplayAttackTests
{
    /// <summary>TLS 1.2 or not.</summary>
    public static TheoryData<bool> Versions => [false, true];

    [Theory]
    [MemberData(nameof(Versions))]
    public void Replay_what_a_client_sent_once_gets_nowhere_the_second_time(bool isTls12)
    {
        var (clientOptions, serverOptions) = Resuming(isTls12);
        foreach (var isResumed in new[] { false, true })
        {
            var sent = new List<byte>();
            Assert.Equal(isResumed, Talk(clientOptions, serverOptions, sent).Resumed);

            using var server = TlsConnection.CreateServer(serverOptions);
            var failure = Assert.Throws<TlsException>(() => server.Receive(sent.ToArray()));
            Assert.Contains(failure.Error, (TlsError[])[TlsError.BadRecordMac, TlsError.BadFinished]);
            Assert.False(server.IsAuthenticated);
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Replay_what_a_server_sent_once_gets_nowhere_the_second_time(bool isTls12)
    {
        var (clientOptions, serverOptions) = Resuming(isTls12);
        clientOptions.SessionCache = null;
        var sent = new List<byte>();
        Talk(clientOptions, serverOptions, fromServer: sent);
        using var client = TlsConnection.CreateClient(clientOptions);
        client.TakeOutput(new byte[16 * 1024]);
        Assert.Throws<TlsException>(() => client.Receive(sent.ToArray()));
        Assert.False(client.IsAuthenticated);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_session_of_TLS_1_2_is_not_resumed_for_another_name(bool byTicket)
    {
        var (client, server) = Resuming(isTls12: true, byTicket);
        Talk(client, server);
        Assert.True(Duel.OfServer(new Script(), server, client).Session!.Resumed);
        var outcome = Duel.OfServer(Script.Changing<ClientHello>(hello => hello.With(extensions: block => block.With(ExtensionType.ServerName, Extensions.BuildServerName("mail.example")))), server, client);
        Assert.False(outcome.Session!.Resumed);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_session_of_TLS_1_2_is_not_resumed_with_a_suite_that_the_client_does_not_offer(bool byTicket)
    {
        var (client, server) = Resuming(isTls12: true, byTicket);
        var suite = Talk(client, server).CipherSuite;
        var outcome = Duel.OfServer(Script.Changing<ClientHello>(hello => hello.With(suites: [.. hello.CipherSuites.Where(offered => offered != suite)])), server, client);
        Assert.False(outcome.Session!.Resumed);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_session_of_a_server_is_not_resumed_by_a_client_for_whom_it_has_another_suite(bool byTicket)
    {
        var (client, server) = Resuming(isTls12: true, byTicket);
        Talk(client, server);
        var other = Defaults.CipherSuites.First(suite => suite == CipherSuite.EcdheEcdsaChaCha20Poly1305Sha256);
        var outcome = Duel.OfClient(Script.Changing<ServerHello>(hello => hello.With(suite: other)), client, server);
        Assert.Equal((TlsError.IllegalValue, TlsAlert.IllegalParameter), (outcome.Failure!.Error, outcome.Failure.Alert));
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    public void A_client_that_the_server_no_longer_trusts_does_not_come_in_by_an_old_session(bool isTls12, bool byTicket)
    {
        using var pki = new TestPki();
        using var strangers = new TestPki();
        var (client, server) = Resuming(isTls12, byTicket);
        client.Identity = pki.Client().Identity();
        server.ClientCertificateMode = ClientCertificateMode.Required;
        server.ClientCertificateVerifier = CertificateVerifier.FromRoots([pki.Root]);
        Talk(client, server);
        Assert.True(Talk(client, server).Resumed);
        var stricter = server.Clone();
        stricter.ClientCertificateVerifier = CertificateVerifier.FromRoots([strangers.Root]);
        Assert.Equal(TlsError.CertificateUnknownIssuer, Duel.OfServer(new Script(), stricter, client).Failure!.Error);
    }

    [Fact]
    public void A_secret_of_TLS_1_3_is_no_secret_of_TLS_1_2()
    {
        var (client, server) = Resuming(isTls12: false);
        Talk(client, server);
        var old = server.Clone();
        old.MaximumVersion = TlsVersion.Tls12;
        // The ticket of TLS 1.3 where one of TLS 1.2 stands.
        var script = Script.Changing<ClientHello>(hello =>
        {
            var ticket = ClientHello.Parse(Wire.Body(hello)).PreSharedKeys!.Identities[0].Identity;
            return hello.With(extensions: block => block.Without(ExtensionType.PreSharedKey).With(ExtensionType.SessionTicket, ticket.ToArray()));
        });
        var outcome = Duel.OfServer(script, old, client);
        Assert.Equal((TlsVersion.Tls12, false), (outcome.Session!.Version, outcome.Session.Resumed));
    }

    private static (TlsClientOptions Client, TlsServerOptions Server) Resuming(bool isTls12, bool byTicket = true)
    {
        var client = Fixture.ClientOptions();
        client.SessionCache = new TlsSessionCache();
        var server = Fixture.ServerOptions();
        server.TicketStore = byTicket ? new TicketKeyRing() : null;
        server.SessionStore = byTicket ? null : new TlsSessionStore();
        if (isTls12)
            client.MaximumVersion = server.MaximumVersion = TlsVersion.Tls12;
        return (client, server);
    }

    /// <summary>A handshake and a request.</summary>
    private static TlsSessionInfo Talk(TlsClientOptions clientOptions, TlsServerOptions serverOptions, List<byte>? fromClient = null, List<byte>? fromServer = null)
    {
        using var client = TlsConnection.CreateClient(clientOptions);
        using var server = TlsConnection.CreateServer(serverOptions);
        for (var round = 0; round < 4; round++)
        {
            Carry(client, server, fromClient);
            Carry(server, client, fromServer);
        }
        var data = new byte[10];
        // It takes the tickets.
        Assert.Equal(0, client.Read(data));
        client.Write("buy"u8);
        Carry(client, server, fromClient);
        Assert.Equal("buy"u8, data.AsSpan(0, server.Read(data)));
        return server.Session;
    }

    private static void Carry(TlsConnection from, TlsConnection to, List<byte>? record)
    {
        var buffer = new byte[16 * 1024];
        int count;
        while ((count = from.TakeOutput(buffer)) > 0)
        {
            record?.AddRange(buffer.AsSpan(0, count));
            to.Receive(buffer.AsSpan(0, count));
        }
    }
}
