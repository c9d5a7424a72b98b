using LucidTls.Sessions;
using LucidTls.Tests.Connections;

namespace LucidTls.Tests.Sessions;

/// <summary>Resuming TLS 1.2 sessions, by ticket and by session id.</summary>
public sealed class Tls12ResumptionTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_session_is_resumed_as_often_as_it_is_wanted(bool byTicket)
    {
        var server = ServerOptions(byTicket);
        var client = ClientOptions();
        var first = await TalkAsync(client, server);
        Assert.False(first.Resumed);
        for (var i = 0; i < 3; i++)
        {
            var again = await TalkAsync(client, server);
            Assert.True(again.Resumed);
            Assert.Equal((first.CipherSuite, first.Group, first.ServerSignatureScheme), (again.CipherSuite, again.Group, again.ServerSignatureScheme));
            Assert.Equal(first.PeerCertificates[0].ToArray(), again.PeerCertificates[0].ToArray());
            Assert.DoesNotContain(again.Steps, step => step.Message is "Certificate" or "ServerKeyExchange");
        }
    }

    [Fact]
    public async Task A_server_that_speaks_TLS_1_3_by_now_is_not_held_down()
    {
        var server = ServerOptions(byTicket: true);
        var client = ClientOptions();
        await TalkAsync(client, server);
        var newer = server.Clone();
        newer.MaximumVersion = TlsVersion.Tls13;
        Assert.Equal((TlsVersion.Tls13, false), await VersionAsync(client, newer));
    }

    [Fact]
    public async Task A_session_of_TLS_1_3_is_no_use_to_a_server_of_TLS_1_2()
    {
        var store = new TicketKeyRing();
        var newer = Fixture.ServerOptions();
        newer.TicketStore = store;
        var client = ClientOptions();
        Assert.Equal((TlsVersion.Tls13, false), await VersionAsync(client, newer));
        var older = newer.Clone();
        older.MaximumVersion = TlsVersion.Tls12;
        Assert.Equal((TlsVersion.Tls12, false), await VersionAsync(client, older));
    }

    [Fact]
    public async Task A_session_id_that_the_server_forgot_leads_to_a_full_handshake()
    {
        var client = ClientOptions();
        await TalkAsync(client, ServerOptions(byTicket: false));
        Assert.False((await TalkAsync(client, ServerOptions(byTicket: false))).Resumed);
    }

    [Fact]
    public async Task A_resumed_session_has_extended_master_secret_as_the_first_had()
    {
        var server = ServerOptions(byTicket: true);
        var client = ClientOptions();
        var session = await TalkAsync(client, server);
        Assert.True(session.ExtendedMasterSecret);
        Assert.True((await TalkAsync(client, server)).ExtendedMasterSecret);
    }

    [Fact]
    public async Task A_server_that_wants_a_client_certificate_does_not_resume_a_session_without_one()
    {
        var server = ServerOptions(byTicket: true);
        var client = ClientOptions();
        client.Identity = Fixture.ClientIdentity;
        await TalkAsync(client, server);
        var strict = server.Clone();
        strict.ClientCertificateMode = ClientCertificateMode.Required;
        strict.ClientCertificateVerifier = Fixture.Verifier;
        Assert.False((await TalkAsync(client, strict)).Resumed);
        Assert.True((await TalkAsync(client, strict)).Resumed);
    }

    [Fact]
    public async Task The_store_of_session_ids_keeps_as_many_as_it_may_and_no_longer_than_it_may()
    {
        var store = new TlsSessionStore(capacity: 2);
        for (byte i = 0; i < 3; i++)
            await store.StoreAsync(new[] { i }, new byte[] { i }, TimeSpan.FromHours(1), Cancellation);
        Assert.Null(await store.FindAsync(new byte[] { 0 }, Cancellation));
        Assert.Equal([2], await store.FindAsync(new byte[] { 2 }, Cancellation));
        await store.StoreAsync(new byte[] { 2 }, new byte[] { 9 }, TimeSpan.Zero, Cancellation);
        Assert.Null(await store.FindAsync(new byte[] { 2 }, Cancellation));
    }

    private static TlsClientOptions ClientOptions()
    {
        var options = Fixture.ClientOptions();
        options.SessionCache = new TlsSessionCache();
        return options;
    }

    private static TlsServerOptions ServerOptions(bool byTicket)
    {
        var options = Fixture.ServerOptions();
        options.MaximumVersion = TlsVersion.Tls12;
        options.TicketStore = byTicket ? new TicketKeyRing() : null;
        options.SessionStore = byTicket ? null : new TlsSessionStore();
        return options;
    }

    private static async Task<(TlsVersion Version, bool Resumed)> VersionAsync(TlsClientOptions client, TlsServerOptions server)
    {
        var session = await TalkAsync(client, server);
        return (session.Version, session.Resumed);
    }

    // Data goes both ways, so that the client has read what the server sent behind its Finished.
    private static async Task<TlsSessionInfo> TalkAsync(TlsClientOptions clientOptions, TlsServerOptions serverOptions)
    {
        var (client, server) = await Fixture.ConnectAsync(clientOptions, serverOptions);
        await using var first = client;
        await using var second = server;
        Assert.Equal(client.Session.Resumed, server.Session.Resumed);
        await server.WriteAsync("server"u8.ToArray(), Cancellation);
        await client.ReadExactlyAsync(new byte[6], Cancellation);
        await client.WriteAsync("client"u8.ToArray(), Cancellation);
        await server.ReadExactlyAsync(new byte[6], Cancellation);
        return client.Session;
    }
}
