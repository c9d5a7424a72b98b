using Grpc.Core;
using Grpc.Net.Client;
using LucidTls;
using LucidTls.Certificates;
using LucidTls.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Samples.Stocks;

/// <summary>The client's side of docs/grpc.md.</summary>
internal static class StockClient
{
    public static GrpcChannel Open(Uri address, TlsIdentity identity, TrustStore trustDomain)
    {
        var channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            HttpHandler = new LucidTlsHttpHandler(new TlsClientOptions
            {
                Identity = identity,
                CertificateVerifier = new CertificateVerifier(new CertificateVerifierOptions
                {
                    TrustStore = trustDomain,
                    PeerUris = ["spiffe://prod.example/stock"],
                }),
            }),
            DisposeHttpClient = true,
        });
        return channel;
    }

    public static void WithFactory(IServiceCollection services, Uri address, TlsClientOptions tls)
    {
        services.AddGrpcClient<Stock.StockClient>(client => client.Address = address)
            .UseLucidTls(options => options.Tls = tls);
    }

    public static async Task<string> ExplainAsync(Stock.StockClient stock, Item item, CancellationToken cancellationToken)
    {
        try
        {
            var quote = await stock.PriceAsync(item, cancellationToken: cancellationToken);
            return $"{quote.Name}: {quote.Cents / 100m}";
        }
        catch (RpcException failure) when (failure.Status.DebugException is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } explained)
        {
            return explained.Message;
        }
    }
}
