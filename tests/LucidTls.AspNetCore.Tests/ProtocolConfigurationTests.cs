using System.Net.Security;
using System.Security.Authentication;
using LucidTls.Sessions;
using LucidTls.TestSupport.Web;
using Microsoft.AspNetCore.Http;

namespace LucidTls.AspNetCore.Tests;

/// <summary>What the configuration says of versions, algorithms and sessions.</summary>
public sealed class ProtocolConfigurationTests : IDisposable
{
    private readonly CertificateFolder _files = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task The_newest_version_may_be_1_2()
    {
        await using var server = await StartAsync(("MaximumVersion", "1.2"));

        Assert.Equal(TlsVersion.Tls12, (await SessionAsync(server)).Version);
    }

    [Fact]
    public async Task Suites_groups_and_schemes_are_those_that_it_names()
    {
        await using var server = await StartAsync(("CipherSuites:0", "TLS_CHACHA20_POLY1305_SHA256"), ("CipherSuites:1", "tls_aes_256_gcm_sha384"), ("Groups", "secp384r1"), ("SignatureSchemes:0", "ecdsa_secp256r1_sha256"));

        var session = await SessionAsync(server);

        Assert.Equal(CipherSuite.ChaCha20Poly1305Sha256, session.CipherSuite);
        Assert.Equal(NamedGroup.Secp384r1, session.Group);
        var refusal = await Assert.ThrowsAsync<AuthenticationException>(() => SessionAsync(server, new TlsClientOptions { CipherSuites = [CipherSuite.Aes128GcmSha256] }));
        Assert.Equal(TlsAlert.HandshakeFailure, Assert.IsType<TlsException>(refusal.InnerException).Alert);
    }

    [Theory]
    [InlineData("AllowTlsResume", "true", true)]
    [InlineData("AllowTlsResume", "false", false)]
    [InlineData("TicketCount", "1", true)]
    [InlineData("TicketCount", "0", false)]
    [InlineData("TicketLifetime", "01:00:00", true)]
    public async Task Sessions_are_resumed_as_it_says(string key, string value, bool isResumed)
    {
        await using var server = await StartAsync((key, value));
        var options = new TlsClientOptions { SessionCache = new TlsSessionCache() };

        Assert.False((await SessionAsync(server, options)).Resumed);
        Assert.Equal(isResumed, (await SessionAsync(server, options)).Resumed);
    }

    [Fact]
    public async Task Clients_without_ALPN_or_with_a_foreign_name_are_refused_where_it_says_so()
    {
        await using var server = await StartAsync(("RequireApplicationProtocol", "true"), ("RequireKnownServerName", "true"));

        await SessionAsync(server);
        var silent = await Assert.ThrowsAsync<AuthenticationException>(() => SessionAsync(server, new TlsClientOptions(), offersProtocol: false));
        var lost = await Assert.ThrowsAsync<AuthenticationException>(() => server.ConnectAsync(SslApplicationProtocol.Http11, name: "elsewhere.example"));

        Assert.Equal(TlsAlert.NoApplicationProtocol, Assert.IsType<TlsException>(silent.InnerException).Alert);
        Assert.Equal(TlsAlert.UnrecognizedName, Assert.IsType<TlsException>(lost.InnerException).Alert);
    }

    [Fact]
    public async Task A_name_has_what_it_says_itself_and_the_endpoints_word_for_the_rest()
    {
        _files.Issue("a", "CN=a", "a.example");
        await using var server = await StartAsync(("Groups", "secp384r1"), ("MaximumVersion", "1.2"), ("RecordSizeLimit", "1000"),
            ("Sni:a.example:Certificate:Path", _files.Path("a.pem")), ("Sni:a.example:Certificate:KeyPath", _files.Path("a.key")), ("Sni:a.example:MaximumVersion", "1.3"));

        var endpoint = await SessionAsync(server);
        var name = await SessionAsync(server, new TlsClientOptions { TargetHost = "a.example" });

        Assert.Equal((TlsVersion.Tls12, NamedGroup.Secp384r1), (endpoint.Version, endpoint.Group));
        Assert.Equal((TlsVersion.Tls13, NamedGroup.Secp384r1), (name.Version, name.Group));
    }

    [Fact]
    public async Task A_change_of_any_setting_holds_for_new_connections()
    {
        await using var server = await StartAsync(("Groups", "secp384r1"));

        server.Change(("Groups", "secp521r1"));
        await server.Log.WaitAsync("ConfigurationChanged");

        Assert.Equal(NamedGroup.Secp521r1, (await SessionAsync(server)).Group);
    }

    private Task<LoopbackServer> StartAsync(params IEnumerable<(string Key, string? Value)> settings)
    {
        _files.Issue("server", "CN=server");
        return TestServer.StartConfiguredAsync(context => context.Response.WriteAsync("well"), settings.Prepend(("Certificate:KeyPath", _files.Path("server.key"))).Prepend(("Certificate:Path", _files.Path("server.pem"))));
    }

    /// <summary>Of a connection that has asked for a page, and so has the tickets.</summary>
    private static async Task<TlsSessionInfo> SessionAsync(LoopbackServer server, TlsClientOptions? options = null, bool offersProtocol = true)
    {
        options = (options ?? new TlsClientOptions()).Clone();
        options.TargetHost ??= "localhost";
        options.CertificateVerifier = TestPki.Verifier;
        options.ApplicationProtocols = offersProtocol ? [SslApplicationProtocol.Http11] : [];
        await using var connection = new TlsStream((await server.DialAsync()).GetStream());
        await connection.AuthenticateAsClientAsync(options, Cancel);
        await connection.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray(), Cancel);
        Assert.Contains("200 OK", await new StreamReader(connection, leaveOpen: true).ReadToEndAsync(Cancel), StringComparison.Ordinal);
        return connection.Session;
    }
}
