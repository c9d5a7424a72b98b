using System.Collections.Concurrent;
using System.Net;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.DependencyInjection;
using Samples.Stocks;

namespace LucidTls.Grpc.Tests;

public sealed class CallTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_call_is_answered()
    {
        await using var server = await GrpcServer.StartAsync(new StockService());
        using var channel = server.Connect();

        var quote = await new Stock.StockClient(channel).PriceAsync(new Item { Name = "tea", Count = 3 }, cancellationToken: Cancel);

        Assert.Equal(new Quote { Name = "tea", Cents = 300 }, quote);
    }

    [Fact]
    public async Task A_blocked_thread_gets_its_answer()
    {
        await using var server = await GrpcServer.StartAsync(new StockService());
        using var channel = server.Connect();

        var quote = await Task.Run(() => new Stock.StockClient(channel).Price(new Item { Name = "tea", Count = 3 }, cancellationToken: Cancel), Cancel);

        Assert.Equal(300, quote.Cents);
    }

    [Fact]
    public async Task The_server_s_stream_arrives_whole_and_in_order()
    {
        await using var server = await GrpcServer.StartAsync(new StockService());
        using var channel = server.Connect();

        using var call = new Stock.StockClient(channel).Watch(new Item { Name = "tea", Count = 5000 }, cancellationToken: Cancel);
        var cents = await call.ResponseStream.ReadAllAsync(Cancel).Select(quote => quote.Cents).ToListAsync(Cancel);

        Assert.Equal(Enumerable.Range(1, 5000).Select(i => (long)i), cents);
    }

    [Fact]
    public async Task The_client_s_stream_arrives_whole()
    {
        await using var server = await GrpcServer.StartAsync(new StockService());
        using var channel = server.Connect();

        using var call = new Stock.StockClient(channel).Deliver(cancellationToken: Cancel);
        for (var i = 1; i <= 1000; i++)
            await call.RequestStream.WriteAsync(new Item { Name = "tea", Count = i }, Cancel);
        await call.RequestStream.CompleteAsync();
        var receipt = await call;

        Assert.Equal(500_500, receipt.Count);
        Assert.Equal("spiffe://prod.example/shop", receipt.From);
    }

    [Fact]
    public async Task Both_ends_stream_at_once()
    {
        await using var server = await GrpcServer.StartAsync(new StockService());
        using var channel = server.Connect();

        using var call = new Stock.StockClient(channel).Haggle(cancellationToken: Cancel);
        for (var i = 0; i < 500; i++)
        {
            await call.RequestStream.WriteAsync(new Quote { Name = new string('x', i * 10), Cents = i }, Cancel);
            Assert.True(await call.ResponseStream.MoveNext(Cancel));
            Assert.Equal((i + 1, i * 10), (call.ResponseStream.Current.Cents, call.ResponseStream.Current.Name.Length));
        }
        await call.RequestStream.CompleteAsync();

        Assert.False(await call.ResponseStream.MoveNext(Cancel));
    }

    [Fact]
    public async Task A_failure_of_the_service_keeps_its_status_and_the_connection()
    {
        await using var server = await GrpcServer.StartAsync(new StockService());
        using var channel = server.Connect();
        var stock = new Stock.StockClient(channel);

        var failure = await Assert.ThrowsAsync<RpcException>(() => stock.PriceAsync(new Item { Count = -1 }, cancellationToken: Cancel).ResponseAsync);

        Assert.Equal(StatusCode.InvalidArgument, failure.StatusCode);
        Assert.Equal("Fewer than none cannot be had.", failure.Status.Detail);
        Assert.Equal(100, (await stock.PriceAsync(new Item { Count = 1 }, cancellationToken: Cancel)).Cents);
    }

    [Fact]
    public async Task Interceptors_and_metadata_pass_at_both_ends()
    {
        await using var server = await GrpcServer.StartAsync<StockService>(builder =>
        {
            StockServer.Build(builder, new IPEndPoint(IPAddress.Loopback, 0), Spiffe.Service("spiffe://prod.example/stock"), Spiffe.TrustDomain);
            builder.Services.AddGrpc(grpc => grpc.Interceptors.Add<AtServer>());
        });
        using var channel = server.Connect();
        var stock = new Stock.StockClient(channel.Intercept(new AtClient()));

        using var call = stock.PriceAsync(new Item { Name = "tea", Count = 1 }, cancellationToken: Cancel);

        Assert.Equal("TEA", (await call).Name);
        Assert.Equal([0, 255, 13, 10], (await call.ResponseHeadersAsync).GetValueBytes("echo-bin"));
        Assert.Equal("at the end", call.GetTrailers().GetValue("trailer"));
    }

    private sealed class AtClient : Interceptor
    {
        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
        {
            var headers = new Metadata { { "ask-bin", [0, 255, 13, 10] } };
            return continuation(request, new ClientInterceptorContext<TRequest, TResponse>(context.Method, context.Host, context.Options.WithHeaders(headers)));
        }
    }

    private sealed class AtServer : Interceptor
    {
        public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
        {
            await context.WriteResponseHeadersAsync(new Metadata { { "echo-bin", context.RequestHeaders.GetValueBytes("ask-bin")! } });
            context.ResponseTrailers.Add("trailer", "at the end");
            var response = await continuation(request, context);
            if (response is Quote quote)
                quote.Name = quote.Name.ToUpperInvariant();
            return response;
        }
    }

    [Fact]
    public async Task Ten_thousand_calls_stream_at_once()
    {
        const int Calls = 10_000;
        const int BytesPerCall = 50_000;
        var service = new CrowdService(Calls);
        await using var server = await GrpcServer.StartAsync(service);
        var sessions = new ConcurrentQueue<TlsSessionInfo>();
        using var channel = server.Connect(GrpcServer.Client("spiffe://prod.example/shop", "spiffe://prod.example/stock"), (_, session) => sessions.Enqueue(session));
        var stock = new Stock.StockClient(channel);
        var before = GC.GetTotalMemory(forceFullCollection: true);

        var calls = Enumerable.Range(0, Calls).Select(TalkAsync).ToArray();
        await service.AllHere.Task.WaitAsync(TimeSpan.FromMinutes(2), Cancel);
        // Both ends of all calls, gRPC's and HTTP's own part among it.
        var held = GC.GetTotalMemory(forceFullCollection: true) - before;
        service.Go.SetResult();
        var answers = await Task.WhenAll(calls);

        Assert.Equal(Enumerable.Range(0, Calls).Select(i => (long)i), answers);
        // No fewer will do; the engine opens one at a time, and none for calls that have their place by then.
        Assert.InRange(sessions.Count, Calls / GrpcServer.MaxStreamsPerConnection, 2 * Calls / GrpcServer.MaxStreamsPerConnection);
        Assert.InRange(held, 0, Calls * BytesPerCall);
        TestContext.Current.TestOutputHelper?.WriteLine($"{sessions.Count} connections, {held / Calls} bytes a call");

        async Task<long> TalkAsync(int number)
        {
            await Task.Yield();
            using var call = stock.Haggle(cancellationToken: Cancel);
            await call.RequestStream.WriteAsync(new Quote { Cents = number }, Cancel);
            await call.RequestStream.CompleteAsync();
            Assert.True(await call.ResponseStream.MoveNext(Cancel));
            var answer = call.ResponseStream.Current.Cents;
            Assert.False(await call.ResponseStream.MoveNext(Cancel));
            return answer;
        }
    }

    /// <summary>Says when that many calls are under way, and answers when it is told.</summary>
    private sealed class CrowdService(int size) : Stock.StockBase
    {
        private int _here;

        public TaskCompletionSource AllHere { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Go { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override async Task Haggle(IAsyncStreamReader<Quote> requestStream, IServerStreamWriter<Quote> responseStream, ServerCallContext context)
        {
            Assert.True(await requestStream.MoveNext(context.CancellationToken));
            if (Interlocked.Increment(ref _here) == size)
                AllHere.SetResult();
            await Go.Task.WaitAsync(context.CancellationToken);
            await responseStream.WriteAsync(requestStream.Current, context.CancellationToken);
        }
    }
}
