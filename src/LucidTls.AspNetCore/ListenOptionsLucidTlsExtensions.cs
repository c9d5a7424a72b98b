using System.Net.Security;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LucidTls.AspNetCore;

/// <summary>Puts LucidTls under a Kestrel endpoint.</summary>
public static class ListenOptionsLucidTlsExtensions
{
    /// <summary>
    /// Speaks TLS on this endpoint. HTTP runs on top of it as it does on UseHttps, HTTP/1.1 or HTTP/2 as ALPN decides;
    /// <see cref="ITlsSessionFeature"/> says what was agreed on.
    /// </summary>
    /// <param name="listenOptions">The endpoint.</param>
    /// <param name="options">
    /// What the server accepts and proves itself with. When <see cref="TlsOptions.ApplicationProtocols"/> is empty, a copy is used that
    /// offers "h2" and "http/1.1" according to <see cref="ListenOptions.Protocols"/>.
    /// </param>
    /// <exception cref="InvalidOperationException">The options are contradictory, or name no identity.</exception>
    public static ListenOptions UseLucidTls(this ListenOptions listenOptions, TlsServerOptions options)
    {
        ArgumentNullException.ThrowIfNull(listenOptions);
        ArgumentNullException.ThrowIfNull(options);
        options.DemandUsable();
        var logger = (listenOptions.ApplicationServices.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance).CreateLogger<TlsConnectionMiddleware>();
        listenOptions.Use(next =>
        {
            // Kestrel builds the pipeline when it binds, so Protocols has its final value here.
            var effective = WithApplicationProtocols(options, listenOptions.Protocols);
            return new TlsConnectionMiddleware(next, effective, isHttp: listenOptions.Protocols != HttpProtocols.None, logger).OnConnectionAsync;
        });

        // Marks the endpoint as one with TLS, so that its address begins with https and Kestrel does not take HTTP/2 for impossible.
        // Kestrel's own middleware steps aside when a connection has its TLS already.
        return listenOptions.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => throw new NotSupportedException("LucidTls serves HTTP/1.1 and HTTP/2; HTTP/3 needs an endpoint of its own, with UseHttps.") });
    }

    /// <summary>Speaks TLS on this endpoint.</summary>
    /// <param name="listenOptions">The endpoint.</param>
    /// <param name="configure">Sets what the server accepts and proves itself with.</param>
    /// <exception cref="InvalidOperationException">The options are contradictory, or name no identity.</exception>
    public static ListenOptions UseLucidTls(this ListenOptions listenOptions, Action<TlsServerOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        var options = new TlsServerOptions();
        configure(options);
        return listenOptions.UseLucidTls(options);
    }

    private static TlsServerOptions WithApplicationProtocols(TlsServerOptions options, HttpProtocols protocols)
    {
        if (options.ApplicationProtocols.Count > 0)
            return options;
        var offered = new List<SslApplicationProtocol>(2);
        if (protocols.HasFlag(HttpProtocols.Http2))
            offered.Add(SslApplicationProtocol.Http2);
        if (protocols.HasFlag(HttpProtocols.Http1))
            offered.Add(SslApplicationProtocol.Http11);
        if (offered.Count == 0)
            return options;
        var copy = options.Clone();
        copy.ApplicationProtocols = offered;
        return copy;
    }
}
