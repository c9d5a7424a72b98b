using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using LucidTls.AspNetCore.Configuration;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
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
    /// offers "h2" and "http/1.1" according to <see cref="ListenOptions.Protocols"/>; so it is with what <see cref="TlsServerOptions.OptionsSelector"/> gives.
    /// </param>
    /// <exception cref="InvalidOperationException">The options are contradictory, or name no identity.</exception>
    public static ListenOptions UseLucidTls(this ListenOptions listenOptions, TlsServerOptions options) => listenOptions.UseLucidTls(options, new LucidTlsEndpointOptions());

    /// <summary>Speaks TLS on this endpoint.</summary>
    /// <param name="listenOptions">The endpoint.</param>
    /// <param name="options">What the server accepts and proves itself with; see <see cref="UseLucidTls(ListenOptions, TlsServerOptions)"/>.</param>
    /// <param name="endpointOptions">What the endpoint does around TLS.</param>
    /// <exception cref="InvalidOperationException">The options are contradictory, or name no identity.</exception>
    public static ListenOptions UseLucidTls(this ListenOptions listenOptions, TlsServerOptions options, LucidTlsEndpointOptions endpointOptions)
    {
        ArgumentNullException.ThrowIfNull(listenOptions);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(endpointOptions);
        options.DemandUsable();
        return listenOptions.Use(protocols =>
        {
            var effective = WithApplicationProtocols(options, protocols);
            return () => effective;
        }, () => endpointOptions.MaxConcurrentHandshakes);
    }

    /// <summary>Speaks TLS on this endpoint as a section of the configuration says, and follows its changes and those of the files that it names.</summary>
    /// <param name="listenOptions">The endpoint.</param>
    /// <param name="section">The section; <c>docs/kestrel.md</c> says what stands in it.</param>
    /// <exception cref="InvalidOperationException">Something in it is wrong, or a file cannot be used; the message names the setting.</exception>
    public static ListenOptions UseLucidTls(this ListenOptions listenOptions, IConfigurationSection section)
    {
        ArgumentNullException.ThrowIfNull(listenOptions);
        ArgumentNullException.ThrowIfNull(section);
        return listenOptions.UseLucidTls(listenOptions.Configured(section));
    }

    internal static ConfiguredTls Configured(this ListenOptions listenOptions, IConfigurationSection section)
    {
        var contentRoot = listenOptions.ApplicationServices.GetService<IHostEnvironment>()?.ContentRootPath ?? Environment.CurrentDirectory;
        var configured = new ConfiguredTls(section, contentRoot, listenOptions.Logger<ConfiguredTls>());
        listenOptions.ApplicationServices.GetService<IHostApplicationLifetime>()?.ApplicationStopped.Register(() => _ = configured.DisposeAsync().AsTask());
        return configured;
    }

    internal static ListenOptions UseLucidTls(this ListenOptions listenOptions, ConfiguredTls configured) => listenOptions.Use(protocols =>
    {
        configured.Start(protocols);
        return () => configured.Current;
    }, () => configured.MaxConcurrentHandshakes);

    /// <param name="listenOptions">The endpoint.</param>
    /// <param name="start">Called when the endpoint is bound, with what it speaks; gives where the options of the next connection are.</param>
    /// <param name="mostHandshakes">How many handshakes may be under way at once.</param>
    private static ListenOptions Use(this ListenOptions listenOptions, Func<HttpProtocols, Func<TlsServerOptions>> start, Func<int?> mostHandshakes)
    {
        var logger = listenOptions.Logger<TlsConnectionMiddleware>();
        // Kestrel builds the pipeline when it binds, so Protocols has its final value then.
        var limit = new HandshakeLimit(mostHandshakes);
        var meters = new KestrelMeters(listenOptions.ApplicationServices.GetService<IMeterFactory>());
        // The pipeline is built from its end, so this is set before it is needed.
        ConnectionDelegate? afterTls = null;
        listenOptions.Use(_ => new TlsConnectionMiddleware(afterTls!, start(listenOptions.Protocols), limit, isHttp: listenOptions.Protocols != HttpProtocols.None, AnswersEarly, meters, logger).OnConnectionAsync);

        bool AnswersEarly() => listenOptions.ApplicationServices.GetService<IServer>()?.Features.Get<EarlyAnswers>() != null;

        // Marks the endpoint as one with TLS, so that its address begins with https and Kestrel does not take HTTP/2 for impossible. What it adds to the pipeline is
        // passed by: it would step aside, but be there for each connection.
        listenOptions.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => throw new NotSupportedException("LucidTls serves HTTP/1.1 and HTTP/2; HTTP/3 needs an endpoint of its own, with UseHttps.") });
        listenOptions.Use(next => afterTls = next);
        return listenOptions;
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

    private static ILogger<T> Logger<T>(this ListenOptions listenOptions) => (listenOptions.ApplicationServices.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance).CreateLogger<T>();

    private static TlsServerOptions WithApplicationProtocols(TlsServerOptions options, HttpProtocols protocols)
    {
        var offered = Alpn.Of(protocols);
        if (offered.Count == 0 || (options.ApplicationProtocols.Count > 0 && options.OptionsSelector == null))
            return options;
        var copy = options.Clone();
        if (options.ApplicationProtocols.Count == 0)
            copy.ApplicationProtocols = offered;
        if (options.OptionsSelector is { } select)
        {
            // One copy for each object that is selected, not for each connection.
            var copies = new ConditionalWeakTable<TlsServerOptions, TlsServerOptions>();
            copy.OptionsSelector = async (hello, cancellationToken) => await select(hello, cancellationToken).ConfigureAwait(false) is { } selected
                ? selected.ApplicationProtocols.Count > 0 ? selected : copies.GetValue(selected, Offering)
                : null;
        }
        return copy;

        TlsServerOptions Offering(TlsServerOptions selected)
        {
            // Changed from now on it would differ from its copy; so it is as if it were in use itself.
            selected.DemandUsable();
            selected.Freeze();
            var offering = selected.Clone();
            offering.ApplicationProtocols = offered;
            return offering;
        }
    }
}
