using System.Net;
using Grpc.Core;
using LucidTls;
using LucidTls.AspNetCore;
using LucidTls.Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Samples.Stocks;

/// <summary>The service of docs/grpc.md.</summary>
internal sealed class StockService : Stock.StockBase
{
    public override Task<Quote> Price(Item request, ServerCallContext context) => request.Count < 0
        ? throw new RpcException(new Status(StatusCode.InvalidArgument, "Fewer than none cannot be had."))
        : Task.FromResult(new Quote { Name = request.Name, Cents = 100L * request.Count });

    public override async Task Watch(Item request, IServerStreamWriter<Quote> responseStream, ServerCallContext context)
    {
        for (var i = 1; i <= request.Count; i++)
            await responseStream.WriteAsync(new Quote { Name = request.Name, Cents = i }, context.CancellationToken);
    }

    public override async Task<Receipt> Deliver(IAsyncStreamReader<Item> requestStream, ServerCallContext context)
    {
        var count = 0;
        await foreach (var item in requestStream.ReadAllAsync(context.CancellationToken))
            count += item.Count;
        var caller = context.GetHttpContext().Features.GetRequiredFeature<ITlsSessionFeature>().Session.PeerUri;
        return new Receipt { Count = count, From = caller ?? "" };
    }

    public override async Task Haggle(IAsyncStreamReader<Quote> requestStream, IServerStreamWriter<Quote> responseStream, ServerCallContext context)
    {
        await foreach (var offer in requestStream.ReadAllAsync(context.CancellationToken))
            await responseStream.WriteAsync(new Quote { Name = offer.Name, Cents = offer.Cents + 1 }, context.CancellationToken);
    }
}

/// <summary>The server's side of docs/grpc.md.</summary>
internal static class StockServer
{
    public static void Build(WebApplicationBuilder builder, IPEndPoint endpoint, TlsIdentity identity, TrustStore trustDomain)
    {
        builder.Services.AddGrpc();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(endpoint, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listen.UseLucidTls(tls =>
            {
                tls.Identities = [identity];
                tls.ClientCertificateMode = ClientCertificateMode.Required;
                tls.ClientCertificateVerifier = new CertificateVerifier(new CertificateVerifierOptions
                {
                    TrustStore = trustDomain,
                    PeerUris = ["spiffe://prod.example/shop", "spiffe://prod.example/backoffice/"],
                });
            });
        }));
    }

    public static void Map(WebApplication app) => app.MapGrpcService<StockService>();
}
