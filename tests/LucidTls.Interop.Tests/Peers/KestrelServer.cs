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

/// <summary>Kestrel over our TLS on a free port of loopback, the warnings and errors that it logs, and how many requests it answered.</summary>
internal sealed class KestrelServer : IAsyncDisposable
{
    public const int LargeBody = 1_000_000;

    private static readonly byte[] Large = new byte[LargeBody];

    private readonly WebApplication _app;
    private readonly Problems _problems;
    private long _requests;

    private KestrelServer(WebApplication app, Problems problems) => (_app, _problems) = (app, problems);

    public int Port { get; private set; }

    /// <summary>How many requests came.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    public IReadOnlyCollection<string> Warnings => _problems.Lines;

    /// <summary>"/" is answered with a word, "/large" with a megabyte, a POST with the number of bytes that came.</summary>
    public static Task<KestrelServer> StartAsync(TlsServerOptions options) =>
        StartAsync(builder => builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseLucidTls(options))));

    /// <summary>The same by the configuration's endpoint "Https", which follows its files: <c>settings</c> are those of its section LucidTls.</summary>
    public static Task<KestrelServer> StartConfiguredAsync(params IEnumerable<(string Key, string? Value)> settings) => StartAsync(builder =>
    {
        builder.Configuration.AddInMemoryCollection(settings.Select(pair => KeyValuePair.Create($"Kestrel:Endpoints:Https:LucidTls:{pair.Key}", pair.Value)).Prepend(new("Kestrel:Endpoints:Https:Url", "https://127.0.0.1:0")));
        builder.WebHost.UseLucidTls();
    });

    private static async Task<KestrelServer> StartAsync(Action<WebApplicationBuilder> listen)
    {
        var problems = new Problems();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Warning).AddProvider(problems);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(10));
        listen(builder);
        var app = builder.Build();
        var server = new KestrelServer(app, problems);
        app.Run(server.AnswerAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        server.Port = BindingAddress.Parse(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;
        return server;
    }

    public string Url(string path = "/") => $"https://localhost:{Port}{path}";

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

    private sealed class Problems : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public bool IsEnabled(LogLevel level) => level >= LogLevel.Warning;

        public void Log<TState>(LogLevel level, EventId id, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue($"{level}: {formatter(state, exception)} {exception}");

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public void Dispose()
        {
        }
    }
}
