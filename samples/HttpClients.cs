using System.Net;
using LucidTls;
using LucidTls.Certificates;
using LucidTls.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Samples;

/// <summary>The examples of docs/httpclient.md.</summary>
internal static class HttpClients
{
    public static HttpClient Simplest()
    {
        var client = new HttpClient(new LucidTlsHttpHandler());
        return client;
    }

    public static HttpClient Mutual(string clientPem, string rootsPem)
    {
        var handler = new LucidTlsHttpHandler(new TlsClientOptions
        {
            Identity = TlsIdentity.FromPemFile(clientPem),
            CertificateVerifier = CertificateVerifier.FromPemFile(rootsPem),
        });
        return new HttpClient(handler);
    }

    public static void WithFactory(IServiceCollection services)
    {
        services.AddHttpClient("shop", client => client.BaseAddress = new Uri("https://shop.example"))
            .UseLucidTls();
    }

    public static async Task<string> ExplainAsync(HttpClient client, Uri uri)
    {
        try
        {
            return await client.GetStringAsync(uri);
        }
        catch (HttpRequestException failure) when (failure.HttpRequestError == HttpRequestError.SecureConnectionError)
        {
            // What happened, the rule that was broken, and who can mend it.
            return failure.Message;
        }
    }

    public static LucidTlsHttpOptions PerServer(TlsClientOptions forPartners)
    {
        var options = new LucidTlsHttpOptions
        {
            // Null means options.Tls. The same object each time, so that sessions are resumed.
            TlsOptionsSelector = (target, cancellationToken) => new(target.Host.EndsWith(".partner.example", StringComparison.Ordinal) ? forPartners : null),
        };
        return options;
    }

    public static LucidTlsHttpOptions Engine(LucidTlsHttpOptions options)
    {
        options.ConfigureEngine = engine =>
        {
            engine.PooledConnectionLifetime = TimeSpan.FromMinutes(5);
            engine.EnableMultipleHttp2Connections = true;
            engine.Proxy = new WebProxy("http://proxy.example:3128") { Credentials = new NetworkCredential("me", "secret") };
        };
        return options;
    }

    public static LucidTlsHttpOptions Early(LucidTlsHttpOptions options)
    {
        options.SendEarlyData = true;
        return options;
    }

    public static LucidTlsHttpOptions Watched(LucidTlsHttpOptions options)
    {
        options.OnConnected = (target, session) =>
            Console.WriteLine($"{target}: {session.Version}, {session.ApplicationProtocol}, {(session.Resumed ? "resumed" : "full")}, {session.HandshakeDuration.TotalMilliseconds:0.0} ms");
        return options;
    }
}
