using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LucidTls.Cli.Serving;

/// <summary>Kestrel's transport under <see cref="Tunnel"/>.</summary>
internal static class TunnelHost
{
    /// <param name="listen">An address and port, or the path of a Unix socket.</param>
    /// <param name="metricsAt">Where /metrics is; null for nowhere.</param>
    /// <param name="metrics">What is shown there.</param>
    /// <param name="mostConnections">How many connections may be open at once.</param>
    /// <param name="drain">How long to wait for open connections at the end.</param>
    /// <param name="tunnel">Serves each connection.</param>
    /// <param name="expectsProxyHeader">Whether each connection comes from a proxy that says first whose it is.</param>
    /// <param name="verbose">Whether the host's own remarks are shown.</param>
    public static WebApplication Build(EndPoint listen, IPEndPoint? metricsAt, PrometheusMetrics? metrics, int mostConnections, TimeSpan drain, ConnectionDelegate tunnel, bool expectsProxyHeader, bool verbose)
    {
        var builder = FrontEnd.CreateBuilder(verbose, drain);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxConcurrentConnections = mostConnections;
            kestrel.Listen(listen, endpoint =>
            {
                endpoint.Protocols = HttpProtocols.None;
                if (expectsProxyHeader)
                    endpoint.UseProxyProtocol(verbose);
                endpoint.Use(_ => tunnel);
            });
            if (metricsAt is not null)
                MetricsEndpoint.Listen(kestrel, metricsAt);
        });
        var app = builder.Build();
        if (metrics is not null)
            MetricsEndpoint.Use(app, metrics);
        return app;
    }
}
