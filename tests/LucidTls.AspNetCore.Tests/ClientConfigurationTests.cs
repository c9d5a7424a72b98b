using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Sessions;
using LucidTls.TestSupport.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LucidTls.AspNetCore.Tests;

/// <summary>What the configuration demands of clients' certificates.</summary>
public sealed class ClientConfigurationTests : IDisposable
{
    private const string Revocation = "ClientCertificateRevocation:";

    private readonly CertificateFolder _files = new();
    private readonly X509Certificate2 _client = TestPki.IssueCertificate("CN=Alice", uri: new Uri("spiffe://prod.example/alice"));

    public ClientConfigurationTests()
    {
        _files.Issue("server", "CN=server");
        _files.Write("ca.pem", TestPki.AuthorityPem);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _files.Dispose();
        _client.Dispose();
    }

    [Theory]
    [InlineData(true, null, "CN=Test authority")]
    [InlineData(false, null, "CN=Test authority")]
    [InlineData(true, "intermediate.pem", "CN=Test intermediate")]
    [InlineData(false, "intermediate.pem", "CN=Test intermediate")]
    [InlineData(true, "none", null)]
    [InlineData(false, "none", null)]
    public async Task Clients_are_told_whose_certificates_are_accepted_or_what_is_set_instead(bool isTls12, string? authorities, string? expected)
    {
        _files.Write("intermediate.pem", TestPki.IntermediatePem);
        await using var server = await StartAsync(("ClientCertificateAuthorities", authorities is null or "none" ? authorities : _files.Path(authorities)));

        Assert.Equal(expected, await ToldAsync(server, "localhost", isTls12));
    }

    [Fact]
    public async Task A_name_may_tell_clients_other_authorities_than_the_endpoint_or_none()
    {
        _files.Write("intermediate.pem", TestPki.IntermediatePem);
        _files.Issue("a", "CN=a", "a.example");
        _files.Issue("b", "CN=b", "b.example");
        await using var server = await StartAsync(
            ("ClientCertificateAuthorities", "none"),
            ("Sni:a.example:Certificate:Path", _files.Path("a.pem")), ("Sni:a.example:Certificate:KeyPath", _files.Path("a.key")),
            ("Sni:a.example:ClientCertificateAuthorities", _files.Path("intermediate.pem")),
            ("Sni:b.example:Certificate:Path", _files.Path("b.pem")), ("Sni:b.example:Certificate:KeyPath", _files.Path("b.key")));

        Assert.Equal("CN=Test intermediate", await ToldAsync(server, "a.example"));
        Assert.Null(await ToldAsync(server, "b.example"));
        Assert.Null(await ToldAsync(server, "localhost"));
    }

    /// <returns>The one name that a client is told; null for none.</returns>
    private async Task<string?> ToldAsync(LoopbackServer server, string name, bool isTls12 = false)
    {
        IReadOnlyList<ReadOnlyMemory<byte>> told = [];
        await using var connection = new TlsStream((await server.DialAsync()).GetStream());
        await connection.AuthenticateAsClientAsync(new TlsClientOptions
        {
            TargetHost = name,
            CertificateVerifier = TestPki.Verifier,
            MaximumVersion = isTls12 ? TlsVersion.Tls12 : TlsVersion.Tls13,
            IdentitySelector = (request, _) =>
            {
                told = request.CertificateAuthorities;
                return new ValueTask<TlsIdentity?>(TestPki.Identity(_client));
            },
        }, Cancel);

        return told.Count == 0 ? null : new X500DistinguishedName(Assert.Single(told).Span).Name;
    }

    [Fact]
    public async Task A_name_may_accept_other_clients_than_the_endpoint()
    {
        _files.Issue("a", "CN=a", "a.example");
        await using var server = await StartAsync(
            ("ClientCertificateUris:0", "spiffe://prod.example/bob"), ("ClientCertificateUris:1", "spiffe://prod.example/carol/"),
            ("Sni:a.example:Certificate:Path", _files.Path("a.pem")), ("Sni:a.example:Certificate:KeyPath", _files.Path("a.key")),
            ("Sni:a.example:ClientCertificateUris", "spiffe://prod.example/"));

        Assert.Equal(TlsAlert.CertificateUnknown, await AskAsync(server));
        Assert.Contains("accepted: spiffe://prod.example/bob, spiffe://prod.example/carol/", (await server.Log.WaitAsync("HandshakeFailed")).Text, StringComparison.Ordinal);
        Assert.Null(await AskAsync(server, "a.example"));
    }

    [Fact]
    public async Task A_client_may_come_by_a_DNS_name_and_a_names_own_answer_is_not_wider_by_the_endpoints()
    {
        using var named = TestPki.IssueCertificate("CN=Alice", "dave.clients.example");
        _files.Issue("a", "CN=a", "a.example");
        await using var server = await StartAsync(
            ("ClientCertificateUris", "spiffe://prod.example/alice"), ("ClientCertificateDnsNames:0", "other.example"), ("ClientCertificateDnsNames:1", "*.clients.example"),
            ("Sni:a.example:Certificate:Path", _files.Path("a.pem")), ("Sni:a.example:Certificate:KeyPath", _files.Path("a.key")),
            ("Sni:a.example:ClientCertificateDnsNames", "eve.clients.example"));

        Assert.Null(await AskAsync(server));
        Assert.Null(await AskAsync(server, client: named));
        Assert.Equal(TlsAlert.CertificateUnknown, await AskAsync(server, "a.example", client: named));
        Assert.Contains("names in the certificate: dave.clients.example, 127.0.0.1; accepted: eve.clients.example", (await server.Log.WaitAsync("HandshakeFailed")).Text, StringComparison.Ordinal);
        Assert.Equal(TlsAlert.CertificateUnknown, await AskAsync(server, "a.example"));
    }

    [Fact]
    public async Task A_certificate_on_a_list_is_refused_and_the_list_is_followed()
    {
        using var other = TestPki.IssueCertificate("CN=Bob");
        _files.Write("clients.crl", TestPki.RevocationList(revoked: other));
        await using var server = await StartAsync((Revocation + "Lists", _files.Path("clients.crl")));

        var cache = new TlsSessionCache();
        Assert.Null(await AskAsync(server, cache: cache));
        _files.Write("clients.crl", TestPki.RevocationList(revoked: [other, _client]));
        await server.Log.WaitAsync("ConfigurationChanged");

        // Nor is the session resumed that it had.
        Assert.Equal(TlsAlert.CertificateRevoked, await AskAsync(server, cache: cache));
    }

    [Fact]
    public async Task A_folder_of_lists_counts_and_one_that_is_added_to_it()
    {
        Directory.CreateDirectory(_files.Path("crls"));
        _files.Write("crls/one.crl", TestPki.RevocationList());
        await using var server = await StartAsync((Revocation + "Lists:0", _files.Path("crls")));

        Assert.Null(await AskAsync(server));
        _files.Write("two", TestPki.RevocationList(revoked: _client));
        File.Move(_files.Path("two"), _files.Path("crls/two.crl"));
        await server.Log.WaitAsync("ConfigurationChanged");

        Assert.Equal(TlsAlert.CertificateRevoked, await AskAsync(server));
    }

    [Fact]
    public async Task A_bad_list_is_one_error_and_the_old_one_stays()
    {
        _files.Write("clients.crl", TestPki.RevocationList(revoked: _client));
        await using var server = await StartAsync((Revocation + "Lists:0", _files.Path("clients.crl")));

        _files.Write("clients.crl", "nonsense");
        var line = await server.Log.WaitAsync("ConfigurationRefused");

        Assert.Contains("ClientCertificateRevocation:Lists: ", line.Text, StringComparison.Ordinal);
        Assert.Contains("clients.crl", line.Text, StringComparison.Ordinal);
        Assert.Equal(TlsAlert.CertificateRevoked, await AskAsync(server));
        Assert.Single(server.Log.Problems);
    }

    [Fact]
    public async Task Where_revocation_is_off_a_certificate_on_a_list_is_good()
    {
        _files.Write("clients.crl", TestPki.RevocationList(revoked: _client));
        await using var server = await StartAsync((Revocation + "Lists:0", _files.Path("clients.crl")), (Revocation + "Mode", "Off"));

        Assert.Null(await AskAsync(server));
    }

    [Theory]
    [InlineData("SoftFail", null)]
    [InlineData("HardFail", TlsAlert.CertificateUnknown)]
    public async Task A_list_that_is_out_of_date_is_named_in_the_log_and_hard_fail_refuses_on_its_account(string mode, TlsAlert? alert)
    {
        _files.Write("clients.crl", TestPki.RevocationList(until: DateTimeOffset.UtcNow.AddHours(-1)));
        await using var server = await StartAsync((Revocation + "Lists:0", _files.Path("clients.crl")), (Revocation + "Mode", mode));

        var line = await server.Log.WaitAsync("RevocationListExpired");
        var outcome = await AskAsync(server);

        Assert.Equal(LogLevel.Warning, line.Level);
        Assert.Contains("CN=Test authority", line.Text, StringComparison.Ordinal);
        Assert.Equal(alert == null, outcome == null);
        Assert.Single(server.Log.Ours, one => one.Name == "RevocationListExpired");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Lists_are_fetched_only_where_that_is_allowed(bool isAllowed)
    {
        var fetched = 0;
        byte[] list = [];
        await using var web = await LoopbackServer.StartAsync(context =>
        {
            fetched++;
            return context.Response.Body.WriteAsync(list).AsTask();
        }, _ => { });
        using var client = TestPki.IssueCertificate("CN=Alice", listAt: new Uri($"http://127.0.0.1:{web.Port}/clients.crl"));
        list = TestPki.RevocationList(revoked: client);
        await using var server = await StartAsync(isAllowed ? [(Revocation + "Fetch", "true"), (Revocation + "AllowPrivateAddresses", "true")] : [(Revocation + "Mode", "SoftFail")]);

        Assert.Equal(isAllowed ? TlsAlert.CertificateRevoked : null, await AskAsync(server, client: client));
        Assert.Equal(isAllowed ? 1 : 0, fetched);
    }

    [Theory]
    [InlineData("ClientCertificateRoots", "ClientCertificateRoots")]
    [InlineData("ClientCertificateAuthorities", "ClientCertificateAuthorities")]
    [InlineData(Revocation + "Lists:0", Revocation + "Lists")]
    public async Task A_file_that_is_not_there_ends_the_start_and_its_setting_is_named(string key, string said)
    {
        var failure = await Assert.ThrowsAnyAsync<InvalidOperationException>(() => StartAsync((key, _files.Path("nowhere"))));

        Assert.StartsWith($"Kestrel:Endpoints:Https:LucidTls:{said}: {_files.Path("nowhere")} is not there. ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_entry_that_says_whom_to_accept_but_not_to_ask_ends_the_start()
    {
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => TestServer.StartConfiguredAsync(Answer,
            ("Certificate:Path", _files.Path("server.pem")), ("Certificate:KeyPath", _files.Path("server.key")), ("Sni:a.example:ClientCertificateUris", "spiffe://prod.example/")));

        Assert.StartsWith("Kestrel:Endpoints:Https:LucidTls:Sni:a.example:ClientCertificateUris ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clients_are_asked_after_the_handshake_where_the_configuration_says_so()
    {
        await using var server = await TestServer.StartConfiguredAsync(async context => await context.Response.WriteAsync((await context.Connection.GetClientCertificateAsync(Cancel))?.Subject ?? "nobody"),
            ("Certificate:Path", _files.Path("server.pem")), ("Certificate:KeyPath", _files.Path("server.key")), ("ClientCertificateRoots", _files.Path("ca.pem")), ("PostHandshakeAuthentication", "true"));
        await using var connection = new TlsStream((await server.DialAsync()).GetStream());
        await connection.AuthenticateAsClientAsync(new TlsClientOptions { TargetHost = "localhost", CertificateVerifier = TestPki.Verifier, PostHandshakeAuthentication = true, Identity = TestPki.Identity(_client) }, Cancel);

        Assert.Contains("CN=Alice", await GetAsync(connection), StringComparison.Ordinal);
    }

    private static Task Answer(HttpContext context) => context.Response.WriteAsync(context.Connection.ClientCertificate?.Subject ?? "nobody");

    private Task<LoopbackServer> StartAsync(params IEnumerable<(string Key, string? Value)> settings)
    {
        IEnumerable<(string Key, string? Value)> all =
        [
            ("Certificate:Path", _files.Path("server.pem")), ("Certificate:KeyPath", _files.Path("server.key")),
            ("ClientCertificateMode", "Required"), ("ClientCertificateRoots", _files.Path("ca.pem")), .. settings,
        ];
        return TestServer.StartConfiguredAsync(Answer, all.GroupBy(setting => setting.Key).Select(same => same.Last()));
    }

    /// <summary>Asks for a page; null when it comes, otherwise how the server refuses the client.</summary>
    private async Task<TlsAlert?> AskAsync(LoopbackServer server, string name = "localhost", X509Certificate2? client = null, TlsSessionCache? cache = null)
    {
        await using var connection = new TlsStream((await server.DialAsync()).GetStream());
        try
        {
            await connection.AuthenticateAsClientAsync(new TlsClientOptions { TargetHost = name, CertificateVerifier = TestPki.Verifier, Identity = TestPki.Identity(client ?? _client), SessionCache = cache }, Cancel);
            Assert.Contains("CN=Alice", await GetAsync(connection), StringComparison.Ordinal);
            return null;
        }
        catch (Exception refusal) when (refusal is IOException or AuthenticationException)
        {
            return Assert.IsType<TlsException>(refusal.InnerException).Alert;
        }
    }

    private static async Task<string> GetAsync(TlsStream connection)
    {
        await connection.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray(), Cancel);
        return await new StreamReader(connection).ReadToEndAsync(Cancel);
    }
}
