namespace LucidTls.Bench.Reports;

/// <summary>A stack's cost as a multiple of SslStream's in the same run: below 1 is cheaper.</summary>
internal sealed record Ratio(string Workload, string Stack, double Value);
