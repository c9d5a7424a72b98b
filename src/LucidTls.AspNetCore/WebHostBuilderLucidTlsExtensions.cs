using System.Collections.Concurrent;
using LucidTls.AspNetCore.Configuration;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LucidTls.AspNetCore;

/// <summary>Puts LucidTls under Kestrel endpoints that stand in the configuration.</summary>
public static class WebHostBuilderLucidTlsExtensions
{
    /// <summary>
    /// Speaks TLS on every endpoint of the configuration that has a section <c>LucidTls</c> (<c>Kestrel:Endpoints:NAME:LucidTls</c>; <c>docs/kestrel.md</c> says
    /// what stands in it), and follows changes of it and of the files that it names. What is wrong there ends the start of the server with an
    /// <see cref="InvalidOperationException"/> that names the setting. Other endpoints are as they were; when no endpoint has such a section, a warning in the log says so.
    /// </summary>
    /// <param name="builder">The web host. Call this before other code that configures Kestrel's <c>ConfigurationLoader</c>, which it replaces.</param>
    public static IWebHostBuilder UseLucidTls(this IWebHostBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        // Without it a slim host takes no https addresses from the configuration.
        return builder.UseKestrelHttpsConfiguration().ConfigureKestrel((context, kestrel) =>
        {
            var endpoints = new ConcurrentDictionary<string, ConfiguredTls>(StringComparer.OrdinalIgnoreCase);
            KestrelConfigurationLoader? loader = null;
            var section = context.Configuration.GetSection("Kestrel");
            if (!section.GetSection(ConfigurationView.EndpointsKey).GetChildren().Any(endpoint => ConfigurationView.LucidTlsOf(endpoint) != null))
                kestrel.ApplicationServices.GetService<ILoggerFactory>()?.CreateLogger<ConfiguredTls>().NoEndpoint();
            var view = new ConfigurationView(section, 0, found =>
            {
                foreach (var endpoint in found)
                    loader!.Endpoint(endpoint.Key, bound => Use(bound.ListenOptions, endpoint, endpoints));
                // Kestrel closes those without it, or opens them again without it: nothing is to be followed there.
                foreach (var name in endpoints.Keys.Except(found.Select(endpoint => endpoint.Key), StringComparer.OrdinalIgnoreCase))
                    End(name, endpoints);
            });
            loader = kestrel.Configure(view, reloadOnChange: true);
        });
    }

    private static void Use(ListenOptions listen, IConfigurationSection endpoint, ConcurrentDictionary<string, ConfiguredTls> endpoints)
    {
        if (ConfigurationView.LucidTlsOf(endpoint) is not { } section)
            return;
        var configured = listen.Configured(section);
        // An endpoint that is opened again: the connections that it had keep what they have.
        End(endpoint.Key, endpoints);
        endpoints[endpoint.Key] = configured;
        listen.UseLucidTls(configured);
    }

    private static void End(string endpoint, ConcurrentDictionary<string, ConfiguredTls> endpoints)
    {
        if (endpoints.TryRemove(endpoint, out var configured))
            _ = configured.DisposeAsync().AsTask();
    }
}
