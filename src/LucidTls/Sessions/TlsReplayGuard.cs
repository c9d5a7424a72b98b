namespace LucidTls.Sessions;

/// <summary>
/// The uses of tickets in this process's memory, as many as are allowed: while it is full, no early data is taken. What was used
/// before the process started it cannot know, so tickets from before are not taken for early data until none of their replays is fresh any more (RFC 8446 §8.2).
/// </summary>
public sealed class TlsReplayGuard : ITlsReplayGuard
{
    private readonly Lock _lock = new();
    private readonly int _capacity;
    private readonly TimeProvider _time;
    private readonly DateTimeOffset _started;
    private readonly HashSet<string> _used = [];
    private readonly PriorityQueue<string, DateTimeOffset> _byExpiry = new();

    /// <summary>An empty guard.</summary>
    /// <param name="capacity">How many uses are remembered; each takes about 200 bytes.</param>
    /// <param name="time">The clock; null for the system's.</param>
    public TlsReplayGuard(int capacity = 100_000, TimeProvider? time = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _capacity = capacity;
        _time = time ?? TimeProvider.System;
        // Tickets count in milliseconds.
        _started = DateTimeOffset.FromUnixTimeMilliseconds(_time.GetUtcNow().ToUnixTimeMilliseconds());
    }

    /// <summary>The guard that is used when the options name no other.</summary>
    public static TlsReplayGuard Shared { get; } = new();

    /// <inheritdoc/>
    public ValueTask<bool> TryUseAsync(ReadOnlyMemory<byte> id, DateTimeOffset issued, TimeSpan window, CancellationToken cancellationToken) =>
        ValueTask.FromResult(TryUse(Convert.ToHexString(id.Span), issued, window));

    private bool TryUse(string id, DateTimeOffset issued, TimeSpan window)
    {
        lock (_lock)
        {
            var now = _time.GetUtcNow();
            if (issued < _started && now < _started + window)
                return false;
            while (_byExpiry.TryPeek(out var oldest, out var expires) && expires <= now)
            {
                _byExpiry.Dequeue();
                _used.Remove(oldest);
            }
            if (_used.Count >= _capacity || !_used.Add(id))
                return false;
            _byExpiry.Enqueue(id, now + window);
            return true;
        }
    }
}
