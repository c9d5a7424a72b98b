using LucidTls.Sessions;

namespace LucidTls.Tests.Sessions;

/// <summary>The single-use store behind early data (RFC 8446 §8.1, §8.2).</summary>
public sealed class TlsReplayGuardTests
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(20);

    private readonly SettableTime _time = new();

    [Fact]
    public void A_ticket_is_used_once()
    {
        var guard = new TlsReplayGuard(10, _time);
        Assert.True(Use(guard, 1));
        Assert.False(Use(guard, 1));
        Assert.True(Use(guard, 2));
    }

    [Fact]
    public void A_use_is_remembered_for_the_window()
    {
        var guard = new TlsReplayGuard(10, _time);
        Assert.True(Use(guard, 1));
        _time.Now += Window - TimeSpan.FromTicks(1);
        Assert.False(Use(guard, 1));
        _time.Now += TimeSpan.FromTicks(1);
        Assert.True(Use(guard, 1));
    }

    [Fact]
    public void A_full_guard_lets_nothing_pass_until_there_is_room()
    {
        var guard = new TlsReplayGuard(2, _time);
        Assert.True(Use(guard, 1));
        Assert.True(Use(guard, 2));
        Assert.False(Use(guard, 3));
        _time.Now += Window;
        Assert.True(Use(guard, 3));
    }

    [Fact]
    public void A_ticket_from_before_the_guard_waits_until_no_replay_is_fresh()
    {
        var issued = _time.Now - TimeSpan.FromSeconds(1);
        var guard = new TlsReplayGuard(10, _time);
        Assert.False(Use(guard, 1, issued));
        _time.Now += Window;
        Assert.True(Use(guard, 1, issued));
    }

    [Fact]
    public void Of_many_at_once_one_passes()
    {
        var guard = new TlsReplayGuard();
        var passed = 0;
        Parallel.For(0, 100, _ =>
        {
            if (Use(guard, 1, DateTimeOffset.UtcNow))
                Interlocked.Increment(ref passed);
        });
        Assert.Equal(1, passed);
    }

    private bool Use(TlsReplayGuard guard, byte id, DateTimeOffset? issued = null)
    {
        var use = guard.TryUseAsync(new[] { id }, issued ?? _time.Now, Window, CancellationToken.None);
        Assert.True(use.IsCompletedSuccessfully);
        return use.Result;
    }

    private sealed class SettableTime : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
