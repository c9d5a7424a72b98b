using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
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

namespace LucidTls.AspNetCore.Tests;

/// <summary>Kestrel on a free port of loopback, and all that it logs.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private const string Section = "Kestrel:Endpoints:Https:LucidTls:";

    private readonly WebApplication _app;

    private TestServer(WebApplication app, LogLines log)
    {
        _app = app;
        Log = log;
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        Addresses = [.. addresses];
        Ports = [.. addresses.Select(address => BindingAddress.Parse(address).Port)];
    }

    public LogLines Log { get; }

    /// <summary>What Kestrel says it listens on.</summary>
    public IReadOnlyList<string> Addresses { get; }

    /// <summary>The ports, an endpoint each, in the order of <c>listen</c>.</summary>
    public IReadOnlyList<int> Ports { get; }

    public int Port => Ports[0];

    public static TlsServerOptions Options() => new() { Identities = [TestPki.Server] };

    public static Task<TestServer> StartAsync(RequestDelegate handle, TlsServerOptions? options = null, params Action<ListenOptions>[] listen)
    {
        if (listen.Length == 0)
            listen = [endpoint => endpoint.UseLucidTls(options ?? Options())];
        return StartAsync(app => app.Run(handle), listen);
    }

    /// <summary>With an application of several parts.</summary>
    public static async Task<TestServer> StartAsync(Action<WebApplication> build, params Action<ListenOptions>[] listen)
    {
        var log = new LogLines();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Debug).AddProvider(log);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(10));
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            foreach (var configure in listen)
                kestrel.Listen(IPAddress.Loopback, 0, configure);
        });
        var app = builder.Build();
        build(app);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new TestServer(app, log);
    }

    /// <summary>A server whose endpoint "Https" is the configuration's: <c>settings</c> are those of its section LucidTls.</summary>
    public static async Task<TestServer> StartConfiguredAsync(RequestDelegate handle, params IEnumerable<(string Key, string? Value)> settings)
    {
        var log = new LogLines();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Debug).AddProvider(log);
        builder.Configuration.AddInMemoryCollection(settings.Select(pair => KeyValuePair.Create(Section + pair.Key, pair.Value)).Prepend(new("Kestrel:Endpoints:Https:Url", "https://127.0.0.1:0")));
        builder.WebHost.UseLucidTls();
        var app = builder.Build();
        app.Run(handle);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new TestServer(app, log);
    }

    /// <summary>Changes settings of a server of <see cref="StartConfiguredAsync"/>.</summary>
    public void Change(params IEnumerable<(string Key, string? Value)> settings)
    {
        foreach (var (key, value) in settings)
            _app.Configuration[Section + key] = value;
        ((IConfigurationRoot)_app.Configuration).Reload();
    }

    public Task StopAsync() => _app.StopAsync(TestContext.Current.CancellationToken);

    public async Task<TcpClient> DialAsync(int? port = null)
    {
        var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(IPAddress.Loopback, port ?? Port, TestContext.Current.CancellationToken);
        return client;
    }

    /// <summary>A connection with our own client, which reports a missing close_notify.</summary>
    public async Task<TlsStream> ConnectAsync(SslApplicationProtocol? protocol = null, int? port = null, TlsIdentity? identity = null, string name = "localhost")
    {
        var stream = new TlsStream((await DialAsync(port)).GetStream());
        var options = new TlsClientOptions { TargetHost = name, CertificateVerifier = TestPki.Verifier, Identity = identity };
        if (protocol is { } wanted)
            options.ApplicationProtocols = [wanted];
        await stream.AuthenticateAsClientAsync(options, TestContext.Current.CancellationToken);
        return stream;
    }

    /// <summary>HttpClient over the platform's TLS.</summary>
    public static HttpClient Client(Version version)
    {
        var handler = new SocketsHttpHandler { UseProxy = false, SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = TestPki.ChainPolicy() } };
        return new HttpClient(handler) { DefaultRequestVersion = version, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
    }

    public string Url(string path = "/") => $"https://localhost:{Port}{path}";

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}

/// <summary>Keeps the lines that are logged.</summary>
internal sealed class LogLines : ILoggerProvider
{
    private readonly ConcurrentQueue<LogLine> _lines = new();
    private readonly SemaphoreSlim _added = new(0);

    public IReadOnlyList<LogLine> Ours => [.. _lines.Where(line => line.Category.StartsWith("LucidTls.", StringComparison.Ordinal))];

    public IReadOnlyList<LogLine> Problems => [.. _lines.Where(line => line.Level >= LogLevel.Warning)];

    /// <summary>Waits for our line of that name, or for as many of them.</summary>
    public async Task<LogLine> WaitAsync(string name, int count = 1)
    {
        while (true)
        {
            if (Ours.Where(line => line.Name == name).ElementAtOrDefault(count - 1) is { } found)
                return found;
            await _added.WaitAsync(TestContext.Current.CancellationToken);
        }
    }

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose() => _added.Dispose();

    private sealed class Logger(LogLines lines, string category) : ILogger
    {
        public bool IsEnabled(LogLevel level) => true;

        public void Log<TState>(LogLevel level, EventId id, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lines._lines.Enqueue(new LogLine(category, level, id.Name ?? "", formatter(state, exception), exception));
            lines._added.Release();
        }

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
    }
}

internal sealed record LogLine(string Category, LogLevel Level, string Name, string Text, Exception? Exception);
