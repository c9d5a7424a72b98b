using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using LucidTls.TestSupport.Web;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LucidTls.AspNetCore.Tests;

/// <summary>What ASP.NET Core's features say is what they say over SslStream.</summary>
public sealed class FeatureTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<TlsCipherSuite> Suites =>
    [
        TlsCipherSuite.TLS_AES_128_GCM_SHA256,
        TlsCipherSuite.TLS_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    ];

    [Theory]
    [MemberData(nameof(Suites))]
    public async Task The_handshake_features_say_what_they_say_over_SslStream(TlsCipherSuite suite)
    {
        var facts = new List<string>();
        await using var server = await TestServer.StartAsync(context =>
        {
            facts.Add(Describe(context.Features));
            return context.Response.WriteAsync("well");
        }, null, endpoint => endpoint.UseLucidTls(TestServer.Options()), endpoint => endpoint.UseHttps(https => https.ServerCertificateSelector = (_, _) => TestPki.ServerCertificate));

        foreach (var port in server.Ports)
        {
            await using var tls = new TlsStream((await server.DialAsync(port)).GetStream());
            await tls.AuthenticateAsClientAsync(new TlsClientOptions { TargetHost = "localhost", CertificateVerifier = TestPki.Verifier, CipherSuites = [new CipherSuite((ushort)suite)] }, Cancel);
            await tls.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray(), Cancel);
            Assert.NotEqual(0, await tls.ReadAsync(new byte[100], Cancel));
        }

        Assert.Equal(facts[1], facts[0]);
        Assert.Contains(suite.ToString(), facts[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_client_certificate_stays_good_while_the_connection_lasts()
    {
        var options = TestServer.Options();
        options.ClientCertificateMode = ClientCertificateMode.Required;
        options.ClientCertificateVerifier = TestPki.Verifier;
        var seen = new List<X509Certificate2?>();
        await using var server = await TestServer.StartAsync(async context =>
        {
            seen.Add(context.Connection.ClientCertificate);
            seen.Add(await context.Connection.GetClientCertificateAsync());
            await context.Response.WriteAsync(seen[0]!.Subject);
        }, options);
        await using var connection = await server.ConnectAsync(SslApplicationProtocol.Http11, identity: TestPki.Issue("CN=A client"));

        await connection.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray(), Cancel);
        var answers = await new StreamReader(connection).ReadToEndAsync(Cancel);

        Assert.Equal(2, answers.Split("CN=A client").Length - 1);
        Assert.Equal(4, seen.Count);
        Assert.Single(seen.Distinct(ReferenceEqualityComparer.Instance));
    }

    [Fact]
    public async Task Without_a_client_certificate_there_is_none()
    {
        await using var server = await TestServer.StartAsync(async context =>
            await context.Response.WriteAsync($"{context.Connection.ClientCertificate is null} {await context.Connection.GetClientCertificateAsync() is null}"));
        using var client = TestServer.Client(new Version(2, 0));

        Assert.Equal("True True", await client.GetStringAsync(server.Url(), Cancel));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_is_asked_for_its_certificate_by_the_request_that_needs_it(bool hasCertificate)
    {
        await using var server = await StartAskingAsync();
        var asked = 0;
        await using var connection = new TlsStream((await server.DialAsync()).GetStream());
        await connection.AuthenticateAsClientAsync(new TlsClientOptions
        {
            TargetHost = "localhost",
            CertificateVerifier = TestPki.Verifier,
            ApplicationProtocols = [SslApplicationProtocol.Http11],
            PostHandshakeAuthentication = true,
            IdentitySelector = (_, _) =>
            {
                asked++;
                return new ValueTask<TlsIdentity?>(hasCertificate ? TestPki.Issue("CN=A client") : null);
            },
        }, Cancel);

        await connection.WriteAsync("GET /open HTTP/1.1\r\nHost: localhost\r\n\r\nGET /needs HTTP/1.1\r\nHost: localhost\r\n\r\nGET /needs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray(), Cancel);
        var answers = await new StreamReader(connection).ReadToEndAsync(Cancel);

        Assert.Contains("/open: nobody", answers, StringComparison.Ordinal);
        Assert.Equal(2, answers.Split(hasCertificate ? "/needs: CN=A client" : "/needs: nobody").Length - 1);
        Assert.Equal(1, asked);
        Assert.Empty(server.Log.Problems);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_client_that_does_not_offer_it_or_speaks_HTTP_2_is_not_asked(string version)
    {
        await using var server = await StartAskingAsync();
        using var client = TestServer.Client(Version.Parse(version));

        Assert.Equal("/needs: nobody", await client.GetStringAsync(server.Url("/needs"), Cancel));
    }

    private static Task<LoopbackServer> StartAskingAsync()
    {
        var options = TestServer.Options();
        options.PostHandshakeAuthentication = true;
        options.ClientCertificateVerifier = TestPki.Verifier;
        return TestServer.StartAsync(async context =>
        {
            var certificate = context.Request.Path == "/needs" ? await context.Connection.GetClientCertificateAsync() : context.Connection.ClientCertificate;
            await context.Response.WriteAsync($"{context.Request.Path}: {certificate?.Subject ?? "nobody"}");
        }, options);
    }

    [Fact]
    public async Task Middleware_may_set_the_client_certificate()
    {
        using var forwarded = TestPki.ServerCertificate;
        await using var server = await TestServer.StartAsync(async context =>
        {
            // As the middleware for certificates that a proxy forwards does.
            context.Connection.ClientCertificate = forwarded;
            await context.Response.WriteAsync($"{(await context.Connection.GetClientCertificateAsync())?.Subject}");
        });
        using var client = TestServer.Client(new Version(1, 1));

        Assert.Equal("CN=localhost", await client.GetStringAsync(server.Url(), Cancel));
    }

#pragma warning disable SYSLIB0058 // Obsolete, and still part of the interface.
    private static string Describe(IFeatureCollection features)
    {
        var handshake = features.GetRequiredFeature<ITlsHandshakeFeature>();
        return $"{handshake.Protocol} {handshake.NegotiatedCipherSuite} {handshake.HostName} {handshake.CipherAlgorithm} {handshake.CipherStrength} {handshake.HashAlgorithm} {handshake.HashStrength} "
            + $"{handshake.KeyExchangeAlgorithm} {handshake.KeyExchangeStrength}";
    }
#pragma warning restore SYSLIB0058
}
