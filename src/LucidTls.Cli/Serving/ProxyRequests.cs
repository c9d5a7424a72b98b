using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace LucidTls.Cli.Serving;

/// <summary>CONNECT asks a proxy for a way to somebody else (RFC 9110 §9.3.6), and nothing here is one.</summary>
internal static class ProxyRequests
{
    /// <summary>In front of everything that answers requests.</summary>
    public static void Refuse(WebApplication app) => app.Use((context, next) =>
    {
        // WebSockets come by CONNECT over HTTP/2, with a path (RFC 8441).
        if (!HttpMethods.IsConnect(context.Request.Method) || context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true })
            return next(context);
        context.Response.StatusCode = StatusCodes.Status501NotImplemented;
        context.Response.ContentType = "text/plain; charset=utf-8";
        // What a client sends behind it without having waited is no request.
        if (HttpProtocol.IsHttp11(context.Request.Protocol))
            context.Response.Headers[HeaderNames.Connection] = "close";
        return context.Response.WriteAsync("This is no proxy: CONNECT leads nowhere.\n");
    });
}
