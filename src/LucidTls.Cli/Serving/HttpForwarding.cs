using System.Diagnostics;
using System.Net;
using LucidTls.Cli.Reporting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Forwarder;

namespace LucidTls.Cli.Serving;

/// <summary>Passes requests on to a plain HTTP service, WebSockets and streams included.</summary>
internal static class HttpForwarding
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    public static RequestDelegate To(WebApplication app, Uri destination)
    {
        var forwarder = app.Services.GetRequiredService<IHttpForwarder>();
        var client = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            ActivityHeadersPropagator = DistributedContextPropagator.CreateNoOutputPropagator(),
            ConnectTimeout = ConnectTimeout,
        });
        app.Lifetime.ApplicationStopped.Register(client.Dispose);
        var request = new ForwarderRequestConfig { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionOrLower };
        return async context =>
        {
            var error = await forwarder.SendAsync(context, destination.AbsoluteUri, client, request, ForwardedHeaders.Instance);
            if (error == ForwarderError.None)
                return;
            var cause = context.Features.Get<IForwarderErrorFeature>()?.Exception;
            if (error is not (ForwarderError.RequestCanceled or ForwarderError.RequestBodyCanceled or ForwarderError.ResponseBodyCanceled or ForwarderError.UpgradeRequestCanceled or ForwarderError.UpgradeResponseCanceled))
                Terminal.MarkupLine($"[yellow]warning:[/] {Terminal.Escape($"{context.Request.Method} {context.Request.Path} could not be passed on to {destination}: {cause?.Message ?? error.ToString()}")}");
            if (context.Response.HasStarted)
                return;
            context.Response.ContentType = "text/plain; charset=utf-8";
            await context.Response.WriteAsync($"TLS to lucidtls works, but the service behind it does not answer properly ({error}). lucidtls says more on its terminal.\n");
        };
    }

    /// <summary>Says whom the service is really talking to; what a client claims of that is replaced.</summary>
    private sealed class ForwardedHeaders : HttpTransformer
    {
        public static readonly ForwardedHeaders Instance = new();

        public override async ValueTask TransformRequestAsync(HttpContext context, HttpRequestMessage request, string destinationPrefix, CancellationToken cancellationToken)
        {
            await base.TransformRequestAsync(context, request, destinationPrefix, cancellationToken);
            Set(request, "Forwarded", null);
            Set(request, "X-Forwarded-For", context.Connection.RemoteIpAddress?.ToString());
            Set(request, "X-Forwarded-Proto", "https");
            Set(request, "X-Forwarded-Host", context.Request.Host.Value);
            // The service sees the name that the visitor used, so that its links and redirects lead back here.
            request.Headers.Host = context.Request.Host.Value;
        }

        private static void Set(HttpRequestMessage request, string name, string? value)
        {
            request.Headers.Remove(name);
            if (!string.IsNullOrEmpty(value))
                request.Headers.TryAddWithoutValidation(name, value);
        }
    }
}
