using System.Collections.Concurrent;
using System.Net;
using LucidTls.AspNetCore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LucidTls.Interop.Tests.Peers;

/// <summary>Kestrel over our TLS on loopback, what it logs (warnings and errors, and what our adapter says of handshakes), and how many requests it answered.</summary>
internal sealed class KestrelServer : IAsyncDisposable
{
    public const int LargeBody = 1_000_000;

    private static readonly byte[] Large = new byte[LargeBody];

    private readonly WebApplication _app;
    private readonly Lines _lines;
    private long _requests;

    private KestrelServer(WebApplication app, Lines lines) => (_app, _lines) = (app, lines);

    public int Port { get; private set; }

    /// <summary>How many requests came.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    public IEnumerable<string> Warnings => _lines.All.Where(line => !line.StartsWith(nameof(LogLevel.Information), StringComparison.Ordinal));

    /// <summary>"/" is answered with a word, "/large" with a megabyte, a POST with the number of bytes that came; or all by a site, when there is one.</summary>
    public static Task<KestrelServer> StartAsync(TlsServerOptions options, Site? site = null) =>
        StartAsync(builder => builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseLucidTls(options))), site);

    /// <summary>The same by the configuration's endpoint "Https", which follows its files: <c>settings</c> are those of its section LucidTls.</summary>
    public static Task<KestrelServer> StartConfiguredAsync(params IEnumerable<(string Key, string? Value)> settings) => StartConfiguredAsync(null, 0, settings);

    /// <summary>The same with a site, and on that port.</summary>
    public static Task<KestrelServer> StartConfiguredAsync(Site? site, int port, params IEnumerable<(string Key, string? Value)> settings) => StartAsync(builder =>
    {
        builder.Configuration.AddInMemoryCollection(settings.Select(pair => KeyValuePair.Create($"Kestrel:Endpoints:Https:LucidTls:{pair.Key}", pair.Value)).Prepend(new("Kestrel:Endpoints:Https:Url", $"https://127.0.0.1:{port}")));
        builder.WebHost.UseLucidTls();
    }, site);

    private static async Task<KestrelServer> StartAsync(Action<WebApplicationBuilder> listen, Site? site)
    {
        var lines = new Lines();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Warning).AddFilter("LucidTls.AspNetCore", LogLevel.Information).AddProvider(lines);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(10));
        listen(builder);
        var app = builder.Build();
        var server = new KestrelServer(app, lines);
        if (site == null)
            app.Run(server.AnswerAsync);
        else
            site.Map(app);
        await app.StartAsync(TestContext.Current.CancellationToken);
        server.Port = BindingAddress.Parse(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;
        return server;
    }

    public string Url(string path = "/") => $"https://localhost:{Port}{path}";

    /// <summary>Waits until a line of the log holds that text.</summary>
    public async Task WaitForLogAsync(string text)
    {
        using var limit = new CancellationTokenSource(PeerProcess.Patience);
        while (!_lines.All.Any(line => line.Contains(text, StringComparison.Ordinal)))
        {
            Assert.False(limit.IsCancellationRequested, $"\"{text}\" did not come. The log:\n{string.Join('\n', _lines.All)}");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        Interlocked.Increment(ref _requests);
        if (HttpMethods.IsPost(context.Request.Method))
        {
            long length = 0;
            var buffer = new byte[4096];
            for (int count; (count = await context.Request.Body.ReadAsync(buffer)) > 0; length += count)
            {
                // Only counted.
            }
            await context.Response.WriteAsync($"{length} bytes");
        }
        else if (context.Request.Path == "/large")
        {
            await context.Response.Body.WriteAsync(Large);
        }
        else
        {
            await context.Response.WriteAsync("well");
        }
    }

    private sealed class Lines : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> All { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public bool IsEnabled(LogLevel level) => level >= LogLevel.Information;

        public void Log<TState>(LogLevel level, EventId id, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            All.Enqueue($"{level}: {formatter(state, exception)} {exception}");

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public void Dispose()
        {
        }
    }
}
