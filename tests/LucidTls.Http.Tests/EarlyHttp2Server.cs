using System.Collections.Concurrent;
using System.Net.Security;
using System.Runtime.CompilerServices;
using LucidTls.AspNetCore;
using LucidTls.TestSupport.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace LucidTls.Http.Tests;

/// <summary>Kestrel that takes early data, and remembers what it was asked.</summary>
internal sealed class EarlyHttp2Server : IAsyncDisposable
{
    private readonly LoopbackServer _server;
    private readonly StrongBox<TlsServerOptions> _options;

    private EarlyHttp2Server(LoopbackServer server, StrongBox<TlsServerOptions> options, ConcurrentQueue<string> requests)
    {
        _server = server;
        _options = options;
        Requests = requests;
    }

    /// <summary>Those of the connections to come.</summary>
    public TlsServerOptions Options { get => _options.Value!; set => _options.Value = value; }

    public int Port => _server.Port;

    public Uri Url(string path = "/") => _server.Url(path);

    /// <summary>Method and path of each request that was answered.</summary>
    public ConcurrentQueue<string> Requests { get; }

    /// <summary>Requests that may not happen twice and that were here before the handshake was done.</summary>
    public int Unsafe { get; private set; }

    /// <summary>Whether requests that came as early data are answered with 425.</summary>
    public bool FindsItTooEarly { get; set; }

    public static async Task<EarlyHttp2Server> StartAsync()
    {
        EarlyHttp2Server? self = null;
        var first = Taking();
        var options = new StrongBox<TlsServerOptions>(first);
        var listening = first.Clone();
        listening.OptionsSelector = (_, _) => new(options.Value);
        var requests = new ConcurrentQueue<string>();
        var connections = new ConcurrentDictionary<string, bool>();
        var server = await WebServer.StartAsync(app =>
        {
            app.UseRouting();
            app.UseEarlyData();
            app.MapFallback(Answer).AllowEarlyData();
        }, WebServer.Lucid(listening));
        return self = new EarlyHttp2Server(server, options, requests);

        async Task Answer(HttpContext context)
        {
            var early = context.Features.Get<IEarlyDataFeature>();
            var isFirst = connections.TryAdd(context.Connection.Id, true);
            if (early is { IsHandshakeDone: false } && context.Request.Method is not ("GET" or "HEAD" or "OPTIONS"))
                self!.Unsafe++;
            if (self!.FindsItTooEarly && early != null && (isFirst || !early.IsHandshakeDone))
            {
                context.Response.StatusCode = 425;
                return;
            }
            using var body = new StreamReader(context.Request.Body);
            var text = await body.ReadToEndAsync(context.RequestAborted);
            requests.Enqueue($"{context.Request.Method} {context.Request.Path}{text}");
            if (context.Request.Method != "HEAD")
                await context.Response.WriteAsync($"{context.Request.Protocol} {context.Request.Method} {context.Request.Path}{text}");
        }
    }

    private static TlsServerOptions Taking()
    {
        var options = WebServer.Options();
        options.MaxEarlyDataSize = 16 * 1024;
        options.ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11];
        return options;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
