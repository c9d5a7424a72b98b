using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LucidTls.Cli.Serving;

/// <summary>A plain HTTP endpoint with /metrics for Prometheus, beside what the tool serves.</summary>
internal static class MetricsEndpoint
{
    public static void Listen(KestrelServerOptions kestrel, IPEndPoint endpoint) => kestrel.Listen(endpoint, listen =>
    {
        listen.Protocols = HttpProtocols.Http1;
        // What comes in here is told apart by this from what comes in elsewhere.
        listen.Use(next => connection =>
        {
            connection.Features.Set(Mark.Instance);
            return next(connection);
        });
    });

    /// <summary>In front of everything else that answers requests.</summary>
    public static void Use(WebApplication app, PrometheusMetrics metrics) => app.Use((context, next) =>
    {
        if (context.Features.Get<Mark>() is null)
            return next(context);
        if (context.Request.Path != "/metrics" || !HttpMethods.IsGet(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return context.Response.WriteAsync("GET /metrics is all there is.\n");
        }
        context.Response.ContentType = PrometheusMetrics.ContentType;
        return context.Response.WriteAsync(metrics.Render());
    });

    private sealed class Mark
    {
        public static readonly Mark Instance = new();
    }
}
