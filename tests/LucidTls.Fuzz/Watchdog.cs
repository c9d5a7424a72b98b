using System.Diagnostics;

namespace LucidTls.Fuzz;

/// <summary>Ends the process with the input at hand when a target does not come back.</summary>
internal sealed class Watchdog : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Timer _timer;
    private volatile Work? _work;
    private TimeSpan _slowest;

    public Watchdog() => _timer = new Timer(_ => Look(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));

    public IDisposable Over(string target, byte[] input) => _work = new Work(this, target, input);

    /// <summary>The longest that an input took since the last call.</summary>
    public TimeSpan TakeSlowest()
    {
        var slowest = _slowest;
        _slowest = default;
        return slowest;
    }

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        if (_work is not { } work || work.Elapsed < Patience)
            return;
        Console.WriteLine($"{work.Target} does not come back from {Convert.ToHexString(work.Input)}");
        Environment.Exit(1);
    }

    private sealed class Work(Watchdog owner, string target, byte[] input) : IDisposable
    {
        private readonly long _start = Stopwatch.GetTimestamp();

        public string Target { get; } = target;
        public byte[] Input { get; } = input;
        public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_start);

        public void Dispose()
        {
            owner._work = null;
            if (Elapsed > owner._slowest)
                owner._slowest = Elapsed;
        }
    }
}
