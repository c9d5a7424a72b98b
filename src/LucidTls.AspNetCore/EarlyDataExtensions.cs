using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace LucidTls.AspNetCore;

/// <summary>Answers to requests that came as early data (0-RTT), by the rules of RFC 8470.</summary>
public static class EarlyDataExtensions
{
    private const string Header = "Early-Data";

    /// <summary>RFC 8470 §5.2.</summary>
    private const int TooEarly = 425;

    /// <summary>
    /// Lets endpoints that allow it (<see cref="AllowEarlyData"/>) answer before the handshake is done, where <see cref="TlsServerOptions.MaxEarlyDataSize"/> is set. Their requests
    /// then have the header <c>Early-Data: 1</c>, so that those behind them know. Requests to all other endpoints wait for the handshake; those that a proxy in front has marked with that header are
    /// answered 425 Too Early, since it is the proxy's client that must finish. Without this, early data waits for the handshake in any case.
    /// </summary>
    /// <param name="app">The application. Call this behind routing and in front of all that acts on requests.</param>
    public static IApplicationBuilder UseEarlyData(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.ServerFeatures.Set(new EarlyAnswers());
        return app.Use(static async (HttpContext context, RequestDelegate next) =>
        {
            var early = context.Features.Get<IEarlyDataFeature>();
            var isEarly = early is { IsHandshakeDone: false };
            var isMarked = context.Request.Headers.ContainsKey(Header);
            if ((isEarly || isMarked) && context.GetEndpoint()?.Metadata.GetMetadata<AllowEarlyDataAttribute>() == null)
            {
                if (isMarked)
                {
                    context.Response.StatusCode = TooEarly;
                    return;
                }
                await early!.WaitForHandshakeAsync(context.RequestAborted).ConfigureAwait(false);
                isEarly = false;
            }
            if (isEarly)
                context.Request.Headers[Header] = "1";
            await next(context).ConfigureAwait(false);
        });
    }

    /// <summary>Says of an endpoint that its requests may be answered from early data; see <see cref="AllowEarlyDataAttribute"/>.</summary>
    /// <param name="builder">The endpoint, or a group of them.</param>
    public static TBuilder AllowEarlyData<TBuilder>(this TBuilder builder) where TBuilder : IEndpointConventionBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Add(static endpoint => endpoint.Metadata.Add(new AllowEarlyDataAttribute()));
        return builder;
    }
}

/// <summary>Among the server's features: the application looks at each request that comes early.</summary>
internal sealed class EarlyAnswers;
