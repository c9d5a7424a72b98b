using LucidTls.AspNetCore;
using LucidTls.AspNetCore.Configuration;
using LucidTls.Cli.Serving;
using LucidTls.Cli.Trust;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;

namespace LucidTls.Cli.Configuring;

/// <summary>What is served, which may be replaced by something else while it runs.</summary>
internal sealed class ConfiguredFront : IAsyncDisposable
{
    private readonly List<ConfiguredTls?> _tls = [];
    private readonly Backends _backends;
    private readonly PrivateIdentity? _own;
    private readonly bool _verbose;
    private volatile ServeConfiguration _configuration;

    /// <param name="configuration">What is served.</param>
    /// <param name="own">What sites prove themselves with that have no certificate.</param>
    /// <param name="metrics">What is shown where the configuration says.</param>
    /// <param name="verbose">Whether each connection is shown.</param>
    /// <exception cref="CliException">A certificate or another file cannot be used.</exception>
    public ConfiguredFront(ServeConfiguration configuration, PrivateIdentity? own, PrometheusMetrics? metrics, bool verbose)
    {
        _configuration = configuration;
        _own = own;
        _verbose = verbose;
        var builder = FrontEnd.CreateBuilder(verbose, configuration.Drain);
        builder.Services.AddHttpForwarder();
        builder.WebHost.ConfigureKestrel(Listen);
        App = builder.Build();
        _backends = new Backends(App);
        _backends.Have(configuration);
        ProxyRequests.Refuse(App);
        if (metrics is not null)
            MetricsEndpoint.Use(App, metrics);
        RedirectEndpoint.Use(App, (service, host) => _configuration.Services[service].SiteOf(host) is null ? null : ServeCommand.BoundEndPoint(App, _configuration.Services[service].Listen, at: service).Port);
        // Who serves all names alike needs not know which one a request is for.
        App.UseWhen(context => context.Features.Get<Arrival>() is { } arrival && !arrival.Of(_configuration).IsOneForAll, guarded => guarded.UseServerNameCheck());
        App.Run(AnswerAsync);
    }

    public WebApplication App { get; }

    /// <summary>New connections and requests are served by this from now on; those under way end as they began.</summary>
    /// <exception cref="CliException">It cannot be used, and nothing has changed.</exception>
    public async Task ReplaceAsync(ServeConfiguration configuration)
    {
        if (configuration.NeedsRestartAfter(_configuration) is { } why)
            throw new CliException(ExitCode.Usage, why);
        var options = new SiteOptions(configuration);
        var replacements = new List<ConfiguredTls.Replacement>();
        try
        {
            for (var i = 0; i < _tls.Count; i++)
                replacements.Add(await _tls[i]!.PrepareAsync(options.Of(i)));
            _backends.Have(configuration);
            // All at once, and the new rules about clients before what they guard.
            replacements.ForEach(replacement => replacement.Use());
            _configuration = configuration;
            await _backends.HaveNoOtherAsync(configuration);
        }
        catch (InvalidOperationException failure)
        {
            throw Explained(options, failure);
        }
        finally
        {
            foreach (var replacement in replacements)
                await replacement.DisposeAsync();
        }
    }

    /// <summary>Reads the files of certificates and keys at once.</summary>
    public void Reload()
    {
        _tls.ForEach(tls => tls?.Reload());
        _backends.Reload();
    }

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        foreach (var tls in _tls)
        {
            if (tls is not null)
                await tls.DisposeAsync();
        }
        await _backends.DisposeAsync();
    }

    private static CliException Explained(SiteOptions options, InvalidOperationException failure) =>
        new(ExitCode.Usage, failure is SettingException setting ? $"{options.Show(setting.Place)}: {setting.Sentence}" : failure.Message, failure);

    private void Listen(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.RequestHeaderEncodingSelector = ConnectionHeaderEncoding.Of;
        kestrel.Limits.MaxRequestBodySize = null; // the services behind have their own
        var logger = kestrel.ApplicationServices.GetRequiredService<ILogger<ConfiguredTls>>();
        var options = new SiteOptions(_configuration);
        var services = _configuration.Services;
        for (var i = 0; i < services.Count; i++)
        {
            var service = i;
            ConfiguredTls? tls = null;
            try
            {
                // What it is called in messages may be another place by then.
                if (services[i].Sites[0].Certificate is not null)
                    tls = new ConfiguredTls(options.Of(i), _configuration.Folder, logger, show: place => new SiteOptions(_configuration).Show(place), inherits: false);
            }
            catch (InvalidOperationException failure)
            {
                throw Explained(options, failure);
            }
            _tls.Add(tls);
            kestrel.Listen(services[i].Listen, endpoint => Use(endpoint, service, tls));
        }
        for (var i = 0; i < services.Count; i++)
        {
            if (services[i].Redirect is { } redirect)
                RedirectEndpoint.Listen(kestrel, redirect, i);
        }
        if (_configuration.Metrics is not null)
            MetricsEndpoint.Listen(kestrel, _configuration.Metrics);
    }

    private void Use(ListenOptions endpoint, int service, ConfiguredTls? tls)
    {
        var configured = _configuration.Services[service];
        if (configured.ExpectsProxyHeader)
            endpoint.UseProxyProtocol(_verbose);
        endpoint.Use(next => connection =>
        {
            connection.Features.Set(new Arrival(service, _configuration));
            return next(connection);
        });
        if (configured.IsTcp)
            endpoint.Protocols = HttpProtocols.None;
        if (configured.StartTls is { } protocol)
        {
            tls?.Start(HttpProtocols.None);
            var limit = new HandshakeLimit(() => _configuration.Services[service].MaxConcurrentHandshakes);
            endpoint.Run(connection => new StartTlsFront(protocol, () => tls?.Current ?? _own!.Options, limit, name => ForwardingOf(connection, name), MachineNames.Host, _verbose).RunAsync(connection));
            return;
        }
        _ = tls is null ? endpoint.UseLucidTls(_own!.Options) : endpoint.UseLucidTls(tls);
        if (configured.IsTcp)
            endpoint.Run(connection => ForwardingOf(connection, NameOf(connection.Features.Get<ITlsSessionFeature>()))?.RunAsync(connection) ?? Task.CompletedTask);
    }

    private TcpForwarding? ForwardingOf(ConnectionContext connection, string? name)
    {
        var (arrival, now) = (connection.Features.Get<Arrival>()!, _configuration);
        return arrival.IsStillWelcome(now, name) && arrival.Of(now) is var service && service.SiteOf(name) is { Backend: { IsTcp: true } backend }
            ? new TcpForwarding(_backends.Tcp(backend), backend.SendProxyHeader, service.Limits, now.Drain)
            : null;
    }

    private Task AnswerAsync(HttpContext context)
    {
        var now = _configuration;
        var tls = context.Features.Get<ITlsSessionFeature>();
        // Who came in under other rules about clients comes in again, on a connection of its own (RFC 9110 §15.5.20).
        if (context.Features.Get<Arrival>() is not { } arrival || !arrival.IsStillWelcome(now, NameOf(tls)) || arrival.Of(now) is not { } service || service.SiteOf(NameOf(tls)) is not { } site)
        {
            context.Response.StatusCode = StatusCodes.Status421MisdirectedRequest;
            if (HttpProtocol.IsHttp11(context.Request.Protocol))
                context.Response.Headers.Connection = "close";
            return Task.CompletedTask;
        }
        if (site.Hsts is { } hsts)
        {
            context.Response.OnStarting(() =>
            {
                context.Response.Headers[HeaderNames.StrictTransportSecurity] = hsts;
                return Task.CompletedTask;
            });
        }
        return _backends.AnswerAsync(context, site.Backend, service.Limits.Idle);
    }

    private static string? NameOf(ITlsSessionFeature? tls) => tls?.Session.ServerName;

    /// <summary>Which service a connection came to, and what was served there then.</summary>
    private sealed record Arrival(int Service, ServeConfiguration Configuration)
    {
        public ServiceConfiguration Of(ServeConfiguration configuration) => configuration.Services[Service];

        /// <summary>Whether the rules about clients are those that the connection was let in by.</summary>
        public bool IsStillWelcome(ServeConfiguration now, string? name) =>
            ReferenceEquals(now, Configuration) || (Of(Configuration).SiteOf(name) is { } then && Of(now).SiteOf(name) is { } site && site.Clients.AreSameAs(then.Clients));
    }
}
