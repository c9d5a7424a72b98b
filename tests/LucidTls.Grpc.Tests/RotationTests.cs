using Grpc.Core;
using LucidTls.AspNetCore;
using LucidTls.TestSupport;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Samples.Stocks;

namespace LucidTls.Grpc.Tests;

public sealed class RotationTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Streams_go_on_while_the_certificates_of_both_ends_are_changed()
    {
        using var files = new TempFolder();
        await File.WriteAllTextAsync(files.File("roots.pem"), Spiffe.AuthorityPem, Cancel);
        await IssueAsync(files);
        await using var server = await GrpcServer.StartAsync<StockService>(builder => Configure(builder, files));
        var seen = new List<byte[]>();
        using var before = Connect(server, seen);
        using var call = new Stock.StockClient(before).Haggle(cancellationToken: Cancel);
        await HaggleAsync(call, 1);

        await IssueAsync(files);
        await server.Log.WaitForTextAsync("changed; in use are now");
        using var after = Connect(server, seen);
        await new Stock.StockClient(after).PriceAsync(new Item(), cancellationToken: Cancel);

        Assert.NotEqual(seen[0], seen[1]);
        await HaggleAsync(call, 1000);
        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext(Cancel));
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    private static void Configure(WebApplicationBuilder builder, TempFolder files)
    {
        builder.Services.AddGrpc();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Kestrel:Endpoints:Grpc:Url"] = "https://127.0.0.1:0",
            ["Kestrel:Endpoints:Grpc:Protocols"] = "Http2",
            ["Kestrel:Endpoints:Grpc:LucidTls:Certificate:Path"] = files.File("server.pem"),
            ["Kestrel:Endpoints:Grpc:LucidTls:Certificate:KeyPath"] = files.File("server.key"),
            ["Kestrel:Endpoints:Grpc:LucidTls:ClientCertificateMode"] = "Required",
            ["Kestrel:Endpoints:Grpc:LucidTls:ClientCertificateRoots"] = files.File("roots.pem"),
        });
        builder.WebHost.UseLucidTls();
    }

    /// <summary>As an agent of the trust domain does: a new key and a new certificate in the place of the old.</summary>
    private static async Task IssueAsync(TempFolder files)
    {
        var (certificate, key) = Spiffe.ServicePem("spiffe://prod.example/stock");
        await File.WriteAllTextAsync(files.File("new.key"), key, Cancel);
        await File.WriteAllTextAsync(files.File("new.pem"), certificate, Cancel);
        File.Move(files.File("new.key"), files.File("server.key"), overwrite: true);
        File.Move(files.File("new.pem"), files.File("server.pem"), overwrite: true);
    }

    /// <summary>With a certificate of its own each time.</summary>
    private static global::Grpc.Net.Client.GrpcChannel Connect(LucidTls.TestSupport.Web.LoopbackServer server, List<byte[]> seen) =>
        server.Connect(GrpcServer.Client("spiffe://prod.example/shop", "spiffe://prod.example/stock"), (_, session) => seen.Add(session.PeerCertificates[0].ToArray()));

    private static async Task HaggleAsync(AsyncDuplexStreamingCall<Quote, Quote> call, long cents)
    {
        await call.RequestStream.WriteAsync(new Quote { Cents = cents }, Cancel);
        Assert.True(await call.ResponseStream.MoveNext(Cancel));
        Assert.Equal(cents + 1, call.ResponseStream.Current.Cents);
    }
}
