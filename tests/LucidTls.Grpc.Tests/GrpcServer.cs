using System.Collections.Concurrent;
using Grpc.Net.Client;
using LucidTls.AspNetCore;
using LucidTls.Certificates;
using LucidTls.Http;
using LucidTls.Sessions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LucidTls.Grpc.Tests;

/// <summary>A gRPC service over Kestrel and LucidTls on loopback, and the lines that LucidTls logs.</summary>
internal sealed class GrpcServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private GrpcServer(WebApplication app, HandshakeLog log)
    {
        _app = app;
        Log = log;
        var address = BindingAddress.Parse(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        Address = new Uri($"https://localhost:{address.Port}");
    }

    public Uri Address { get; }

    public HandshakeLog Log { get; }

    /// <summary>A service that proves to be spiffe://prod.example/stock and lets in whom its verifier accepts.</summary>
    public static Task<GrpcServer> StartAsync<TService>(TService service, string uri = "spiffe://prod.example/stock", params string[] accepted) where TService : class => StartAsync<TService>(builder =>
    {
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(service);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.Http2.MaxStreamsPerConnection = 1000;
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = HttpProtocols.Http2;
                listen.UseLucidTls(tls =>
                {
                    tls.Identities = [Spiffe.Service(uri)];
                    tls.ClientCertificateMode = ClientCertificateMode.Required;
                    tls.ClientCertificateVerifier = Verifier(accepted.Length == 0 ? ["spiffe://prod.example/"] : accepted);
                });
            });
        });
    });

    public static async Task<GrpcServer> StartAsync<TService>(Action<WebApplicationBuilder> build) where TService : class
    {
        var log = new HandshakeLog();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Debug).AddProvider(log);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(10));
        build(builder);
        var app = builder.Build();
        app.MapGrpcService<TService>();
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new GrpcServer(app, log);
    }

    /// <summary>A client that proves to be <paramref name="uri"/> and accepts nobody but <paramref name="server"/>.</summary>
    public GrpcChannel Connect(string uri = "spiffe://prod.example/shop", string server = "spiffe://prod.example/stock") => Connect(Client(uri, server));

    /// <summary>The options of a client that proves to be <paramref name="uri"/> and accepts nobody but <paramref name="server"/>.</summary>
    public static TlsClientOptions Client(string uri, string server) => new() { Identity = Spiffe.Service(uri), CertificateVerifier = Verifier(server), SessionCache = new TlsSessionCache() };

    public GrpcChannel Connect(TlsClientOptions tls, Action<TlsHttpTarget, TlsSessionInfo>? onConnected = null) => GrpcChannel.ForAddress(Address, new GrpcChannelOptions
    {
        HttpHandler = new LucidTlsHttpHandler(new LucidTlsHttpOptions
        {
            Tls = tls,
            OnConnected = onConnected,
            ConfigureEngine = engine =>
            {
                engine.UseProxy = false;
                engine.EnableMultipleHttp2Connections = true;
            },
        }),
        DisposeHttpClient = true,
    });

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static CertificateVerifier Verifier(params string[] accepted) => new(new CertificateVerifierOptions { TrustStore = Spiffe.TrustDomain, PeerUris = accepted });
}

/// <summary>Keeps what LucidTls logs.</summary>
internal sealed class HandshakeLog : ILoggerProvider
{
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly SemaphoreSlim _added = new(0);

    /// <summary>Waits for a line with that in it.</summary>
    public async Task<string> WaitAsync(string text)
    {
        while (true)
        {
            if (_lines.FirstOrDefault(line => line.Contains(text, StringComparison.Ordinal)) is { } found)
                return found;
            Assert.True(await _added.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken), $"Nothing was logged with \"{text}\", but:\n{string.Join('\n', _lines)}");
        }
    }

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName.StartsWith("LucidTls.", StringComparison.Ordinal));

    public void Dispose() => _added.Dispose();

    private sealed class Logger(HandshakeLog log, bool isOurs) : ILogger
    {
        public bool IsEnabled(LogLevel level) => isOurs;

        public void Log<TState>(LogLevel level, EventId id, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!isOurs)
                return;
            log._lines.Enqueue(formatter(state, exception));
            log._added.Release();
        }

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
    }
}
