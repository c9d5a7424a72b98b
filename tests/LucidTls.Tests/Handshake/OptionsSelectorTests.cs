using System.Net.Security;
using System.Security.Authentication;
using LucidTls.Sessions;
using LucidTls.Tests.Connections;

namespace LucidTls.Tests.Handshake;

/// <summary>A server's options chosen by the ClientHello.</summary>
public sealed class OptionsSelectorTests
{
    [Fact]
    public async Task The_options_picked_by_the_hello_hold_for_that_connection()
    {
        TlsClientHelloInfo? seen = null;
        var picked = Fixture.ServerOptions();
        picked.ApplicationProtocols = [SslApplicationProtocol.Http2];
        picked.MaximumVersion = TlsVersion.Tls12;
        picked.CipherSuites = [CipherSuite.EcdheEcdsaChaCha20Poly1305Sha256];
        var outer = new TlsServerOptions
        {
            ApplicationProtocols = [SslApplicationProtocol.Http11],
            OptionsSelector = async (hello, cancellation) =>
            {
                await Task.Delay(1, cancellation);
                seen = hello;
                return picked;
            },
        };
        var options = Fixture.ClientOptions();
        options.ApplicationProtocols = [SslApplicationProtocol.Http11, SslApplicationProtocol.Http2];
        var (client, server) = await Fixture.ConnectAsync(options, outer);
        await using (client)
        await using (server)
        {
            Assert.Equal(TlsVersion.Tls12, client.Session.Version);
            Assert.Equal(SslApplicationProtocol.Http2, client.Session.ApplicationProtocol);
            Assert.Equal(CipherSuite.EcdheEcdsaChaCha20Poly1305Sha256, server.Session.CipherSuite);
        }
        Assert.Equal("localhost", seen!.ServerName);
        Assert.Equal([SslApplicationProtocol.Http11, SslApplicationProtocol.Http2], seen.ApplicationProtocols);
        Assert.Contains(TlsVersion.Tls13, seen.Versions);
        Assert.Throws<InvalidOperationException>(() => picked.TicketCount = 1);
    }

    [Fact]
    public async Task Without_a_pick_the_options_at_hand_are_used()
    {
        var outer = Fixture.ServerOptions();
        outer.MaximumVersion = TlsVersion.Tls12;
        outer.OptionsSelector = (_, _) => ValueTask.FromResult<TlsServerOptions?>(null);
        var (client, server) = await Fixture.ConnectAsync(serverOptions: outer);
        await using (client)
        await using (server)
            Assert.Equal(TlsVersion.Tls12, server.Session.Version);
    }

    [Fact]
    public async Task A_pick_that_asks_for_client_certificates_is_held_to()
    {
        var strict = Fixture.ServerOptions();
        strict.ClientCertificateMode = ClientCertificateMode.Required;
        strict.ClientCertificateVerifier = Fixture.Verifier;
        var outer = Fixture.ServerOptions();
        outer.OptionsSelector = (hello, _) => ValueTask.FromResult(hello.ServerName == "localhost" ? strict : null);
        var failure = await ServerFailureAsync(outer);
        Assert.Equal(TlsError.NoClientCertificate, failure.Error);
    }

    [Fact]
    public async Task A_session_of_one_pick_is_not_resumed_under_another()
    {
        var picks = new[] { Fixture.ServerOptions(), Fixture.ServerOptions() };
        foreach (var pick in picks)
            pick.TicketStore = new TicketKeyRing();
        var count = 0;
        var outer = new TlsServerOptions { OptionsSelector = (_, _) => ValueTask.FromResult<TlsServerOptions?>(picks[count++ / 2]) };
        var cache = new TlsSessionCache();
        var resumed = new List<bool>();
        for (var i = 0; i < 3; i++)
        {
            var options = Fixture.ClientOptions();
            options.SessionCache = cache;
            var (client, server) = await Fixture.ConnectAsync(options, outer);
            await using (client)
            await using (server)
            {
                await server.WriteAsync(new byte[1], TestContext.Current.CancellationToken);
                await client.ReadExactlyAsync(new byte[1], TestContext.Current.CancellationToken);
                resumed.Add(client.Session.Resumed);
            }
        }
        Assert.Equal([false, true, false], resumed);
    }

    [Fact]
    public async Task A_selector_that_throws_is_this_ends_own_failure()
    {
        var failure = await ServerFailureAsync(new TlsServerOptions { OptionsSelector = (_, _) => throw new InvalidOperationException("no such shop") });
        Assert.Equal(TlsError.LocalFailure, failure.Error);
        Assert.Equal("no such shop", failure.InnerException!.Message);
    }

    [Fact]
    public async Task A_selector_that_gives_up_of_its_own_is_not_taken_for_a_slow_peer() =>
        Assert.Equal(TlsError.LocalFailure, (await ServerFailureAsync(new TlsServerOptions { OptionsSelector = (_, _) => throw new TaskCanceledException("the vault is slow") })).Error);

    [Fact]
    public async Task A_pick_without_an_identity_is_this_ends_own_failure() =>
        Assert.Equal(TlsError.LocalFailure, (await ServerFailureAsync(new TlsServerOptions { OptionsSelector = (_, _) => ValueTask.FromResult<TlsServerOptions?>(new TlsServerOptions()) })).Error);

    private static async Task<TlsException> ServerFailureAsync(TlsServerOptions options)
    {
        var (clientSide, serverSide) = TestSupport.DuplexPipe.Create();
        await using var client = new TlsStream(clientSide);
        await using var server = new TlsStream(serverSide);
        var connecting = client.AuthenticateAsClientAsync(Fixture.ClientOptions());
        var failure = await Assert.ThrowsAsync<AuthenticationException>(() => server.AuthenticateAsServerAsync(options).WaitAsync(Fixture.Patience));
        // A client of TLS 1.3 may be through before the server refuses it.
        await Task.WhenAny(connecting).WaitAsync(Fixture.Patience);
        return Assert.IsType<TlsException>(failure.InnerException);
    }
}
