using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;

namespace LucidTls.Cli.Serving;

/// <summary>Asks the service for what the client wrote, and says whom it is really talking to; what a client claims of that is replaced.</summary>
/// <param name="sendsCertificate">Whether it is told the client's certificate.</param>
internal sealed class ForwardedRequest(bool sendsCertificate) : HttpTransformer
{
    public override async ValueTask TransformRequestAsync(HttpContext context, HttpRequestMessage request, string destinationPrefix, CancellationToken cancellationToken)
    {
        // Not Request.Path, in which some escapes are read and others are not.
        if (!RequestTarget.TryResolve(destinationPrefix, context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget, out var uri))
        {
            // With a status set, nothing is asked of the service.
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }
        request.RequestUri = uri;
        // RFC 9440 §2.4, and not for Client-Cert alone: whoever sets these takes away what came under their names, also when it has nothing to say.
        ProxyHeaders.RemoveFrom(context.Request.Headers);
        await base.TransformRequestAsync(context, request, destinationPrefix, cancellationToken);
        Set(request, "X-Forwarded-For", context.Connection.RemoteIpAddress?.ToString());
        Set(request, "X-Forwarded-Proto", "https");
        Set(request, "X-Forwarded-Host", context.Request.Host.Value);
        Set(request, ClientCertificate.Header, sendsCertificate ? ClientCertificate.Leaf(context) : null);
        Set(request, ClientCertificate.ChainHeader, sendsCertificate ? ClientCertificate.Chain(context) : null);
        // The service sees the name that the visitor used, so that its links and redirects lead back here.
        request.Headers.Host = context.Request.Host.Value;
    }

    private static void Set(HttpRequestMessage request, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
            request.Headers.TryAddWithoutValidation(name, value);
    }
}
