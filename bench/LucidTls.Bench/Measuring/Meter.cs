using System.Diagnostics;

namespace LucidTls.Bench.Measuring;

/// <summary>Adds up what the process spends between <see cref="Start"/> and <see cref="Stop"/>, several times over.</summary>
internal sealed class Meter(TimeSpan box)
{
    private TimeSpan _cpu;
    private TimeSpan _wall;
    private long _allocated;
    private long _operations;
    private TimeSpan _cpuStart;
    private long _wallStart;
    private long _allocatedStart;

    /// <summary>Whether the time given to this measurement is used up.</summary>
    public bool IsDone => _wall >= box;

    /// <summary>When an operation that measures itself should come to its end.</summary>
    public TimeSpan Box => box;

    /// <summary>The mean over all operations.</summary>
    public Cost PerOperation => new(_cpu.TotalSeconds / _operations, _wall.TotalSeconds / _operations, (double)_allocated / _operations);

    public void Start()
    {
        _allocatedStart = GC.GetTotalAllocatedBytes(precise: true);
        _cpuStart = Environment.CpuUsage.TotalTime;
        _wallStart = Stopwatch.GetTimestamp();
    }

    public void Stop(long operations)
    {
        _wall += Stopwatch.GetElapsedTime(_wallStart);
        _cpu += Environment.CpuUsage.TotalTime - _cpuStart;
        _allocated += GC.GetTotalAllocatedBytes(precise: true) - _allocatedStart;
        _operations += operations;
    }
}
