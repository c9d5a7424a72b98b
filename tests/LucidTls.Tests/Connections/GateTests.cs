namespace LucidTls.Tests.Connections;

/// <summary>Who may be in a direction of a connection, and who waits.</summary>
public sealed class GateTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private readonly Gate _gate = new();

    [Fact]
    public async Task A_caller_does_not_wait_for_another_caller()
    {
        Assert.True(_gate.TryEnter());
        Assert.False(_gate.TryEnter());
        Assert.Equal(GateEntry.Refused, await _gate.EnterAsync(null, Cancellation));
        _gate.Leave();
        Assert.Equal(GateEntry.Entered, await _gate.EnterAsync(null, Cancellation));
    }

    [Fact]
    public async Task A_caller_waits_for_the_stream_itself()
    {
        Assert.True(_gate.TryEnterOwn());
        var entering = _gate.EnterAsync(null, Cancellation).AsTask();
        Assert.False(entering.IsCompleted);
        Assert.True(_gate.IsWanted);
        _gate.Leave();
        Assert.Equal(GateEntry.Entered, await entering.WaitAsync(Fixture.Patience, Cancellation));
        Assert.False(_gate.IsWanted);
    }

    [Fact]
    public async Task The_stream_itself_waits_for_a_caller_and_comes_before_the_next()
    {
        Assert.True(_gate.TryEnter());
        var own = _gate.EnterOwnAsync(Cancellation).AsTask();
        Assert.False(own.IsCompleted);
        _gate.Leave();
        var caller = _gate.EnterAsync(null, Cancellation).AsTask();
        Assert.True(await own.WaitAsync(Fixture.Patience, Cancellation));
        Assert.False(caller.IsCompleted);
        _gate.Leave();
        Assert.Equal(GateEntry.Entered, await caller.WaitAsync(Fixture.Patience, Cancellation));
    }

    [Fact]
    public async Task A_caller_that_is_served_in_between_goes_its_way()
    {
        Assert.True(_gate.TryEnterOwn());
        Assert.Equal(GateEntry.Served, await _gate.EnterAsync(() => true, Cancellation));
        Assert.False(_gate.TryEnter());
    }

    [Fact]
    public async Task Whoever_waits_can_give_up_and_others_look_again()
    {
        Assert.True(_gate.TryEnterOwn());
        using var cancel = new CancellationTokenSource();
        var entering = _gate.EnterAsync(null, cancel.Token).AsTask();
        var left = _gate.LeftAsync();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => entering);
        await left.WaitAsync(Fixture.Patience, Cancellation);
        Assert.False(_gate.IsWanted);

        var own = _gate.EnterOwnAsync(cancel.Token).AsTask();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => own);
        _gate.Leave();
        Assert.True(_gate.TryEnter());
    }

    [Fact]
    public async Task Nobody_enters_a_closed_gate_and_nobody_waits_at_it()
    {
        Assert.True(_gate.TryEnter());
        var own = _gate.EnterOwnAsync(Cancellation).AsTask();
        _gate.Close();
        Assert.False(await own.WaitAsync(Fixture.Patience, Cancellation));
        Assert.Equal(GateEntry.Refused, await _gate.EnterAsync(null, Cancellation));
        Assert.False(_gate.TryEnter());
        Assert.False(_gate.TryEnterOwn());
    }

    [Fact]
    public async Task Only_one_is_inside_whoever_comes_when()
    {
        var inside = 0;
        await Task.WhenAll([CallAsync(), .. Enumerable.Range(0, 3).Select(_ => WorkAsync())]).WaitAsync(Fixture.Patience, Cancellation);

        async Task CallAsync()
        {
            for (var i = 0; i < 2000; i++)
            {
                if (!_gate.TryEnter())
                    Assert.Equal(GateEntry.Entered, await _gate.EnterAsync(null, Cancellation));
                await BeInsideAsync();
            }
        }

        async Task WorkAsync()
        {
            for (var i = 0; i < 500; i++)
            {
                Assert.True(await _gate.EnterOwnAsync(Cancellation));
                await BeInsideAsync();
            }
        }

        async Task BeInsideAsync()
        {
            Assert.Equal(1, Interlocked.Increment(ref inside));
            await Task.Yield();
            Interlocked.Decrement(ref inside);
            _gate.Leave();
        }
    }
}
