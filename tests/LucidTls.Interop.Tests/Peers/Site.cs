using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Security.Cryptography;
using LucidTls.AspNetCore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace LucidTls.Interop.Tests.Peers;

/// <summary>What a site saw of a request, and the session that it came by.</summary>
internal sealed record Visit(string Path, string Protocol, ITlsSessionFeature Tls);

/// <summary>A site with what browsers load: a page with a style, a script, an image and data; events, a WebSocket, a large download and upload. It notes its requests.</summary>
internal sealed class Site
{
    private const int Blocks = 100;

    private static readonly byte[] Block = RandomNumberGenerator.GetBytes(1_000_000);

    private const string Page = """
        <!doctype html><html lang="en"><head><meta charset="utf-8"><title>Site</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/style.css"></head>
        <body><p id="text">not yet</p><img id="image" src="/image.svg" alt=""><script src="/script.js"></script></body></html>
        """;

    private const string Script = """window.loaded = fetch("/data.json").then(answer => answer.json()).then(data => document.getElementById("text").textContent = data.text);""";

    public ConcurrentQueue<Visit> Visits { get; } = new();

    /// <summary>The SHA-256 of what "/download" gives: 100 MB.</summary>
    public static string DownloadHash { get; } = HashOfDownload();

    public void Map(WebApplication app)
    {
        app.UseRouting();
        app.Use((HttpContext context, RequestDelegate next) =>
        {
            // Browsers ask for it when it suits them.
            if (context.Request.Path != "/favicon.ico")
                Visits.Enqueue(new Visit(context.Request.Path, context.Request.Protocol, context.Features.GetRequiredFeature<ITlsSessionFeature>()));
            context.Response.Headers.CacheControl = "no-store";
            return next(context);
        });
        app.UseWebSockets();
        app.MapGet("/", () => Results.Text(Page, "text/html"));
        app.MapGet("/style.css", () => Results.Text("#text { color: rgb(1, 2, 3) }", "text/css"));
        app.MapGet("/script.js", () => Results.Text(Script, "text/javascript"));
        app.MapGet("/image.svg", () => Results.Text("""<svg xmlns="http://www.w3.org/2000/svg" width="31" height="17"/>""", "image/svg+xml"));
        app.MapGet("/data.json", () => Results.Text("""{ "text": "all is there" }""", "application/json"));
        app.MapGet("/whoami", (HttpContext context) => Results.Text(context.Connection.ClientCertificate?.Thumbprint ?? "nobody"));
        app.MapGet("/leave", Leave);
        app.MapGet("/events", SendEventsAsync);
        app.Map("/echo", EchoAsync);
        app.MapGet("/download", DownloadAsync);
        app.MapPost("/upload", (Delegate)UploadAsync);
    }

    /// <summary>The connection is closed after the answer.</summary>
    private static ContentHttpResult Leave(HttpContext context)
    {
        context.Features.GetRequiredFeature<IConnectionLifetimeNotificationFeature>().RequestClose();
        return TypedResults.Text("""<!doctype html><title>Bye</title><link rel="icon" href="data:,">""", "text/html");
    }

    /// <summary>Three events, and no end until the browser or the server goes.</summary>
    private static async Task SendEventsAsync(HttpContext context)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, context.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);
        context.Response.ContentType = "text/event-stream";
        await context.Response.WriteAsync("retry: 300\n\n");
        for (var i = 1; i <= 3; i++)
        {
            await context.Response.WriteAsync($"data: {i}\n\n");
            await context.Response.Body.FlushAsync();
        }
        await Task.Delay(Timeout.Infinite, end.Token).ContinueWith(_ => { }, TaskScheduler.Default);
    }

    private static async Task EchoAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[16 * 1024];
        while (true)
        {
            var part = await socket.ReceiveAsync(buffer, context.RequestAborted);
            if (part.MessageType == WebSocketMessageType.Close)
                break;
            await socket.SendAsync(buffer.AsMemory(0, part.Count), part.MessageType, part.EndOfMessage, context.RequestAborted);
        }
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", context.RequestAborted);
    }

    private static async Task DownloadAsync(HttpContext context)
    {
        context.Response.ContentLength = (long)Blocks * Block.Length;
        for (var i = 0; i < Blocks; i++)
            await context.Response.Body.WriteAsync(Block, context.RequestAborted);
    }

    /// <summary>Answers with the SHA-256 of what came.</summary>
    private static async Task<string> UploadAsync(HttpContext context)
    {
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
        return Convert.ToHexString(await SHA256.HashDataAsync(context.Request.Body, context.RequestAborted));
    }

    private static string HashOfDownload()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var i = 0; i < Blocks; i++)
            hash.AppendData(Block);
        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
