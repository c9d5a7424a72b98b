using System.Net.Sockets;
using Grpc.Core;
using Samples.Stocks;

namespace LucidTls.Grpc.Tests;

public enum Kind
{
    Unary,
    ServerStreams,
    ClientStreams,
    BothStream,
}

/// <summary>How calls end that do not come to their end.</summary>
public sealed class EndTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Kind.Unary)]
    [InlineData(Kind.ServerStreams)]
    [InlineData(Kind.ClientStreams)]
    [InlineData(Kind.BothStream)]
    public async Task A_call_that_takes_too_long_ends_at_both_ends(Kind kind)
    {
        var service = new PatientService();
        await using var server = await GrpcServer.StartAsync(service);
        using var channel = server.Connect();
        var time = TimeSpan.FromSeconds(1);
        RpcException failure;

        // The deadline may pass before the server is reached, on a busy machine; then there is nothing to end there.
        do
        {
            var deadline = DateTime.UtcNow + time;
            failure = await Assert.ThrowsAsync<RpcException>(() => CallAsync(channel, kind, new CallOptions(deadline: deadline)).WaitAsync(Patience, Cancel));
            Assert.Equal(StatusCode.DeadlineExceeded, failure.StatusCode);
            Assert.InRange(DateTime.UtcNow, deadline.AddMilliseconds(-100), DateTime.MaxValue);
            time *= 2;
        }
        while (!service.Began.Task.IsCompleted && time < Patience);

        await service.Ended.Task.WaitAsync(Patience, Cancel);
    }

    [Theory]
    [InlineData(Kind.Unary)]
    [InlineData(Kind.ServerStreams)]
    [InlineData(Kind.ClientStreams)]
    [InlineData(Kind.BothStream)]
    public async Task A_call_that_is_cancelled_ends_at_both_ends_and_the_connection_goes_on(Kind kind)
    {
        var service = new PatientService();
        await using var server = await GrpcServer.StartAsync(service);
        var connections = 0;
        using var channel = server.Connect(GrpcServer.Client("spiffe://prod.example/shop", "spiffe://prod.example/stock"), (_, _) => connections++);
        using var cancel = new CancellationTokenSource();

        var call = CallAsync(channel, kind, new CallOptions(cancellationToken: cancel.Token));
        await service.Began.Task.WaitAsync(Patience, Cancel);
        await cancel.CancelAsync();

        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(() => call.WaitAsync(Patience, Cancel))).StatusCode);
        await service.Ended.Task.WaitAsync(Patience, Cancel);
        service.IsPatient = false;
        await CallAsync(channel, Kind.Unary, new CallOptions(cancellationToken: Cancel));
        Assert.Equal(1, connections);
    }

    [Theory]
    [InlineData(Kind.Unary, true)]
    [InlineData(Kind.ServerStreams, false)]
    [InlineData(Kind.ClientStreams, true)]
    [InlineData(Kind.BothStream, false)]
    [InlineData(Kind.BothStream, true)]
    public async Task A_connection_that_is_cut_makes_its_calls_unavailable_and_says_why(Kind kind, bool isReset)
    {
        var service = new PatientService();
        await using var server = await GrpcServer.StartAsync(service);
        using var link = new Link(server.Port);
        using var channel = GrpcServer.Connect(new Uri($"https://localhost:{link.Port}"), GrpcServer.Client("spiffe://prod.example/shop", "spiffe://prod.example/stock"));

        var call = CallAsync(channel, kind, new CallOptions(cancellationToken: Cancel));
        await service.Began.Task.WaitAsync(Patience, Cancel);
        link.Cut(isReset);

        var failure = await Assert.ThrowsAsync<RpcException>(() => call.WaitAsync(Patience, Cancel));
        Assert.Equal(StatusCode.Unavailable, failure.StatusCode);
        Assert.Contains(Reasons(failure), reason => isReset ? reason is SocketException { SocketErrorCode: SocketError.ConnectionReset } : reason is TlsException { Source: TlsFailureSource.Transport });
        await service.Ended.Task.WaitAsync(Patience, Cancel);
    }

    private static IEnumerable<Exception> Reasons(Exception failure)
    {
        for (var reason = failure.InnerException; reason != null; reason = reason.InnerException)
            yield return reason;
    }

    /// <summary>A call of that kind, with a message each way where there is a stream, until it ends.</summary>
    private static async Task CallAsync(ChannelBase channel, Kind kind, CallOptions options)
    {
        var stock = new Stock.StockClient(channel);
        switch (kind)
        {
            case Kind.Unary:
                await stock.PriceAsync(new Item(), options);
                break;
            case Kind.ServerStreams:
                using (var call = stock.Watch(new Item(), options))
                    while (await call.ResponseStream.MoveNext(default)) ;
                break;
            case Kind.ClientStreams:
                using (var call = stock.Deliver(options))
                {
                    await call.RequestStream.WriteAsync(new Item());
                    await call;
                }
                break;
            case Kind.BothStream:
                using (var call = stock.Haggle(options))
                {
                    await call.RequestStream.WriteAsync(new Quote());
                    while (await call.ResponseStream.MoveNext(default)) ;
                }
                break;
        }
    }

    /// <summary>Begins, and goes no further until the call ends.</summary>
    private sealed class PatientService : Stock.StockBase
    {
        public bool IsPatient { get; set; } = true;

        public TaskCompletionSource Began { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override async Task<Quote> Price(Item request, ServerCallContext context)
        {
            await WaitAsync(context);
            return new Quote();
        }

        public override async Task Watch(Item request, IServerStreamWriter<Quote> responseStream, ServerCallContext context)
        {
            await responseStream.WriteAsync(new Quote(), context.CancellationToken);
            await WaitAsync(context);
        }

        public override async Task<Receipt> Deliver(IAsyncStreamReader<Item> requestStream, ServerCallContext context)
        {
            await requestStream.MoveNext(context.CancellationToken);
            await WaitAsync(context);
            return new Receipt();
        }

        public override async Task Haggle(IAsyncStreamReader<Quote> requestStream, IServerStreamWriter<Quote> responseStream, ServerCallContext context)
        {
            await requestStream.MoveNext(context.CancellationToken);
            await responseStream.WriteAsync(requestStream.Current, context.CancellationToken);
            await WaitAsync(context);
        }

        private async Task WaitAsync(ServerCallContext context)
        {
            if (!IsPatient)
                return;
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
}
