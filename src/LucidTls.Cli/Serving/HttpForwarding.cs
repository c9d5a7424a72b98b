using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using LucidTls.Cli.Reporting;
using LucidTls.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Forwarder;

namespace LucidTls.Cli.Serving;

/// <summary>Passes requests on to HTTP services, WebSockets and streams included; to those of https over TLS of our own, with their certificates verified.</summary>
internal sealed class HttpForwarding
{
    /// <summary>With several services, how long a connection lives: one that went to another since its own was down goes home then.</summary>
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(1);

    private readonly IHttpForwarder _forwarder;
    private readonly IReadOnlyList<string> _addresses;
    private readonly Upstreams _upstreams;
    private readonly HttpMessageInvoker _client;
    private readonly ForwarderRequestConfig _request;
    private readonly ForwardedRequest _transform;

    public HttpForwarding(WebApplication app, Backend backend, Upstreams upstreams)
    {
        _forwarder = app.Services.GetRequiredService<IHttpForwarder>();
        _addresses = backend.Addresses;
        _upstreams = upstreams;
        _transform = new ForwardedRequest(backend.SendClientCertificate);
        _request = RequestOf(backend);
        _client = ClientOf(upstreams.Tls, Configure);
    }

    // HTTP/2 without TLS has to be known beforehand; with TLS the service says by ALPN whether it has it.
    public static ForwarderRequestConfig RequestOf(Backend backend) => new()
    {
        Version = backend.HasTls || backend.IsClearHttp2 ? HttpVersion.Version20 : HttpVersion.Version11,
        VersionPolicy = backend.IsClearHttp2 ? HttpVersionPolicy.RequestVersionExact : HttpVersionPolicy.RequestVersionOrLower,
    };

    /// <param name="tls">What is demanded of the services; null for no TLS.</param>
    /// <param name="configure">How they are connected to.</param>
    public static HttpMessageInvoker ClientOf(ClientTls? tls, Action<SocketsHttpHandler> configure)
    {
        if (tls is not null)
            return new HttpMessageInvoker(new LucidTlsHttpHandler(new LucidTlsHttpOptions { TlsOptionsSelector = (_, _) => ValueTask.FromResult<TlsClientOptions?>(tls.Current), ConfigureEngine = Prepare }));
        var engine = new SocketsHttpHandler();
        Prepare(engine);
        return new HttpMessageInvoker(engine);

        void Prepare(SocketsHttpHandler engine)
        {
            engine.UseProxy = false;
            engine.AllowAutoRedirect = false;
            engine.AutomaticDecompression = DecompressionMethods.None;
            engine.UseCookies = false;
            engine.ActivityHeadersPropagator = DistributedContextPropagator.CreateNoOutputPropagator();
            configure(engine);
        }
    }

    /// <param name="context">The request.</param>
    /// <param name="idle">How long the service and the client may be silent.</param>
    public async Task AnswerAsync(HttpContext context, TimeSpan idle)
    {
        // What asks the service would make a path of it, which is another question.
        if (RequestTarget.IsWholeServer(context.Request.Method, context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget))
        {
            context.Response.StatusCode = StatusCodes.Status501NotImplemented;
            context.Response.ContentType = "text/plain; charset=utf-8";
            await context.Response.WriteAsync("OPTIONS * is not passed on to the service behind lucidtls. Ask for a path.\n");
            return;
        }
        var service = _addresses[_upstreams.Next()];
        var error = await _forwarder.SendAsync(context, service, _client, _request with { ActivityTimeout = Countable(idle) }, _transform);
        if (error == ForwarderError.None)
            return;
        var cause = context.Features.Get<IForwarderErrorFeature>()?.Exception;
        if (error is not (ForwarderError.RequestCanceled or ForwarderError.RequestBodyCanceled or ForwarderError.ResponseBodyCanceled or ForwarderError.UpgradeRequestCanceled or ForwarderError.UpgradeResponseCanceled))
            ConnectionLog.Failed($"{context.Request.Method} {context.Request.Path} could not be passed on to {service}: {cause?.Message ?? error.ToString()}");
        if (context.Response.HasStarted)
            return;
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync($"TLS to lucidtls works, but the service behind it does not answer properly ({error}). lucidtls says more on its terminal.\n");
    }

    // The forwarder counts milliseconds in 31 bits, so that what is longer than 24 days is as good as any time.
    private static TimeSpan Countable(TimeSpan idle) => idle.TotalMilliseconds > int.MaxValue ? Timeout.InfiniteTimeSpan : idle;

    private void Configure(SocketsHttpHandler engine)
    {
        engine.EnableMultipleHttp2Connections = true;
        if (_upstreams.Count > 1)
            engine.PooledConnectionLifetime = ConnectionLifetime;
        engine.ConnectCallback = ConnectAsync;
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        try
        {
            var dialed = await _upstreams.ConnectAsync(_upstreams.IndexOf(context.DnsEndPoint.Host, context.DnsEndPoint.Port), cancellationToken);
            return new NetworkStream(dialed.Socket, ownsSocket: true);
        }
        catch (CliException failure)
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, failure.Message, failure);
        }
    }
}
