using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Samples;

namespace LucidTls.Http.Tests;

/// <summary>What docs/httpclient.md shows does what it says.</summary>
public sealed class SampleTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static Task Answer(HttpContext context) => context.Response.WriteAsync(context.Connection.ClientCertificate?.Subject ?? "nobody");

    [Fact]
    public async Task A_client_with_a_certificate_and_a_root_of_its_own_is_let_in()
    {
        var demanding = WebServer.Options();
        demanding.ClientCertificateMode = ClientCertificateMode.Required;
        demanding.ClientCertificateVerifier = Pki.Verifier;
        await using var server = await WebServer.StartAsync(Answer, WebServer.Lucid(demanding));
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var clientPem = Path.Combine(folder.FullName, "client.pem");
            var rootsPem = Path.Combine(folder.FullName, "roots.pem");
            using var certificate = Pki.Issue("CN=A client", names => names.AddDnsName("client.example"));
            using var key = System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions.GetECDsaPrivateKey(certificate)!;
            await File.WriteAllTextAsync(clientPem, certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n", Cancel);
            await File.WriteAllTextAsync(rootsPem, Pki.AuthorityPem + "\n", Cancel);

            using var client = HttpClients.Mutual(clientPem, rootsPem);

            Assert.Equal("CN=A client", await client.GetStringAsync(server.Url(), Cancel));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_failure_is_explained()
    {
        await using var server = await WebServer.StartAsync(Answer);
        using var client = HttpClients.Simplest();

        var explanation = await HttpClients.ExplainAsync(client, server.Url());

        Assert.Contains("Test authority", explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_the_selector_does_not_know_gets_the_common_options()
    {
        await using var server = await WebServer.StartAsync(Answer);
        var options = HttpClients.Watched(HttpClients.PerServer(new TlsClientOptions()));
        options.Tls = Clients.Tls();
        using var client = Clients.Create(HttpClients.Early(options));

        Assert.Equal("nobody", await client.GetStringAsync(server.Url(), Cancel));
    }

    [Fact]
    public void The_factory_has_the_handler()
    {
        var services = new ServiceCollection();
        HttpClients.WithFactory(services);
        using var provider = services.BuildServiceProvider();
        var handler = provider.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler("shop");
        while (handler is DelegatingHandler { InnerHandler: { } inner })
            handler = inner;

        Assert.IsType<LucidTlsHttpHandler>(handler);
    }

    [Fact]
    public void The_engine_takes_its_settings()
    {
        using var engine = new SocketsHttpHandler();

        HttpClients.Engine(new LucidTlsHttpOptions()).ConfigureEngine!(engine);

        Assert.True(engine.EnableMultipleHttp2Connections);
        Assert.NotNull(engine.Proxy);
    }
}
