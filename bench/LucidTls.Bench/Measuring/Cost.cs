namespace LucidTls.Bench.Measuring;

/// <summary>What one operation costs the whole process: seconds of CPU over all threads, seconds on the clock, bytes allocated.</summary>
internal readonly record struct Cost(double Cpu, double Wall, double Allocated);
