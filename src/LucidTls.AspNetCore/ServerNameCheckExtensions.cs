using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace LucidTls.AspNetCore;

/// <summary>Holds the host that a request names against the one that its connection was opened for.</summary>
public static class ServerNameCheckExtensions
{
    /// <summary>
    /// Answers 421 Misdirected Request (RFC 9110 §15.5.20) to requests whose host is not the name that the TLS handshake asked for (SNI), or, where it asked
    /// for none, one that the certificate shown is for. Needed where names have rules of their own, about client certificates for example: without it a client can open a
    /// connection under one name and ask for another on it. Clients send such a request again on a connection of its own. Requests over other TLS than LucidTls or none pass.
    /// </summary>
    /// <param name="app">The application; what comes after this is guarded.</param>
    public static IApplicationBuilder UseServerNameCheck(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        return app.Use(static (HttpContext context, RequestDelegate next) =>
        {
            if (context.Features.Get<ITlsSessionFeature>() is not TlsConnectionFeatures features || features.IsFor(context.Request.Host.Host))
                return next(context);
            context.Response.StatusCode = StatusCodes.Status421MisdirectedRequest;
            return Task.CompletedTask;
        });
    }
}
