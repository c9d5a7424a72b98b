namespace LucidTls.AspNetCore.Configuration;

/// <summary>
/// Follows what changes without telling, files above all: it is looked at four times a second, and a change counts when it is the same the next time, so that no file is read half written.
/// </summary>
/// <param name="look">A fingerprint of what is there now.</param>
/// <param name="change">Told of a new fingerprint; gives whether that is settled, be it used or refused. If not, it is looked at again.</param>
/// <param name="time">The clock.</param>
internal sealed class ChangeWatch(Func<string> look, Func<string, CancellationToken, Task<bool>> change, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _asked = new(0);
    private Task _watching = Task.CompletedTask;

    /// <summary>From now on changes are followed.</summary>
    /// <param name="known">The fingerprint of what is in use.</param>
    public void Start(string known) => _watching = WatchAsync(known);

    /// <summary>Takes what is there now at once, changed or not.</summary>
    public void Ask() => _asked.Release();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _watching.ConfigureAwait(false);
    }

    private async Task WatchAsync(string settled)
    {
        var interval = Interval;
        var cost = TimeSpan.FromMilliseconds(1);
        var seen = settled;
        var asked = _asked.WaitAsync(_stop.Token);
        try
        {
            while (true)
            {
                await Task.WhenAny(asked, Task.Delay(interval, time, _stop.Token)).ConfigureAwait(false);
                _stop.Token.ThrowIfCancellationRequested();
                var isAsked = asked.IsCompleted;
                if (isAsked)
                    asked = _asked.WaitAsync(_stop.Token);
                var began = time.GetTimestamp();
                var now = look();
                // However many files there are, looking at them takes a fiftieth of the time. A single look that took long was kept waiting by others.
                cost = TimeSpan.FromTicks(Math.Clamp(time.GetElapsedTime(began).Ticks, TimeSpan.TicksPerMillisecond, 2 * cost.Ticks));
                interval = TimeSpan.FromTicks(Math.Max(Interval.Ticks, 50 * cost.Ticks));
                var isStill = now == seen;
                seen = now;
                if ((isAsked || (isStill && now != settled)) && await change(now, _stop.Token).ConfigureAwait(false))
                    settled = now;
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Whoever wanted to know has ended.
        }
    }
}
