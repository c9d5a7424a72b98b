namespace LucidTls.Cli.Reporting;

/// <summary>
/// Lines on their way to somebody who may not read them: a thread of its own writes them, and whoever has something to say goes on at once. What comes when too many wait is left out, and a
/// line says in its place how many were. Safe for use by several threads at once.
/// </summary>
internal sealed class LineQueue
{
    private readonly Queue<Action> _waiting = new();
    private readonly int _most;
    private readonly Action<int> _writeLost;
    private int _lost;
    private bool _isWriting;

    /// <param name="most">How many lines may wait.</param>
    /// <param name="writeLost">Writes the line that says how many were left out.</param>
    public LineQueue(int most, Action<int> writeLost)
    {
        (_most, _writeLost) = (most, writeLost);
        new Thread(Write) { IsBackground = true, Name = "Log" }.Start();
    }

    /// <param name="write">Writes the line, and throws nothing.</param>
    public void Add(Action write)
    {
        lock (_waiting)
        {
            // Once one is left out, all are until that was said, so that it stands where they would have been.
            if (_lost > 0 || _waiting.Count == _most)
                _lost++;
            else
                _waiting.Enqueue(write);
            Monitor.PulseAll(_waiting);
        }
    }

    /// <summary>Waits until all that was added is written, but no longer than that.</summary>
    public void Settle(TimeSpan time)
    {
        var end = Environment.TickCount64 + (long)time.TotalMilliseconds;
        lock (_waiting)
        {
            while ((_isWriting || HasMore) && end - Environment.TickCount64 is var left and > 0)
                Monitor.Wait(_waiting, TimeSpan.FromMilliseconds(left));
        }
    }

    private bool HasMore => _waiting.Count > 0 || _lost > 0;

    private void Write()
    {
        while (true)
            Next()();
    }

    private Action Next()
    {
        lock (_waiting)
        {
            _isWriting = false;
            Monitor.PulseAll(_waiting);
            while (!HasMore)
                Monitor.Wait(_waiting);
            _isWriting = true;
            if (_waiting.TryDequeue(out var write))
                return write;
            var lost = _lost;
            _lost = 0;
            return () => _writeLost(lost);
        }
    }
}
