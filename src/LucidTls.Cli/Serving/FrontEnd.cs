using System.Net;
using LucidTls.AspNetCore;
using LucidTls.Cli.Trust;
using LucidTls.StartTls;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;

namespace LucidTls.Cli.Serving;

/// <summary>What lies behind the TLS that <c>serve</c> speaks: exactly one of these, or the connection's own page.</summary>
/// <param name="Http">A plain HTTP service.</param>
/// <param name="Tcp">A TCP service.</param>
/// <param name="Root">A folder of files.</param>
internal sealed record Backend(Uri? Http, HostPort? Tcp, string? Root)
{
    /// <summary>The protocol that begins in plain text and turns to TLS, with a TCP service; null for TLS from the first byte.</summary>
    public StartTlsProtocol? StartTls { get; init; }

    /// <summary>Whether each connection comes from a proxy that says first whose it is.</summary>
    public bool ExpectsProxyHeader { get; init; }

    /// <summary>How a TCP service is told whose connection it gets; null for not at all.</summary>
    public ProxyVersion? SendProxyHeader { get; init; }

    /// <summary>A service by its URL: http://HOST:PORT or tcp://HOST:PORT; null for anything else.</summary>
    public static Backend? TryParse(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Host.Length == 0 || uri.UserInfo.Length > 0 || uri.Query.Length > 0 || uri.Fragment.Length > 0)
            return null;
        return uri.Scheme switch
        {
            "http" => new Backend(uri, null, null),
            "tcp" when uri.Port > 0 && uri.AbsolutePath is "/" or "" => new Backend(null, new HostPort(uri.IdnHost.Trim('[', ']'), uri.Port), null),
            _ => null,
        };
    }

    /// <summary>What passes on to a TCP service; null where there is none.</summary>
    public TcpForwarding? Forwarding() => Tcp is { } tcp ? new TcpForwarding(tcp, SendProxyHeader) : null;

    public override string ToString() => Http?.ToString() ?? (Tcp is { } tcp ? $"tcp://{tcp}" : Root ?? "its own page");
}

/// <summary>Kestrel with our TLS under it.</summary>
internal static class FrontEnd
{
    public static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(10);

    /// <summary>A host without anything of its own: neither the arguments nor files of the current folder configure it.</summary>
    public static WebApplicationBuilder CreateBuilder(bool verbose, TimeSpan drain)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = [], ContentRootPath = AppContext.BaseDirectory, EnvironmentName = Environments.Production });
        builder.Configuration.Sources.Clear();
        builder.Logging.ClearProviders();
        builder.Logging.SetMinimumLevel(LogLevel.Debug);
        builder.Logging.AddProvider(new StderrLoggerProvider(verbose));
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = drain);
        return builder;
    }

    public static WebApplication Build(IPEndPoint listen, TlsServerOptions tls, Backend backend, IPEndPoint? metricsAt, PrometheusMetrics? metrics, bool verbose)
    {
        var builder = CreateBuilder(verbose, DrainTimeout);
        if (backend.Http is not null)
            builder.Services.AddHttpForwarder();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            if (backend.Http is not null)
                kestrel.Limits.MaxRequestBodySize = null; // the service behind has its own
            kestrel.Listen(listen, endpoint => Use(endpoint, tls, backend, verbose));
            if (metricsAt is not null)
                MetricsEndpoint.Listen(kestrel, metricsAt);
        });

        var app = builder.Build();
        if (metrics is not null)
            MetricsEndpoint.Use(app, metrics);
        if (backend.Http is { } http)
            app.Run(HttpForwarding.To(app, http));
        else if (backend.Root is { } root)
            app.Run(Files(app, root));
        else
            app.Run(ShowConnectionAsync);
        return app;
    }

    private static void Use(ListenOptions endpoint, TlsServerOptions tls, Backend backend, bool verbose)
    {
        if (backend.ExpectsProxyHeader)
            endpoint.UseProxyProtocol(verbose);
        if (backend.Forwarding() is not { } forwarding)
        {
            endpoint.UseLucidTls(tls);
            return;
        }
        endpoint.Protocols = HttpProtocols.None;
        if (backend.StartTls is { } protocol)
        {
            endpoint.Run(new StartTlsFront(protocol, () => tls, _ => forwarding, MachineNames.Host, verbose).RunAsync);
            return;
        }
        endpoint.UseLucidTls(tls);
        endpoint.Run(forwarding.RunAsync);
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

    private static Task ShowConnectionAsync(HttpContext context)
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
