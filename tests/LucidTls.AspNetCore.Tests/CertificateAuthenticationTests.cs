using System.Net;
using System.Security.Claims;
using System.Security.Cryptography.X509Certificates;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using PlatformMode = Microsoft.AspNetCore.Server.Kestrel.Https.ClientCertificateMode;

namespace LucidTls.AspNetCore.Tests;

/// <summary>Authentication and authorization by client certificate, over LucidTls and over SslStream.</summary>
public sealed class CertificateAuthenticationTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true, "1.1")]
    [InlineData(true, "2.0")]
    [InlineData(false, "1.1")]
    [InlineData(false, "2.0")]
    public async Task A_client_with_a_certificate_is_known_by_its_name(bool isOurs, string version)
    {
        await using var app = await StartAsync(isOurs);
        using var certificate = TestPki.IssueCertificate("CN=Alice");
        using var client = Client(certificate, version);

        Assert.Equal("Alice by Certificate", await client.GetStringAsync(app.Urls.First() + "/whoami", Cancel));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_without_a_certificate_is_let_in_and_forbidden_what_needs_one(bool isOurs)
    {
        await using var app = await StartAsync(isOurs);
        using var client = Client(null, "1.1");

        Assert.Equal("open", await client.GetStringAsync(app.Urls.First() + "/open", Cancel));
        using var refused = await client.GetAsync(new Uri(app.Urls.First() + "/whoami"), Cancel);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
    }

    private static async Task<WebApplication> StartAsync(bool isOurs)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            if (isOurs)
            {
                listen.UseLucidTls(tls =>
                {
                    tls.Identities = [TestPki.Server];
                    tls.ClientCertificateMode = ClientCertificateMode.Optional;
                    tls.ClientCertificateVerifier = TestPki.Verifier;
                });
            }
            else
            {
                listen.UseHttps(TestPki.ServerCertificate, https =>
                {
                    https.ClientCertificateMode = PlatformMode.AllowCertificate;
                    https.ClientCertificateValidation = (_, _, _) => true;
                });
            }
        }));
        builder.Services.AddAuthentication("Certificate").AddScheme<AuthenticationSchemeOptions, ByCertificate>("Certificate", null);
        builder.Services.AddAuthorization();
        var app = builder.Build();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapGet("/open", () => "open");
        app.MapGet("/whoami", (ClaimsPrincipal user) => $"{user.Identity!.Name} by {user.Identity.AuthenticationType}").RequireAuthorization();
        await app.StartAsync(Cancel);
        return app;
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

    /// <summary>Does what Microsoft.AspNetCore.Authentication.Certificate does: asks the connection, builds a chain, names the user by it.</summary>
    private sealed class ByCertificate(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder) : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
        {
            if (!Request.IsHttps)
                return AuthenticateResult.NoResult();
            if (await Context.Connection.GetClientCertificateAsync() is not { } certificate)
                return AuthenticateResult.NoResult();
            using var chain = new X509Chain { ChainPolicy = TestPki.ChainPolicy() };
            chain.ChainPolicy.ApplicationPolicy.Add(new System.Security.Cryptography.Oid("1.3.6.1.5.5.7.3.2"));
            if (!chain.Build(certificate))
                return AuthenticateResult.Fail("The certificate is not good.");
            var identity = new ClaimsIdentity([new Claim(ClaimTypes.Name, certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false))], Scheme.Name);
            return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), Scheme.Name));
        }

        protected override Task HandleChallengeAsync(AuthenticationProperties properties)
        {
            // There is no way to ask again: RFC 9110 has no challenge for certificates.
            Response.StatusCode = StatusCodes.Status403Forbidden;
            return Task.CompletedTask;
        }
    }
}
