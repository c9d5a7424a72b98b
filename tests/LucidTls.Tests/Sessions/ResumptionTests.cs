using System.Net.Security;
using LucidTls.Certificates;
using LucidTls.Sessions;
using LucidTls.Tests.Connections;
using LucidTls.TestSupport;

namespace LucidTls.Tests.Sessions;

/// <summary>Resuming TLS 1.3 sessions by ticket: when it happens, and when it must not.</summary>
public sealed class ResumptionTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_session_is_resumed_and_keeps_who_the_server_proved_to_be()
    {
        var server = ServerOptions();
        var client = ClientOptions(new TlsSessionCache());
        var first = await TalkAsync(client, server);
        var second = await TalkAsync(client, server);
        Assert.False(first.Resumed);
        Assert.True(second.Resumed);
        Assert.Equal(first.PeerCertificates[0].ToArray(), second.PeerCertificates[0].ToArray());
        Assert.Equal(first.PeerVerdict, second.PeerVerdict);
        Assert.DoesNotContain(second.Steps, step => step.Message is "Certificate" or "CertificateVerify");
    }

    [Fact]
    public async Task A_server_that_resumes_does_not_acknowledge_the_name_again()
    {
        var server = ServerOptions();
        var client = ClientOptions(new TlsSessionCache());
        var first = Assert.Single((await TalkAsync(client, server)).Steps, step => step.Message == "EncryptedExtensions");
        var second = Assert.Single((await TalkAsync(client, server)).Steps, step => step.Message == "EncryptedExtensions");
        // RFC 6066 §3: the four bytes of an empty server_name are gone.
        Assert.Equal(first.Length - 4, second.Length);
    }

    [Fact]
    public async Task A_session_is_resumed_when_the_protocols_are_wanted_in_another_order()
    {
        var server = ServerOptions();
        var client = ClientOptions(new TlsSessionCache());
        client.ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11];
        await TalkAsync(client, server);
        var reversed = client.Clone();
        reversed.ApplicationProtocols = [SslApplicationProtocol.Http11, SslApplicationProtocol.Http2];
        Assert.True((await TalkAsync(reversed, server)).Resumed);
        var fewer = client.Clone();
        fewer.ApplicationProtocols = [SslApplicationProtocol.Http11];
        Assert.False((await TalkAsync(fewer, server)).Resumed);
    }

    [Fact]
    public async Task A_ticket_is_used_once()
    {
        var server = ServerOptions();
        server.TicketCount = 1;
        var cache = new TlsSessionCache();
        var client = ClientOptions(cache);
        await TalkAsync(client, server);
        var key = SessionKey.Of(client)!;
        Assert.NotNull(cache.Take(key));
        Assert.Null(cache.Take(key));
    }

    [Fact]
    public async Task A_session_survives_a_HelloRetryRequest()
    {
        var store = new TicketKeyRing();
        var client = ClientOptions(new TlsSessionCache());
        await TalkAsync(client, ServerOptions(store));
        var retrying = ServerOptions(store);
        retrying.Groups = [NamedGroup.Secp384r1];
        var second = await TalkAsync(client, retrying);
        Assert.True(second is { Resumed: true, HelloRetried: true });
    }

    [Fact]
    public async Task A_ticket_of_another_server_is_passed_over()
    {
        var client = ClientOptions(new TlsSessionCache());
        await TalkAsync(client, ServerOptions());
        Assert.False((await TalkAsync(client, ServerOptions())).Resumed);
    }

    [Fact]
    public async Task A_session_made_under_a_weaker_policy_is_not_resumed_under_a_stricter_one()
    {
        var server = ServerOptions();
        var cache = new TlsSessionCache();
        await TalkAsync(new TlsClientOptions { TargetHost = "localhost", DangerousAcceptAnyCertificate = true, SessionCache = cache }, server);
        Assert.False((await TalkAsync(ClientOptions(cache), server)).Resumed);
    }

    [Fact]
    public async Task A_session_is_not_resumed_for_another_name()
    {
        using var pki = new TestPki();
        var server = new TlsServerOptions { Identities = [pki.Leaf(KeyKind.EcdsaP256, "a.example", "b.example").Identity()] };
        var cache = new TlsSessionCache();
        var verifier = CertificateVerifier.FromRoots([pki.Root]);
        await TalkAsync(new TlsClientOptions { TargetHost = "a.example", CertificateVerifier = verifier, SessionCache = cache }, server);
        Assert.False((await TalkAsync(new TlsClientOptions { TargetHost = "b.example", CertificateVerifier = verifier, SessionCache = cache }, server)).Resumed);
        Assert.True((await TalkAsync(new TlsClientOptions { TargetHost = "a.example", CertificateVerifier = verifier, SessionCache = cache }, server)).Resumed);
    }

    [Fact]
    public async Task A_server_that_wants_a_client_certificate_does_not_resume_a_session_without_one()
    {
        var store = new TicketKeyRing();
        var client = ClientOptions(new TlsSessionCache());
        client.Identity = Fixture.ClientIdentity;
        await TalkAsync(client, ServerOptions(store));
        var strict = ServerOptions(store);
        strict.ClientCertificateMode = ClientCertificateMode.Required;
        strict.ClientCertificateVerifier = Fixture.Verifier;
        var second = await TalkAsync(client, strict);
        Assert.False(second.Resumed);
        Assert.Single(second.Steps, step => step is { Sent: true, Message: "Certificate" });
        // Now the session shows it, and is judged anew when it is resumed.
        Assert.True((await TalkAsync(client, strict)).Resumed);
        var distrustful = ServerOptions(store);
        distrustful.ClientCertificateMode = ClientCertificateMode.Required;
        distrustful.ClientCertificateVerifier = CertificateVerifier.FromRoots([new TestPki().Root]);
        await Assert.ThrowsAnyAsync<Exception>(() => TalkAsync(client, distrustful));
    }

    [Fact]
    public async Task A_client_with_a_wrong_key_for_its_ticket_is_refused()
    {
        var server = ServerOptions();
        var cache = new TlsSessionCache();
        var client = ClientOptions(cache);
        await TalkAsync(client, server);
        var key = SessionKey.Of(client)!;
        var session = cache.Take(key)!;
        session.PreSharedKey.Span[0] ^= 1;
        while (cache.Take(key) is { } other)
            other.Dispose();
        cache.Store(key, session);
        var failure = await Assert.ThrowsAsync<System.Security.Authentication.AuthenticationException>(() => TalkAsync(client, server));
        Assert.Equal(TlsAlert.DecryptError, Assert.IsType<TlsException>(failure.InnerException).Alert);
    }

    [Fact]
    public async Task Old_tickets_and_old_keys_are_forgotten()
    {
        var time = new SettableTime();
        using var ring = new TicketKeyRing(TimeSpan.FromHours(1), time);
        byte[] session = [1, 2, 3];
        var ticket = await ring.StoreAsync(session, TimeSpan.FromHours(2), Cancellation);
        Assert.Equal(session, await ring.FindAsync(ticket, Cancellation));
        time.Now += TimeSpan.FromMinutes(90);
        var later = await ring.StoreAsync(session, TimeSpan.FromHours(2), Cancellation);
        Assert.NotEqual(ticket![..16], later![..16]);
        Assert.Equal(session, await ring.FindAsync(ticket, Cancellation));
        time.Now += TimeSpan.FromMinutes(60);
        Assert.Null(await ring.FindAsync(ticket, Cancellation));
        Assert.Equal(session, await ring.FindAsync(later, Cancellation));
        later[^1] ^= 1;
        Assert.Null(await ring.FindAsync(later, Cancellation));
    }

    [Fact]
    public void The_cache_keeps_as_many_servers_as_it_may_and_no_expired_ticket()
    {
        var time = new SettableTime();
        var cache = new TlsSessionCache(2, time);
        foreach (var name in new[] { "a", "b", "c" })
            cache.Store(Key(name), Session(time.Now.AddHours(1)));
        Assert.Null(cache.Take(Key("a")));
        Assert.NotNull(cache.Take(Key("b")));
        time.Now += TimeSpan.FromHours(2);
        Assert.Null(cache.Take(Key("c")));

        SessionKey Key(string name) => new(name, null, null, "", "");
        ClientSession Session(DateTimeOffset expires) => new()
        {
            CipherSuite = CipherSuite.Aes128GcmSha256,
            Version = TlsVersion.Tls13,
            Group = NamedGroup.X25519,
            ExtendedMasterSecret = true,
            Ticket = new byte[1],
            PreSharedKey = new LucidTls.Cryptography.Secret(32),
            AgeAdd = 0,
            Received = time.Now,
            Authenticated = time.Now,
            Expires = expires,
            ServerChain = [],
            Verdict = null,
            ServerSignatureScheme = null,
        };
    }

    private static TlsServerOptions ServerOptions(ITlsTicketStore? store = null)
    {
        var options = Fixture.ServerOptions();
        options.TicketStore = store ?? new TicketKeyRing();
        return options;
    }

    private static TlsClientOptions ClientOptions(TlsSessionCache cache)
    {
        var options = Fixture.ClientOptions();
        options.SessionCache = cache;
        return options;
    }

    /// <summary>One connection with one byte each way, so that the tickets have come.</summary>
    private static async Task<TlsSessionInfo> TalkAsync(TlsClientOptions clientOptions, TlsServerOptions serverOptions)
    {
        var (clientSide, serverSide) = DuplexPipe.Create();
        await using var client = new TlsStream(clientSide);
        await using var server = new TlsStream(serverSide);
        var serving = server.AuthenticateAsServerAsync(serverOptions, Cancellation);
        try
        {
            await client.AuthenticateAsClientAsync(clientOptions, Cancellation).WaitAsync(Fixture.Patience, Cancellation);
        }
        catch (System.Security.Authentication.AuthenticationException)
        {
            await Record.ExceptionAsync(() => serving);
            throw;
        }
        await serving;
        await server.WriteAsync(new byte[1], Cancellation);
        await client.ReadExactlyAsync(new byte[1], Cancellation);
        return client.Session;
    }

    private sealed class SettableTime : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
