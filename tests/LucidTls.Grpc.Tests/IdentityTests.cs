using System.Net;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Samples.Stocks;

namespace LucidTls.Grpc.Tests;

/// <summary>Services that know each other by the URI in their certificates.</summary>
public sealed class IdentityTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_client_with_the_wrong_identity_is_refused_and_both_ends_know_why()
    {
        await using var server = await GrpcServer.StartAsync(new StockService(), accepted: ["spiffe://prod.example/shop", "spiffe://prod.example/backoffice/"]);
        using var channel = server.Connect("spiffe://prod.example/mail");

        var failure = await Assert.ThrowsAsync<RpcException>(() => new Stock.StockClient(channel).PriceAsync(new Item(), cancellationToken: Cancel).ResponseAsync);

        // gRPC's client takes the failure for the one or the other, as it comes while the request is written or while the answer is read.
        Assert.True(failure.StatusCode is StatusCode.Unavailable or StatusCode.Internal, $"{failure.StatusCode}");
        var atClient = Assert.IsType<HttpRequestException>(failure.Status.DebugException);
        Assert.Equal(HttpRequestError.SecureConnectionError, atClient.HttpRequestError);
        Assert.Contains("certificate_unknown", atClient.Message, StringComparison.Ordinal);
        Assert.Contains(Cause(failure).Message, atClient.Message, StringComparison.Ordinal);
        var atServer = (await server.Log.WaitForTextAsync("another name")).Text;
        Assert.Contains("spiffe://prod.example/mail", atServer, StringComparison.Ordinal);
        Assert.Contains("accepted: spiffe://prod.example/shop, spiffe://prod.example/backoffice/", atServer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_with_the_wrong_identity_is_refused_and_both_ends_know_why()
    {
        await using var server = await GrpcServer.StartAsync(new StockService(), "spiffe://prod.example/mail");
        using var channel = server.Connect(server: "spiffe://prod.example/stock");

        var failure = await Assert.ThrowsAsync<RpcException>(() => new Stock.StockClient(channel).PriceAsync(new Item(), cancellationToken: Cancel).ResponseAsync);

        // What gRPC makes of every handshake that fails at the client.
        Assert.Equal(StatusCode.Internal, failure.StatusCode);
        var atClient = Assert.IsType<HttpRequestException>(failure.Status.DebugException);
        Assert.Equal(HttpRequestError.SecureConnectionError, atClient.HttpRequestError);
        Assert.Contains("spiffe://prod.example/mail", atClient.Message, StringComparison.Ordinal);
        Assert.Contains("accepted: spiffe://prod.example/stock", atClient.Message, StringComparison.Ordinal);
        Assert.Contains(Cause(failure).Message, atClient.Message, StringComparison.Ordinal);
        await server.Log.WaitForTextAsync("certificate_unknown");
    }

    [Theory]
    [InlineData("spiffe://prod.example/shop")]
    [InlineData("spiffe://prod.example/backoffice/reports")]
    public async Task Whoever_is_accepted_is_known_to_the_service(string uri)
    {
        await using var server = await GrpcServer.StartAsync(new StockService(), accepted: ["spiffe://prod.example/shop", "spiffe://prod.example/backoffice/"]);
        using var channel = server.Connect(uri);

        using var call = new Stock.StockClient(channel).Deliver(cancellationToken: Cancel);
        await call.RequestStream.CompleteAsync();

        Assert.Equal(uri, (await call).From);
    }

    [Fact]
    public async Task A_resumed_session_keeps_the_identity()
    {
        await using var server = await GrpcServer.StartAsync(new StockService());
        var tls = GrpcServer.Client("spiffe://prod.example/shop", "spiffe://prod.example/stock");
        var sessions = new List<TlsSessionInfo>();

        for (var i = 0; i < 2; i++)
        {
            using var channel = server.Connect(tls, (_, session) => sessions.Add(session));
            using var call = new Stock.StockClient(channel).Deliver(cancellationToken: Cancel);
            await call.RequestStream.CompleteAsync();
            Assert.Equal("spiffe://prod.example/shop", (await call).From);
        }

        Assert.Equal([(false, "spiffe://prod.example/stock"), (true, "spiffe://prod.example/stock")], sessions.Select(session => (session.Resumed, session.PeerUri)));
    }

    [Fact]
    public async Task A_client_from_the_factory_proves_itself_as_well()
    {
        await using var server = await GrpcServer.StartAsync(new StockService());
        var services = new ServiceCollection();
        StockClient.WithFactory(services, server.Url(), GrpcServer.Client("spiffe://prod.example/shop", "spiffe://prod.example/stock"));
        await using var provider = services.BuildServiceProvider();

        using var call = provider.GetRequiredService<Stock.StockClient>().Deliver(cancellationToken: Cancel);
        await call.RequestStream.CompleteAsync();

        Assert.Equal("spiffe://prod.example/shop", (await call).From);
    }

    [Fact]
    public async Task The_sample_s_ends_trust_each_other()
    {
        await using var server = await GrpcServer.StartAsync<StockService>(builder => StockServer.Build(builder, new IPEndPoint(IPAddress.Loopback, 0), Spiffe.Service("spiffe://prod.example/stock"), Spiffe.TrustDomain));
        using var channel = StockClient.Open(server.Url(), Spiffe.Service("spiffe://prod.example/shop"), Spiffe.TrustDomain);

        Assert.Equal("tea: 3", await StockClient.ExplainAsync(new Stock.StockClient(channel), new Item { Name = "tea", Count = 3 }, Cancel));
    }

    [Fact]
    public async Task The_sample_s_client_explains_a_refusal()
    {
        await using var server = await GrpcServer.StartAsync<StockService>(builder => StockServer.Build(builder, new IPEndPoint(IPAddress.Loopback, 0), Spiffe.Service("spiffe://prod.example/other"), Spiffe.TrustDomain));
        using var channel = StockClient.Open(server.Url(), Spiffe.Service("spiffe://prod.example/shop"), Spiffe.TrustDomain);

        var explanation = await StockClient.ExplainAsync(new Stock.StockClient(channel), new Item(), Cancel);

        Assert.Contains("spiffe://prod.example/other", explanation, StringComparison.Ordinal);
    }

    private static TlsException Cause(Exception? failure)
    {
        while (failure is not (null or TlsException))
            failure = failure.InnerException;
        return Assert.IsType<TlsException>(failure);
    }
}
