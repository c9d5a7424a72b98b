using Grpc.Core;
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
    public async Task A_call_that_takes_too_long_ends_at_both_ends()
    {
        var service = new PatientService();
        await using var server = await GrpcServer.StartAsync(service);
        using var channel = server.Connect();
        var stock = new Stock.StockClient(channel);

        var failure = await Assert.ThrowsAsync<RpcException>(() => stock.PriceAsync(new Item(), deadline: DateTime.UtcNow.AddSeconds(1), cancellationToken: Cancel).ResponseAsync);

        Assert.Equal(StatusCode.DeadlineExceeded, failure.StatusCode);
        // The deadline may pass before the server is reached, on a busy machine; then there is nothing to end there.
        if (service.Began.Task.IsCompleted)
            await service.Ended.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
    }

    [Fact]
    public async Task A_call_that_is_cancelled_ends_at_both_ends()
    {
        var service = new PatientService();
        await using var server = await GrpcServer.StartAsync(service);
        using var channel = server.Connect();
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Cancel);

        using var call = new Stock.StockClient(channel).Haggle(cancellationToken: cancel.Token);
        await call.RequestStream.WriteAsync(new Quote(), Cancel);
        await service.Began.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        await cancel.CancelAsync();

        var failure = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(Cancel));
        Assert.Equal(StatusCode.Cancelled, failure.StatusCode);
        await service.Ended.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
    }

    [Fact]
    public async Task Ten_thousand_calls_stream_at_once()
    {
        const int Calls = 10_000;
        var service = new CrowdService(Calls);
        await using var server = await GrpcServer.StartAsync(service);
        using var channel = server.Connect();
        var stock = new Stock.StockClient(channel);

        var calls = Enumerable.Range(0, Calls).Select(TalkAsync).ToArray();
        await service.AllHere.Task.WaitAsync(TimeSpan.FromMinutes(2), Cancel);
        var answers = await Task.WhenAll(calls);

        Assert.Equal(Enumerable.Range(0, Calls).Select(i => (long)i), answers);

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

    /// <summary>Answers nothing until the call ends.</summary>
    private sealed class PatientService : Stock.StockBase
    {
        public TaskCompletionSource Began { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override async Task<Quote> Price(Item request, ServerCallContext context)
        {
            await WaitAsync(context);
            return new Quote();
        }

        public override Task Haggle(IAsyncStreamReader<Quote> requestStream, IServerStreamWriter<Quote> responseStream, ServerCallContext context) => WaitAsync(context);

        private async Task WaitAsync(ServerCallContext context)
        {
            Began.TrySetResult();
            try
            {
                await Task.Delay(Timeout.Infinite, context.CancellationToken);
            }
            finally
            {
                Ended.TrySetResult();
            }
        }
    }

    /// <summary>Answers when that many calls are under way.</summary>
    private sealed class CrowdService(int size) : Stock.StockBase
    {
        private int _here;

        public TaskCompletionSource AllHere { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override async Task Haggle(IAsyncStreamReader<Quote> requestStream, IServerStreamWriter<Quote> responseStream, ServerCallContext context)
        {
            Assert.True(await requestStream.MoveNext(context.CancellationToken));
            if (Interlocked.Increment(ref _here) == size)
                AllHere.SetResult();
            await AllHere.Task.WaitAsync(context.CancellationToken);
            await responseStream.WriteAsync(requestStream.Current, context.CancellationToken);
        }
    }
}
