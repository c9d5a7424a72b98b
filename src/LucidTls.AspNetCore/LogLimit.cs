namespace LucidTls.AspNetCore;

/// <summary>
/// Ten lines at once, and one every six seconds after that: whoever scans the port fills no disk, and the first failures of a day are seen whole. Safe for
/// use by several threads at once.
/// </summary>
internal sealed class LogLimit(TimeProvider time)
{
    private const int MostAtOnce = 10;
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(6);

    private readonly Lock _lock = new();
    private int _left = MostAtOnce;
    private int _suppressed;
    private long _renewed = time.GetTimestamp();

    /// <summary>Whether there may be a line now.</summary>
    /// <param name="suppressed">If so, how many there were not since the last one.</param>
    public bool TryTake(out int suppressed)
    {
        lock (_lock)
        {
            var earned = (int)Math.Min(MostAtOnce, time.GetElapsedTime(_renewed) / Renewal);
            if (earned > 0)
            {
                _left = Math.Min(MostAtOnce, _left + earned);
                _renewed = time.GetTimestamp();
            }
            if (_left == 0)
            {
                _suppressed++;
                suppressed = 0;
                return false;
            }
            _left--;
            (suppressed, _suppressed) = (_suppressed, 0);
            return true;
        }
    }
}
