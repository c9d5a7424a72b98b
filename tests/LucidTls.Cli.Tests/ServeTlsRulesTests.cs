using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Sessions;
using LucidTls.StartTls;
using static LucidTls.Cli.Tests.SiteClient;

namespace LucidTls.Cli.Tests;

/// <summary>What sites of <c>serve --config</c> say of TLS itself, as Kestrel's configuration does.</summary>
public sealed class ServeTlsRulesTests : IDisposable
{
    private const string Required = "client-certificates: {mode: required, roots: roots.pem, ";

    private readonly TemporaryFolder _folder = TemporaryFolder.OfSite("a.example");

    public ServeTlsRulesTests() => _folder.Write("pages/index.html", "a page");

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_site_speaks_the_versions_suites_groups_and_schemes_that_it_is_told_to()
    {
        await using var tool = await StartAsync("maximum-version: '1.2', cipher-suites: [tls_ecdhe_ecdsa_with_aes_256_gcm_sha384], groups: [secp384r1, x25519], signature-schemes: ecdsa_secp256r1_sha256, record-size-limit: 1000");
        await using var tls = await ConnectAsync(tool, "a.example");
        Assert.Equal((TlsVersion.Tls12, CipherSuite.EcdheEcdsaAes256GcmSha384, (NamedGroup?)NamedGroup.Secp384r1), (tls.Session.Version, tls.Session.CipherSuite, tls.Session.Group));
        await Assert.ThrowsAsync<AuthenticationException>(() => ConnectAsync(tool, "a.example", options => options.MinimumVersion = TlsVersion.Tls13));
        await Assert.ThrowsAsync<AuthenticationException>(() => ConnectAsync(tool, "a.example", options => options.CipherSuites = [CipherSuite.EcdheEcdsaAes128GcmSha256]));
    }

    [Theory]
    [InlineData("ticket-count: 1, ticket-lifetime: 60", true)]
    [InlineData("ticket-count: 0", false)]
    [InlineData("allow-tls-resume: false", false)]
    public async Task Sessions_are_resumed_as_the_site_says(string site, bool resumes)
    {
        await using var tool = await StartAsync(site);
        // A session belongs to the verifier that saw its certificate.
        var (cache, verifier) = (new TlsSessionCache(), TestPki.Verifier);
        foreach (var expected in new[] { false, resumes })
        {
            await using var tls = await ConnectAsync(tool, "a.example", options => (options.SessionCache, options.CertificateVerifier) = (cache, verifier));
            Assert.Equal(expected, tls.Session.Resumed);
            await tls.WriteAsync("GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n"u8.ToArray(), Cancel);
            Assert.Contains("a page", await new StreamReader(tls).ReadToEndAsync(Cancel), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_site_may_refuse_clients_without_ALPN_and_names_that_no_certificate_is_for()
    {
        await using var tool = await StartAsync("require-application-protocol: true, require-known-server-name: true");
        foreach (var (name, protocol, refusal) in new[] { ("a.example", "http/1.1", (TlsAlert?)null), ("a.example", "", TlsAlert.NoApplicationProtocol), ("b.example", "http/1.1", TlsAlert.UnrecognizedName) })
        {
            var failure = await Record.ExceptionAsync(async () =>
            {
                await using var tls = await ConnectAsync(tool, name, options => options.ApplicationProtocols = protocol.Length > 0 ? [new SslApplicationProtocol(protocol)] : []);
            });
            Assert.Equal(refusal, (failure?.InnerException as TlsException)?.Alert);
        }
    }

    [Theory]
    [InlineData("", "CN=Test authority")]
    [InlineData("authorities: roots.pem", "CN=Test authority")]
    [InlineData("authorities: none", null)]
    public async Task Clients_are_told_the_authorities_whose_certificates_they_may_show(string setting, string? expected)
    {
        await using var tool = await StartAsync(Required + setting + "}");
        IReadOnlyList<ReadOnlyMemory<byte>> told = [];
        await using var tls = await ConnectAsync(tool, "a.example", options => options.IdentitySelector = (request, _) =>
        {
            told = request.CertificateAuthorities;
            return new ValueTask<TlsIdentity?>(TestPki.IssueClient().Identity);
        });
        Assert.Equal(expected, told.Count == 0 ? null : new X500DistinguishedName(Assert.Single(told).Span).Name);
    }

    [Fact]
    public async Task With_hard_fail_clients_need_a_list_that_calls_them_good()
    {
        var (good, revoked) = (TestPki.IssueClient(), TestPki.IssueClient());
        _folder.Write("list.pem", TestPki.Revoke(revoked));
        await using var tool = await StartAsync(Required + "crl: list.pem, revocation: {mode: hard-fail, scope: leaf}}");
        Assert.Contains("a page", await GetAsync(tool, "a.example", good.Identity), StringComparison.Ordinal);
        Assert.Equal(TlsAlert.CertificateRevoked, await RefusalAsync(tool, revoked));
    }

    [Theory]
    [InlineData("soft-fail", null)]
    [InlineData("hard-fail", TlsAlert.BadCertificateStatusResponse)]
    public async Task Lists_that_certificates_name_are_fetched_and_what_none_is_known_of_is_refused_by_hard_fail(string mode, TlsAlert? unknown)
    {
        byte[] list = [];
        await using var publisher = await HttpService.StartAsync(context => context.Response.Body.WriteAsync(list).AsTask());
        var (revoked, silent) = (TestPki.IssueClient(listAt: $"{publisher.Urls.First()}/list.crl"), TestPki.IssueClient());
        var pem = TestPki.Revoke(revoked);
        list = Convert.FromBase64String(pem[PemEncoding.Find(pem).Base64Data]);
        await using var tool = await StartAsync($"{Required}revocation: {{mode: {mode}, fetch: true, allow-private-addresses: true}}}}");
        Assert.Equal(TlsAlert.CertificateRevoked, await RefusalAsync(tool, revoked));
        Assert.Equal(unknown, await RefusalAsync(tool, silent));
    }

    [Fact]
    public async Task A_client_that_says_nothing_is_dropped_when_its_time_is_over()
    {
        await using var tool = await StartAsync("minimum-version: '1.2'", service: "handshake-timeout: 1, ");
        await using var plain = await PlainAsync(tool);
        using var rest = new MemoryStream();
        await plain.CopyToAsync(rest, Cancel);
        await tool.WaitForErrorAsync("1 second");
    }

    [Fact]
    public async Task Handshakes_beyond_what_is_allowed_at_once_are_closed_and_counted()
    {
        await using var tool = await StartAsync("minimum-version: '1.2'", service: "max-concurrent-handshakes: 1, handshake-timeout: 300, ");
        await using var silent = await PlainAsync(tool);
        while (!(await MetricsAsync(tool)).Contains("lucidtls_handshake_active{lucidtls_role=\"server\"} 1\n", StringComparison.Ordinal))
            await Task.Yield();
        await Assert.ThrowsAsync<AuthenticationException>(() => ConnectAsync(tool, "a.example"));
        Assert.Contains("lucidtls_kestrel_refused_connections_total 1\n", await MetricsAsync(tool), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clients_on_their_way_to_TLS_beyond_what_is_allowed_at_once_are_closed_before_they_are_greeted()
    {
        await using var service = new Peer(async socket =>
        {
            var stream = new NetworkStream(socket);
            await stream.WriteAsync("220 ready\r\n"u8.ToArray());
            await Peer.EchoAsync(stream);
        });
        await using var tool = await StartTlsAsync("smtp", service);
        for (var refused = 1; refused < 3; refused++)
        {
            await using var first = await PlainAsync(tool);
            await first.ReadExactlyAsync(new byte[4], Cancel);
            await using (var second = await PlainAsync(tool))
                Assert.Equal(0, await second.ReadAsync(new byte[1], Cancel));
            Assert.Contains($"lucidtls_kestrel_refused_connections_total {refused}\n", await MetricsAsync(tool), StringComparison.Ordinal);
            await tool.WaitForErrorAsync("max-concurrent-handshakes are under way");
            // Whoever goes has made room, whether the handshake failed
            await first.WriteAsync("QUIT\r\n"u8.ToArray(), Cancel);
            await first.CopyToAsync(Stream.Null, Cancel);
            // or is done.
            await using var third = await StartTlsProtocol.Smtp.ConnectAsync(await PlainAsync(tool), Options("a.example"), Cancel);
            await third.WriteAsync("NOOP\r\n"u8.ToArray(), Cancel);
            await third.ReadExactlyAsync(new byte[6], Cancel);
        }
    }

    [Fact]
    public async Task Nobody_is_connected_to_a_service_of_MySQL_beyond_what_is_allowed_at_once()
    {
        var connected = 0;
        await using var service = new Peer(async socket =>
        {
            Interlocked.Increment(ref connected);
            await Peer.EchoAsync(new NetworkStream(socket));
        });
        await using var tool = await StartTlsAsync("mysql", service);
        await using var first = await PlainAsync(tool);
        while (Volatile.Read(ref connected) == 0)
            await Task.Yield();
        await using var second = await PlainAsync(tool);
        Assert.Equal(0, await second.ReadAsync(new byte[1], Cancel));
        Assert.Equal(1, Volatile.Read(ref connected));
    }

    private static async Task<TlsAlert?> RefusalAsync(Tool tool, Issued client)
    {
        try
        {
            Assert.Contains("a page", await GetAsync(tool, "a.example", client.Identity), StringComparison.Ordinal);
            return null;
        }
        catch (Exception failure) when (failure is IOException or AuthenticationException)
        {
            return Assert.IsType<TlsException>(failure.InnerException).Alert;
        }
    }

    /// <summary>One client at a time may be on its way to TLS, in front of a service without.</summary>
    private Task<Tool> StartTlsAsync(string protocol, Peer service)
    {
        _folder.Write("serve.yaml", $"{{metrics: '127.0.0.1:0', services: [{{listen: '127.0.0.1:0', starttls: {protocol}, max-concurrent-handshakes: 1, handshake-timeout: 300, sites: [{{certificate: site.pem, to: 'tcp://127.0.0.1:{service.Port}'}}]}}]}}");
        return Tool.ConfiguredAsync(_folder.Path, _folder["serve.yaml"]);
    }

    private Task<Tool> StartAsync(string site, string service = "")
    {
        _folder.Write("serve.yaml", $"{{metrics: '127.0.0.1:0', services: [{{listen: '127.0.0.1:0', {service}sites: [{{certificate: site.pem, root: pages, {site}}}]}}]}}");
        return Tool.ConfiguredAsync(_folder.Path, _folder["serve.yaml"]);
    }
}
