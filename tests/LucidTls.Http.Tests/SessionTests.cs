using System.Net;
using LucidTls.Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace LucidTls.Http.Tests;

public sealed class SessionTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static Task Answer(HttpContext context) => context.Response.WriteAsync(context.Connection.ClientCertificate?.Subject ?? "nobody");

    [Theory]
    [MemberData(nameof(RequestTests.Servers), MemberType = typeof(RequestTests))]
    public async Task A_second_connection_resumes_the_session_of_the_first(ServerTls tls, string version)
    {
        await using var server = await WebServer.StartAsync(Answer, WebServer.With(tls));
        var shared = Clients.Tls();
        var connections = new Connections();

        // The sessions outlive the handlers, as they must under IHttpClientFactory.
        for (var i = 0; i < 2; i++)
        {
            using var client = Clients.Create(connections.Watch(Clients.Options(shared)), Version.Parse(version));
            Assert.Equal("nobody", await client.GetStringAsync(server.Url(), Cancel));
        }

        Assert.Equal([false, true], connections.All.Select(connection => connection.Session.Resumed));
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_client_proves_itself_with_its_certificate(string version)
    {
        await using var server = await WebServer.StartAsync(Answer, WebServer.Lucid(Demanding()));
        var tls = Clients.Tls();
        tls.Identity = Pki.Client("CN=A client");
        using var client = Clients.Create(Clients.Options(tls), Version.Parse(version));

        Assert.Equal("CN=A client", await client.GetStringAsync(server.Url(), Cancel));
    }

    [Fact]
    public async Task Each_server_can_have_its_own_options()
    {
        await using var strict = await WebServer.StartAsync(Answer, WebServer.Lucid(Demanding()));
        await using var lax = await WebServer.StartAsync(Answer, WebServer.Lucid(Demanding(ClientCertificateMode.Optional)));
        await using var other = await WebServer.StartAsync(Answer);
        var known = Clients.Tls();
        known.Identity = Pki.Client("CN=A client");
        var distrusting = Clients.Tls();
        distrusting.CertificateVerifier = CertificateVerifier.System;
        var options = Clients.Options();
        options.TlsOptionsSelector = (target, _) => new(target.Port == strict.Port ? known : target.Port == other.Port ? distrusting : null);
        using var client = Clients.Create(options);

        Assert.Equal("CN=A client", await client.GetStringAsync(strict.Url(), Cancel));
        Assert.Equal("nobody", await client.GetStringAsync(lax.Url(), Cancel));
        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(other.Url(), Cancel));
        Assert.Equal(HttpRequestError.SecureConnectionError, failure.HttpRequestError);
    }

    [Fact]
    public async Task Options_can_leave_out_HTTP_2()
    {
        await using var server = await WebServer.StartAsync(Answer);
        var tls = Clients.Tls();
        tls.ApplicationProtocols = [System.Net.Security.SslApplicationProtocol.Http11];
        using var client = Clients.Create(tls);
        client.DefaultRequestVersion = HttpVersion.Version20;
        using var request = new HttpRequestMessage(HttpMethod.Get, server.Url()) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };

        using var response = await client.GetAsync(server.Url(), Cancel);
        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.SendAsync(request, Cancel));

        Assert.Equal(HttpVersion.Version11, response.Version);
        Assert.NotNull(failure.Message);
    }

    [Fact]
    public async Task What_changes_after_the_handler_was_made_has_no_effect_on_it()
    {
        await using var server = await WebServer.StartAsync(Answer);
        var options = Clients.Options();
        using var client = Clients.Create(options);
        options.Tls.TargetHost = "elsewhere.example";

        Assert.Equal("nobody", await client.GetStringAsync(server.Url(), Cancel));
    }

    [Fact]
    public async Task IHttpClientFactory_makes_clients_over_LucidTls()
    {
        await using var server = await WebServer.StartAsync(Answer);
        var connections = new Connections();
        var services = new ServiceCollection();
        services.AddSingleton(connections);
        services.AddHttpClient("shop").UseLucidTls((provider, options) =>
        {
            options.Tls = Clients.Tls();
            options.ConfigureEngine = engine => engine.UseProxy = false;
            provider.GetRequiredService<Connections>().Watch(options);
        });
        services.AddHttpClient("strict").UseLucidTls(options => options.ConfigureEngine = engine => engine.UseProxy = false);
        await using var provider = services.BuildServiceProvider();
        var factory = provider.GetRequiredService<IHttpClientFactory>();

        for (var i = 0; i < 3; i++)
            Assert.Equal("nobody", await factory.CreateClient("shop").GetStringAsync(server.Url(), Cancel));
        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => factory.CreateClient("strict").GetAsync(server.Url(), Cancel));

        Assert.Single(connections.All);
        Assert.Equal(HttpRequestError.SecureConnectionError, failure.HttpRequestError);
    }

    [Fact]
    public async Task The_engine_can_be_traced()
    {
        using var listener = new InternalTrace();
        await using var server = await WebServer.StartAsync(Answer);
        using var client = Clients.Create();

        Assert.Equal("nobody", await client.GetStringAsync(server.Url(), Cancel));

        Assert.True(listener.SawEvents);
    }

    private static TlsServerOptions Demanding(ClientCertificateMode mode = ClientCertificateMode.Required)
    {
        var options = WebServer.Options();
        options.ClientCertificateMode = mode;
        options.ClientCertificateVerifier = Pki.Verifier;
        return options;
    }
}
