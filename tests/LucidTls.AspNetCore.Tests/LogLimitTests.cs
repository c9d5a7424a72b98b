namespace LucidTls.AspNetCore.Tests;

public sealed class LogLimitTests
{
    [Fact]
    public void Ten_lines_pass_at_once_then_one_every_six_seconds_which_counts_the_others()
    {
        var time = new StoppedTime();
        var limit = new LogLimit(time);

        Assert.All(Enumerable.Range(0, 10), _ => Assert.True(limit.TryTake(out var _)));
        Assert.False(limit.TryTake(out _));
        Assert.False(limit.TryTake(out _));
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.False(limit.TryTake(out _));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(limit.TryTake(out var suppressed));
        Assert.Equal(3, suppressed);
        Assert.False(limit.TryTake(out _));
        time.Advance(TimeSpan.FromHours(1));
        Assert.True(limit.TryTake(out suppressed));
        Assert.Equal(1, suppressed);
        Assert.Equal(9, Enumerable.Range(0, 100).Count(_ => limit.TryTake(out var _)));
    }

    private sealed class StoppedTime : TimeProvider
    {
        private TimeSpan _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now.Ticks;

        public void Advance(TimeSpan by) => _now += by;
    }
}
