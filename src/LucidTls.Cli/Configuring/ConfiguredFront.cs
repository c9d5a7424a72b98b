using System.Collections.Concurrent;
using System.Net;
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

namespace LucidTls.Cli.Configuring;

/// <summary>The services of a configuration file, which may be replaced by another while they run.</summary>
internal sealed class ConfiguredFront : IAsyncDisposable
{
    private readonly SiteOptions _options;
    private readonly List<ConfiguredTls> _tls = [];
    private readonly ConcurrentDictionary<Backend, RequestDelegate> _backends = new();
    private readonly bool _verbose;
    private volatile ServeConfiguration _configuration;

    /// <exception cref="CliException">A certificate or another file cannot be used.</exception>
    public ConfiguredFront(ServeConfiguration configuration, PrometheusMetrics? metrics, bool verbose)
    {
        _configuration = configuration;
        _verbose = verbose;
        _options = new SiteOptions(configuration);
        var builder = FrontEnd.CreateBuilder(verbose, FrontEnd.DrainTimeout);
        builder.Services.AddHttpForwarder();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null; // the services behind have their own
            var logger = kestrel.ApplicationServices.GetRequiredService<ILogger<ConfiguredTls>>();
            for (var i = 0; i < configuration.Services.Count; i++)
            {
                var service = i;
                var tls = Explain(() => new ConfiguredTls(_options.Of(service), configuration.Folder, logger));
                _tls.Add(tls);
                kestrel.Listen(configuration.Services[service].Listen, endpoint => Use(endpoint, service, tls));
            }
            if (configuration.Metrics is not null)
                MetricsEndpoint.Listen(kestrel, configuration.Metrics);
        });
        App = builder.Build();
        if (metrics is not null)
            MetricsEndpoint.Use(App, metrics);
        App.UseServerNameCheck();
        App.Run(AnswerAsync);
    }

    public WebApplication App { get; }

    /// <summary>Whether everything that a configuration names can be used.</summary>
    /// <exception cref="CliException">Something cannot.</exception>
    public static async Task CheckAsync(ServeConfiguration configuration)
    {
        var options = new SiteOptions(configuration);
        for (var i = 0; i < configuration.Services.Count; i++)
        {
            var service = i;
            await Explain(() => new ConfiguredTls(options.Of(service), configuration.Folder, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance)).DisposeAsync();
        }
    }

    /// <summary>New connections and requests are served by this from now on; those under way end as they began.</summary>
    /// <exception cref="CliException">It cannot be used, and nothing has changed.</exception>
    public async Task ReplaceAsync(ServeConfiguration configuration)
    {
        if (!configuration.Services.Select(Address).SequenceEqual(_configuration.Services.Select(Address)) || !Equals(configuration.Metrics, _configuration.Metrics))
            throw new CliException(ExitCode.Usage, "Addresses and kinds of services change with a restart only.");
        await CheckAsync(configuration);
        _options.Write(configuration);
        _configuration = configuration;
    }

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        foreach (var tls in _tls)
            await tls.DisposeAsync();
    }

    private static (IPEndPoint, string?, bool, bool) Address(ServiceConfiguration service) => (service.Listen, service.StartTls?.Name, service.IsTcp, service.ExpectsProxyHeader);

    private static T Explain<T>(Func<T> make)
    {
        try
        {
            return make();
        }
        catch (InvalidOperationException failure)
        {
            throw new CliException(ExitCode.Usage, failure.Message, failure);
        }
    }

    private void Use(ListenOptions endpoint, int service, ConfiguredTls tls)
    {
        var configured = _configuration.Services[service];
        if (configured.ExpectsProxyHeader)
            endpoint.UseProxyProtocol(_verbose);
        endpoint.Use(next => connection =>
        {
            connection.Features.Set(new ServiceFeature(service));
            return next(connection);
        });
        if (!configured.IsTcp)
        {
            endpoint.UseLucidTls(tls);
            return;
        }
        endpoint.Protocols = HttpProtocols.None;
        if (configured.StartTls is { } protocol)
        {
            tls.Start(HttpProtocols.None);
            endpoint.Run(new StartTlsFront(protocol, () => tls.Current, name => SiteOf(service, name)?.Backend.Forwarding(), MachineNames.Host, _verbose).RunAsync);
            return;
        }
        endpoint.UseLucidTls(tls);
        endpoint.Run(connection => SiteOf(service, NameOf(connection.Features.Get<ITlsSessionFeature>()))?.Backend.Forwarding()?.RunAsync(connection) ?? Task.CompletedTask);
    }

    private Task AnswerAsync(HttpContext context)
    {
        if (context.Features.Get<ServiceFeature>() is not { } feature || SiteOf(feature.Service, NameOf(context.Features.Get<ITlsSessionFeature>())) is not { } site)
        {
            context.Response.StatusCode = StatusCodes.Status421MisdirectedRequest;
            return Task.CompletedTask;
        }
        return _backends.GetOrAdd(site.Backend, backend => backend.Http is { } http ? HttpForwarding.To(App, http) : FrontEnd.Files(App, backend.Root!))(context);
    }

    private static string? NameOf(ITlsSessionFeature? tls) => tls?.Session.ServerName;

    private SiteConfiguration? SiteOf(int service, string? name)
    {
        var sites = _configuration.Services[service].Sites;
        return sites.FirstOrDefault(site => name is not null && site.Names.Contains(name, StringComparer.OrdinalIgnoreCase))
            ?? sites.FirstOrDefault(site => name?.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot && site.Names.Contains(string.Concat("*", name.AsSpan(dot)), StringComparer.OrdinalIgnoreCase))
            ?? sites.FirstOrDefault(site => site.Names.Count == 0);
    }

    /// <summary>Which service a connection came to.</summary>
    private sealed record ServiceFeature(int Service);
}
