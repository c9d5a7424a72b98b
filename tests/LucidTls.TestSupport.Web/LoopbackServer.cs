using System.Net;
using System.Net.Sockets;
using LucidTls.AspNetCore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LucidTls.TestSupport.Web;

/// <summary>Kestrel on free ports of loopback, and all that it logs.</summary>
public sealed class LoopbackServer : IAsyncDisposable
{
    private const string Section = "Kestrel:Endpoints:Https:LucidTls:";

    private readonly WebApplication _app;

    private LoopbackServer(WebApplication app, LogLines log)
    {
        _app = app;
        Log = log;
        Addresses = [.. app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];
        Ports = [.. Addresses.Select(address => BindingAddress.Parse(address).Port)];
    }

    public LogLines Log { get; }

    public IServiceProvider Services => _app.Services;

    /// <summary>What Kestrel says it listens on.</summary>
    public IReadOnlyList<string> Addresses { get; }

    /// <summary>The ports, an endpoint each, in the order in which they were given.</summary>
    public IReadOnlyList<int> Ports { get; }

    public int Port => Ports[0];

    public Uri Url(string path = "/") => new($"https://localhost:{Port}{path}");

    /// <summary>A server with these endpoints that answers every request alike.</summary>
    public static Task<LoopbackServer> StartAsync(RequestDelegate handle, params Action<ListenOptions>[] listen) => StartAsync(Listening(listen), app => app.Run(handle));

    /// <summary>A server whose endpoint "Https" is the configuration's: <c>settings</c> are those of its section LucidTls.</summary>
    public static Task<LoopbackServer> StartConfiguredAsync(RequestDelegate handle, IEnumerable<(string Key, string? Value)> settings, LogLevel least = LogLevel.Debug) =>
        StartAsync(Configured(settings), app => app.Run(handle), least);

    /// <param name="build">Sets the host up.</param>
    /// <param name="map">Says what the application does.</param>
    /// <param name="least">What is less is not logged.</param>
    public static async Task<LoopbackServer> StartAsync(Action<WebApplicationBuilder> build, Action<WebApplication> map, LogLevel least = LogLevel.Debug)
    {
        var log = new LogLines();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().SetMinimumLevel(least).AddProvider(log);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(10));
        build(builder);
        var app = builder.Build();
        try
        {
            map(app);
            await app.StartAsync();
            return new LoopbackServer(app, log);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    /// <summary>Endpoints on free ports, in code.</summary>
    public static Action<WebApplicationBuilder> Listening(params Action<ListenOptions>[] listen) => builder => builder.WebHost.ConfigureKestrel(kestrel =>
    {
        foreach (var configure in listen)
            kestrel.Listen(IPAddress.Loopback, 0, configure);
    });

    /// <summary>The configuration's endpoint "Https", on that port or a free one.</summary>
    public static Action<WebApplicationBuilder> Configured(IEnumerable<(string Key, string? Value)> settings, int port = 0) => builder =>
    {
        builder.Configuration.AddInMemoryCollection(settings.Select(pair => KeyValuePair.Create(Section + pair.Key, pair.Value)).Prepend(new("Kestrel:Endpoints:Https:Url", $"https://127.0.0.1:{port}")));
        builder.WebHost.UseLucidTls();
    };

    /// <summary>Changes settings of a server of <see cref="StartConfiguredAsync"/>.</summary>
    public void Change(params IEnumerable<(string Key, string? Value)> settings)
    {
        foreach (var (key, value) in settings)
            _app.Configuration[Section + key] = value;
        ((IConfigurationRoot)_app.Configuration).Reload();
    }

    public async Task<TcpClient> DialAsync(int? port = null)
    {
        var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(IPAddress.Loopback, port ?? Port);
        return client;
    }

    /// <summary>Ends all connections in good order.</summary>
    public Task StopAsync() => _app.StopAsync();

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
