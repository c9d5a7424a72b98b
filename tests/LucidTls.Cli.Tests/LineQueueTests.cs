using LucidTls.Cli.Reporting;

namespace LucidTls.Cli.Tests;

/// <summary>What is said to somebody who does not read.</summary>
public sealed class LineQueueTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private readonly List<string> _written = [];
    private readonly ManualResetEventSlim _isRead = new();
    private readonly ManualResetEventSlim _isStuck = new();
    private readonly LineQueue _queue;

    public LineQueueTests() => _queue = new LineQueue(most: 2, lost => _written.Add($"{lost} lost"));

    public void Dispose()
    {
        _isRead.Dispose();
        _isStuck.Dispose();
    }

    [Fact]
    public void Who_says_something_goes_on_while_nobody_reads_and_what_was_left_out_is_counted_in_its_place()
    {
        _queue.Add(Stuck);
        Assert.True(_isStuck.Wait(Patience, Cancel));
        for (var i = 1; i <= 5; i++)
            Add($"{i}");
        Assert.Empty(_written);

        _isRead.Set();
        _queue.Settle(Patience);
        Add("after");
        _queue.Settle(Patience);

        Assert.Equal(["stuck", "1", "2", "3 lost", "after"], _written);
    }

    [Fact]
    public void The_end_waits_for_what_was_said_but_not_for_ever()
    {
        _queue.Add(Stuck);
        Assert.True(_isStuck.Wait(Patience, Cancel));
        _queue.Settle(TimeSpan.FromMilliseconds(50));
        Assert.Empty(_written);

        _isRead.Set();
        _queue.Settle(Patience);
        Assert.Equal(["stuck"], _written);
    }

    private void Add(string line) => _queue.Add(() => _written.Add(line));

    private void Stuck()
    {
        _isStuck.Set();
        _isRead.Wait(Patience, Cancel);
        _written.Add("stuck");
    }
}
