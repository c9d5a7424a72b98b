using System.Net;
using LucidTls.AspNetCore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LucidTls.Http.Tests;

/// <summary>Whose TLS the server has.</summary>
public enum ServerTls
{
    Platform,
    Lucid,
}

/// <summary>Kestrel on free ports of loopback.</summary>
internal sealed class WebServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private WebServer(WebApplication app)
    {
        _app = app;
        Ports = [.. app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Select(address => BindingAddress.Parse(address).Port)];
    }

    /// <summary>An endpoint each, in the order of <c>listen</c>.</summary>
    public IReadOnlyList<int> Ports { get; }

    public int Port => Ports[0];

    public Uri Url(string path = "/") => new($"https://localhost:{Port}{path}");

    public static Task<WebServer> StartAsync(RequestDelegate handle, params Action<ListenOptions>[] listen) => StartAsync(_ => { }, app => app.Run(handle), listen);

    public static async Task<WebServer> StartAsync(Action<WebApplicationBuilder> build, Action<WebApplication> map, params Action<ListenOptions>[] listen)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(10));
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            foreach (var configure in listen.Length == 0 ? [Lucid()] : listen)
                kestrel.Listen(IPAddress.Loopback, 0, configure);
        });
        build(builder);
        var app = builder.Build();
        map(app);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new WebServer(app);
    }

    public static Action<ListenOptions> With(ServerTls tls, HttpProtocols protocols = HttpProtocols.Http1AndHttp2) => listen =>
    {
        listen.Protocols = protocols;
        if (tls == ServerTls.Platform)
            listen.UseHttps(Pki.ServerCertificate);
        else
            listen.UseLucidTls(Options());
    };

    public static Action<ListenOptions> Lucid(TlsServerOptions? options = null) => listen => listen.UseLucidTls(options ?? Options());

    public static TlsServerOptions Options() => new() { Identities = [Pki.Server] };

    /// <summary>Ends all connections in good order.</summary>
    public Task StopAsync() => _app.StopAsync(TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
