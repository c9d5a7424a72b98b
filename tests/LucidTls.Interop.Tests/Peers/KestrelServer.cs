using LucidTls.AspNetCore;
using LucidTls.TestSupport.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LucidTls.Interop.Tests.Peers;

/// <summary>Kestrel over our TLS on loopback, what it logs (warnings and errors, and what our adapter says of handshakes), and how many requests it answered.</summary>
internal sealed class KestrelServer : IAsyncDisposable
{
    public const int LargeBody = 1_000_000;

    private static readonly byte[] Large = new byte[LargeBody];

    private LoopbackServer? _server;
    private long _requests;

    private LoopbackServer Server => _server!;

    public int Port => Server.Port;

    /// <summary>How many requests came.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    public IReadOnlyList<LogLine> Warnings => Server.Log.Problems;

    public LogLines Log => Server.Log;

    /// <summary>"/" is answered with a word, "/large" with a megabyte, a POST with the number of bytes that came; or all by a site, when there is one.</summary>
    public static Task<KestrelServer> StartAsync(TlsServerOptions options, Site? site = null) =>
        StartAsync(LoopbackServer.Listening(listen => listen.UseLucidTls(options)), site);

    /// <summary>The same by the configuration's endpoint "Https", which follows its files: <c>settings</c> are those of its section LucidTls.</summary>
    public static Task<KestrelServer> StartConfiguredAsync(params IEnumerable<(string Key, string? Value)> settings) => StartConfiguredAsync(null, 0, settings);

    /// <summary>The same with a site, and on that port.</summary>
    public static Task<KestrelServer> StartConfiguredAsync(Site? site, int port, params IEnumerable<(string Key, string? Value)> settings) =>
        StartAsync(LoopbackServer.Configured(settings, port), site);

    private static async Task<KestrelServer> StartAsync(Action<WebApplicationBuilder> listen, Site? site)
    {
        var server = new KestrelServer();
        server._server = await LoopbackServer.StartAsync(builder =>
        {
            builder.Logging.AddFilter("LucidTls.AspNetCore", LogLevel.Information);
            listen(builder);
        }, app =>
        {
            if (site == null)
                app.Run(server.AnswerAsync);
            else
                site.Map(app);
        }, LogLevel.Warning);
        return server;
    }

    public string Url(string path = "/") => Server.Url(path).AbsoluteUri;

    /// <summary>Waits until a line of our log holds that text.</summary>
    public Task WaitForLogAsync(string text) => Log.WaitForTextAsync(text);

    public ValueTask DisposeAsync() => Server.DisposeAsync();

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
}
