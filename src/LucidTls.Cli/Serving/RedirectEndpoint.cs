using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LucidTls.Cli.Serving;

/// <summary>A plain HTTP endpoint that sends everybody on to https.</summary>
internal static class RedirectEndpoint
{
    private const int HttpsPort = 443;

    /// <param name="kestrel">The server.</param>
    /// <param name="endpoint">Where plain HTTP comes.</param>
    /// <param name="service">Whose requests they are.</param>
    public static void Listen(KestrelServerOptions kestrel, IPEndPoint endpoint, int service) => kestrel.Listen(endpoint, listen =>
    {
        listen.Protocols = HttpProtocols.Http1;
        listen.Use(next => connection =>
        {
            connection.Features.Set(new Mark(service));
            return next(connection);
        });
    });

    /// <summary>In front of everything else that answers requests but the metrics.</summary>
    /// <param name="app">The application.</param>
    /// <param name="portOf">The port of a service when it serves a host; null when it does not.</param>
    public static void Use(WebApplication app, Func<int, string, int?> portOf) => app.Use((context, next) =>
    {
        if (context.Features.Get<Mark>() is not { } mark)
            return next(context);
        var host = context.Request.Host.Host;
        // Nobody is sent to a host that is not served here, whatever a request names.
        if (host.Length == 0 || portOf(mark.Service, host.TrimEnd('.')) is not { } port)
        {
            context.Response.StatusCode = StatusCodes.Status421MisdirectedRequest;
            return Task.CompletedTask;
        }
        context.Response.StatusCode = StatusCodes.Status308PermanentRedirect;
        context.Response.Headers.Location = UriHelper.BuildAbsolute("https", port == HttpsPort ? new HostString(host) : new HostString(host, port), path: context.Request.PathBase + context.Request.Path, query: context.Request.QueryString);
        return Task.CompletedTask;
    });

    private sealed record Mark(int Service);
}
