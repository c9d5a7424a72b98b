using Microsoft.Extensions.DependencyInjection;

namespace LucidTls.Http;

/// <summary>Puts LucidTls under the clients of IHttpClientFactory.</summary>
public static class HttpClientBuilderLucidTlsExtensions
{
    /// <summary>Makes <see cref="LucidTlsHttpHandler"/> the primary handler of this client.</summary>
    /// <param name="builder">The client.</param>
    /// <param name="configure">Sets the options; called for each handler that the factory makes. Null for the defaults.</param>
    public static IHttpClientBuilder UseLucidTls(this IHttpClientBuilder builder, Action<LucidTlsHttpOptions>? configure = null) =>
        builder.UseLucidTls((_, options) => configure?.Invoke(options));

    /// <summary>Makes <see cref="LucidTlsHttpHandler"/> the primary handler of this client.</summary>
    /// <param name="builder">The client.</param>
    /// <param name="configure">Sets the options with what the services offer; called for each handler that the factory makes.</param>
    public static IHttpClientBuilder UseLucidTls(this IHttpClientBuilder builder, Action<IServiceProvider, LucidTlsHttpOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        return builder.ConfigurePrimaryHttpMessageHandler(services =>
        {
            var options = new LucidTlsHttpOptions();
            configure(services, options);
            return new LucidTlsHttpHandler(options);
        });
    }
}
