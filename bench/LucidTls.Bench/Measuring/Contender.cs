namespace LucidTls.Bench.Measuring;

/// <summary>One stack doing one workload over one link.</summary>
internal sealed record Contender(string Workload, string Link, string Stack, Func<Meter, Task> RunAsync);
