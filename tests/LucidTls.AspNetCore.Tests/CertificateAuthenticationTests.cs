using System.Net;
using System.Security.Claims;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Certificates;
using LucidTls.TestSupport.Web;
using Microsoft.AspNetCore.Authentication.Certificate;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using PlatformMode = Microsoft.AspNetCore.Server.Kestrel.Https.ClientCertificateMode;

namespace LucidTls.AspNetCore.Tests;

/// <summary>ASP.NET Core's authentication by client certificate, over LucidTls and over SslStream. TLS lets every client of these tests in, so that it is the middleware that decides.</summary>
public sealed class CertificateAuthenticationTests : IDisposable
{
    private const string Header = "X-Client-Cert";

    private readonly X509Certificate2 _issued = TestPki.IssueCertificate("CN=Alice", uri: new Uri("spiffe://prod.example/alice"));
    private readonly X509Certificate2 _expired = TestPki.IssueCertificate("CN=Alice", until: DateTimeOffset.UtcNow.AddMinutes(-5));
    private readonly X509Certificate2 _selfSigned = TestPki.SelfSigned("CN=Alice");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<bool, string> Servers => new() { { true, "1.1" }, { true, "2.0" }, { false, "1.1" }, { false, "2.0" } };

    public void Dispose()
    {
        _issued.Dispose();
        _expired.Dispose();
        _selfSigned.Dispose();
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task The_user_has_the_same_claims_over_both(string version)
    {
        await using var ours = await StartAsync(true);
        await using var platforms = await StartAsync(false);
        using var client = Client(_issued, version);

        var claims = await client.GetStringAsync(ours.Url("/claims"), Cancel);

        Assert.Equal(await client.GetStringAsync(platforms.Url("/claims"), Cancel), claims);
        Assert.Contains($"{ClaimTypes.Name}: Alice", claims, StringComparison.Ordinal);
        Assert.Contains($"{ClaimTypes.Thumbprint}: {_issued.Thumbprint}", claims, StringComparison.Ordinal);
        Assert.Contains($"{ClaimTypes.Uri}: spiffe://prod.example/alice", claims, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_chain_to_a_trusted_authority_is_accepted_and_none_is_forbidden(bool isOurs, string version)
    {
        await using var server = await StartAsync(isOurs);

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, _issued, version));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(server, null, version));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, null, version, "/open"));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Which_kind_of_certificate_is_accepted_is_the_middlewares_word(bool isOurs, string version)
    {
        await using (var chained = await StartAsync(isOurs, options => options.AllowedCertificateTypes = CertificateTypes.Chained))
            Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(chained, _selfSigned, version));
        await using var selfSigned = await StartAsync(isOurs, options => options.AllowedCertificateTypes = CertificateTypes.SelfSigned);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(selfSigned, _selfSigned, version));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(selfSigned, _issued, version));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task An_expired_one_is_forbidden_unless_validity_is_not_looked_at(bool isOurs, string version)
    {
        await using (var strict = await StartAsync(isOurs))
            Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(strict, _expired, version));
        await using var lax = await StartAsync(isOurs, options => options.ValidateValidityPeriod = false);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(lax, _expired, version));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task One_whose_revocation_cannot_be_looked_up_is_forbidden(bool isOurs, string version)
    {
        // It names no list and no responder.
        await using var server = await StartAsync(isOurs, options => options.RevocationMode = X509RevocationMode.Online);

        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(server, _issued, version));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task One_of_an_authority_that_the_middleware_does_not_trust_is_forbidden(bool isOurs, string version)
    {
        await using var server = await StartAsync(isOurs, options => options.CustomTrustStore.Clear());

        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(server, _issued, version));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task The_applications_own_check_decides_last(bool isOurs, string version)
    {
        await using var server = await StartAsync(isOurs, options => options.Events = new CertificateAuthenticationEvents
        {
            OnCertificateValidated = context =>
            {
                context.Fail($"{context.ClientCertificate.Subject} is not welcome.");
                return Task.CompletedTask;
            },
        });

        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(server, _issued, version));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_certificate_that_a_proxy_forwards_stands_for_the_connections(bool isOurs, string version)
    {
        await using var server = await StartAsync(isOurs);
        using var client = Client(null, version);
        client.DefaultRequestHeaders.Add(Header, Convert.ToBase64String(_issued.RawData));

        Assert.Contains($"{ClaimTypes.Thumbprint}: {_issued.Thumbprint}", await client.GetStringAsync(server.Url("/claims"), Cancel), StringComparison.Ordinal);
    }

    private Task<LoopbackServer> StartAsync(bool isOurs, Action<CertificateAuthenticationOptions>? configure = null) => LoopbackServer.StartAsync(builder =>
    {
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => Use(listen, isOurs)));
        builder.Services.AddCertificateForwarding(forwarding => forwarding.CertificateHeader = Header);
        builder.Services.AddAuthentication(CertificateAuthenticationDefaults.AuthenticationScheme).AddCertificate(options =>
        {
            options.AllowedCertificateTypes = CertificateTypes.All;
            options.ChainTrustValidationMode = X509ChainTrustMode.CustomRootTrust;
            options.CustomTrustStore = TestPki.ChainPolicy().CustomTrustStore;
            options.RevocationMode = X509RevocationMode.NoCheck;
            configure?.Invoke(options);
        });
        builder.Services.AddAuthorization();
    }, app =>
    {
        app.UseCertificateForwarding();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapGet("/open", () => "open");
        app.MapGet("/claims", (ClaimsPrincipal user) => string.Join('\n', user.Claims.Select(claim => $"{claim.Type}: {claim.Value} ({claim.ValueType}, {claim.Issuer})"))).RequireAuthorization();
    });

    private void Use(ListenOptions listen, bool isOurs)
    {
        if (!isOurs)
        {
            listen.UseHttps(TestPki.ServerCertificate, https =>
            {
                https.ClientCertificateMode = PlatformMode.AllowCertificate;
                https.ClientCertificateValidation = (_, _, _) => true;
            });
            return;
        }
        listen.UseLucidTls(tls =>
        {
            tls.Identities = [TestPki.Server];
            tls.ClientCertificateMode = ClientCertificateMode.Optional;
            tls.ClientCertificateVerifier = CertificateVerifier.FromRoots([TestPki.AuthorityDer, _selfSigned.RawData], new TenMinutesAgo());
        });
    }

    private static async Task<HttpStatusCode> StatusAsync(LoopbackServer server, X509Certificate2? certificate, string version, string path = "/claims")
    {
        using var client = Client(certificate, version);
        using var response = await client.GetAsync(server.Url(path), Cancel);
        return response.StatusCode;
    }

    private static HttpClient Client(X509Certificate2? certificate, string version)
    {
        var handler = new SocketsHttpHandler { UseProxy = false, SslOptions = { CertificateChainPolicy = TestPki.ChainPolicy(), TargetHost = "localhost" } };
        if (certificate != null)
        {
            handler.SslOptions.ClientCertificates = [certificate];
            handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate;
        }
        return new HttpClient(handler) { DefaultRequestVersion = Version.Parse(version), DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
    }

    /// <summary>A clock by which the expired certificate is good.</summary>
    private sealed class TenMinutesAgo : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddMinutes(-10);
    }
}
