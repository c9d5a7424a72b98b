using System.Net;
using LucidTls.AspNetCore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;

namespace LucidTls.Cli.Serving;

/// <summary>A bare host for Kestrel, and what the tool answers itself.</summary>
internal static class FrontEnd
{
    /// <summary>How long the end waits beyond that for connections to be closed.</summary>
    private static readonly TimeSpan Closing = TimeSpan.FromSeconds(1);

    /// <summary>A host without anything of its own: neither the arguments nor files of the current folder configure it.</summary>
    /// <param name="verbose">Whether the host's own remarks are shown.</param>
    /// <param name="drain">How long what is open may go on once the host is to stop.</param>
    public static WebApplicationBuilder CreateBuilder(bool verbose, TimeSpan drain)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = [], ContentRootPath = AppContext.BaseDirectory, EnvironmentName = Environments.Production });
        builder.Configuration.Sources.Clear();
        builder.Logging.ClearProviders();
        builder.Logging.SetMinimumLevel(LogLevel.Debug);
        builder.Logging.AddProvider(new StderrLoggerProvider(verbose));
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = drain + Closing);
        return builder;
    }

    /// <summary>Answers with the files of a folder.</summary>
    public static RequestDelegate Files(WebApplication app, string root)
    {
        var files = new PhysicalFileProvider(root);
        var branch = ((IApplicationBuilder)app).New();
        branch.UseDefaultFiles(new DefaultFilesOptions { FileProvider = files });
        branch.UseStaticFiles(new StaticFileOptions { FileProvider = files, ServeUnknownFileTypes = true });
        branch.Run(NotFoundAsync);
        return branch.Build();
    }

    /// <summary>The page that shows visitors their own connection.</summary>
    public static Task ShowConnectionAsync(HttpContext context)
    {
        if (context.Request.Path != "/")
            return NotFoundAsync(context);
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            context.Response.Headers.Allow = "GET, HEAD";
            return Task.CompletedTask;
        }

        var session = context.Features.Get<ITlsSessionFeature>()!.Session;
        var client = context.Connection.RemoteIpAddress is { } address ? new IPEndPoint(address, context.Connection.RemotePort) : null;
        var view = new ConnectionView(session, client, context.Request.Protocol);
        var headers = context.Response.Headers;
        headers.CacheControl = "no-store";
        headers.Vary = HeaderNames.Accept;
        headers.XContentTypeOptions = "nosniff";
        var accept = context.Request.Headers.Accept.ToString();
        if (accept.Contains("text/html", StringComparison.OrdinalIgnoreCase))
        {
            headers.ContentType = "text/html; charset=utf-8";
            headers.ContentSecurityPolicy = ConnectionPage.ContentSecurityPolicy;
            return context.Response.WriteAsync(ConnectionPage.Render(view));
        }
        if (accept.Contains("application/json", StringComparison.OrdinalIgnoreCase))
        {
            headers.ContentType = "application/json";
            return context.Response.Body.WriteAsync(ConnectionText.RenderJson(view)).AsTask();
        }
        headers.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(ConnectionText.Render(view));
    }

    private static Task NotFoundAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync("There is nothing here.\n");
    }

    /// <summary>The command itself waits for signals.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
