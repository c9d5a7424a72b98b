using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using LucidTls.Bench.Measuring;
using LucidTls.Bench.Stacks;
using LucidTls.Bench.Workloads;

namespace LucidTls.Bench.Reports;

/// <summary>Puts results into tables, on the standard output as they come and into files at the end.</summary>
internal sealed class Report
{
    private const string Baseline = "SslStream";

    private readonly StringBuilder _text = new();
    private readonly List<Ratio> _ratios = [];

    public Report()
    {
        Write($"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, {Environment.ProcessorCount} processors, {ProcessorName()}");
        Write("");
    }

    public void AddHandshakes(IReadOnlyList<Result> results)
    {
        Write("### Handshake, both ends");
        Write("");
        var table = new MarkdownTable(3, "Kind", "Over", "Stack", "CPU µs", "±", "Wall µs", "Allocated KB", "CPU / SslStream");
        foreach (var result in results)
            table.Add(result.Contender.Workload, result.Contender.Link, result.Contender.Stack, Micro(result.Median.Cpu), Spread(result), Micro(result.Median.Wall), Number(result.Median.Allocated / 1000, "0.0"), RatioOf(result, results, "handshake "));
        Write(table.ToString());
    }

    public void AddBulk(IReadOnlyList<Result> results)
    {
        Write("### Bulk data, from one end to the other");
        Write("");
        var table = new MarkdownTable(3, "Workload", "Over", "Stack", "GB per CPU-second", "±", "GB per second", "Allocated bytes a record", "CPU / SslStream", "Bytes per CPU-second / SslStream");
        foreach (var result in results)
        {
            var size = Bulk.SizeOf(result.Contender.Workload);
            table.Add(result.Contender.Workload, result.Contender.Link, result.Contender.Stack, Number(size / result.Median.Cpu / 1e9, "0.00"), Spread(result), Number(size / result.Median.Wall / 1e9, "0.00"), Number(result.Median.Allocated, "0"), RatioOf(result, results, ""), Inverse(result, results));
        }
        Write(table.ToString());
    }

    public void AddEcho(IReadOnlyList<Result> results)
    {
        Write("### 64-byte echo, a round trip of four record operations");
        Write("");
        var table = new MarkdownTable(2, "Over", "Stack", "CPU µs", "±", "Wall µs", "Allocated bytes", "CPU / SslStream");
        foreach (var result in results)
            table.Add(result.Contender.Link, result.Contender.Stack, Micro(result.Median.Cpu, "0.00"), Spread(result), Micro(result.Median.Wall, "0.00"), Number(result.Median.Allocated, "0"), RatioOf(result, results, ""));
        Write(table.ToString());
    }

    public void AddMemory(IReadOnlyList<(string Stack, Footprint Footprint)> results)
    {
        Write($"### Memory of an idle pair, the mean of {IdleMemory.Pairs.ToString("N0", CultureInfo.InvariantCulture)}");
        Write("");
        var baseline = results.FirstOrDefault(result => result.Stack == Baseline).Footprint.Resident;
        var table = new MarkdownTable(1, "Stack", "Resident KB", "Managed KB", "Resident / SslStream");
        foreach (var (stack, footprint) in results)
        {
            table.Add(stack, Number(footprint.Resident / 1000, "0.0"), Number(footprint.Managed / 1000, "0.0"), Number(footprint.Resident / baseline, "0.00"));
            Plot("idle pair, memory", stack, footprint.Resident / baseline);
        }
        Write(table.ToString());
    }

    public void AddVerification(IReadOnlyList<Result> results)
    {
        Write("### A chain of three verified");
        Write("");
        var table = new MarkdownTable(2, "Chain", "By", "CPU µs", "±", "Allocated KB", "X509Chain / this");
        foreach (var result in results)
        {
            var platform = results.First(other => other.Contender.Workload == result.Contender.Workload && other.Contender.Stack == ChainVerification.Platform);
            table.Add(result.Contender.Workload, result.Contender.Stack, Micro(result.Median.Cpu), Spread(result), Number(result.Median.Allocated / 1000, "0.0"), Number(1 / result.CpuAgainst(platform), "0.0"));
        }
        Write(table.ToString());
    }

    public void AddRoots((int Count, TimeSpan Time, TimeSpan Compiling) first, IReadOnlyList<Result> results)
    {
        Write($"### The distribution's {first.Count} roots read");
        Write("");
        var platform = results.First(result => result.Contender.Stack == SystemRoots.Platform);
        var table = new MarkdownTable(1, "By", "CPU µs", "±", "Allocated KB", "X509Certificate2Collection / this");
        foreach (var result in results)
            table.Add(result.Contender.Stack, Micro(result.Median.Cpu), Spread(result), Number(result.Median.Allocated / 1000, "0.0"), Number(1 / result.CpuAgainst(platform), "0.0"));
        Write(table.ToString());
        Write($"The first reading of this process, which has taken certificates apart before, takes {Number(first.Time.TotalMilliseconds, "0.0")} ms, {Number(first.Compiling.TotalMilliseconds, "0.0")} ms of which the runtime compiles.");
        Write("");
    }

    public void AddKernels(IReadOnlyList<Result> results)
    {
        Write("### Cryptography done by the library itself");
        Write("");
        var table = new MarkdownTable(2, "Operation", "By", "CPU µs", "±", "Allocated bytes", "This / LucidTls");
        foreach (var result in results)
        {
            var own = results.First(other => other.Contender.Workload == result.Contender.Workload && other.Contender.Stack == Kernels.Own);
            table.Add(result.Contender.Workload, result.Contender.Stack, Micro(result.Median.Cpu, "0.00"), Spread(result), Number(result.Median.Allocated, "0"), Number(result.CpuAgainst(own), "0.0"));
        }
        Write(table.ToString());
    }

    public void AddKestrel((IReadOnlyList<Result> Results, IReadOnlyList<(string Stack, Footprint Footprint)> Memory) kestrel)
    {
        Write("### Kestrel's hello, the server's process alone");
        Write("");
        var table = new MarkdownTable(2, "Workload", "Under Kestrel", "CPU µs", "±", "Allocated KB", "Per CPU-second / UseHttps");
        foreach (var result in kestrel.Results)
        {
            var baseline = kestrel.Results.FirstOrDefault(other => other.Contender.Stack == KestrelHello.Theirs && other.Contender.Workload == result.Contender.Workload);
            table.Add(result.Contender.Workload, result.Contender.Stack, Micro(result.Median.Cpu), Spread(result), Number(result.Median.Allocated / 1000, "0.0"), baseline == null ? "" : Number(1 / result.CpuAgainst(baseline), "0.00"));
        }
        Write(table.ToString());
        Write("### Memory of an idle connection of Kestrel's, after three requests");
        Write("");
        var theirs = kestrel.Memory.First(one => one.Stack == KestrelHello.Theirs).Footprint.Resident;
        var memory = new MarkdownTable(1, "Under Kestrel", "Resident KB", "Managed KB", "Resident / UseHttps");
        foreach (var (stack, footprint) in kestrel.Memory)
            memory.Add(stack, Number(footprint.Resident / 1000, "0.0"), Number(footprint.Managed / 1000, "0.0"), Number(footprint.Resident / theirs, "0.00"));
        Write(memory.ToString());
    }

    public void Save(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "report.md"), _text.ToString());
        if (_ratios.Count > 0)
            RatioPlot.Save(_ratios, Path.Combine(folder, "performance.svg"));
        Console.WriteLine($"Written to {Path.GetFullPath(folder)}.");
    }

    private void Write(string text)
    {
        _text.AppendLine(text);
        Console.WriteLine(text);
    }

    private void Plot(string workload, string stack, double ratio)
    {
        if (stack != NoTls.StackName)
            _ratios.Add(new Ratio(workload, stack, ratio));
    }

    private string RatioOf(Result result, IReadOnlyList<Result> results, string prefix)
    {
        if (BaselineOf(result, results) is not { } baseline)
            return "";
        var ratio = result.CpuAgainst(baseline);
        Plot($"{prefix}{result.Contender.Workload}, {result.Contender.Link}", result.Contender.Stack, ratio);
        return Number(ratio, "0.00");
    }

    private static string Inverse(Result result, IReadOnlyList<Result> results) =>
        BaselineOf(result, results) is { } baseline ? Number(1 / result.CpuAgainst(baseline), "0.00") : "";

    private static Result? BaselineOf(Result result, IReadOnlyList<Result> results) => results.FirstOrDefault(other =>
        other.Contender.Stack == Baseline && other.Contender.Workload == result.Contender.Workload && other.Contender.Link == result.Contender.Link);

    private static string Micro(double seconds, string format = "0.0") => Number(seconds * 1e6, format);

    private static string Spread(Result result) => $"{Number(result.Spread * 100, "0")} %";

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private static string ProcessorName()
    {
        const string Information = "/proc/cpuinfo";
        var line = File.Exists(Information) ? File.ReadLines(Information).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line?[(line.IndexOf(':') + 1)..].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
    }
}
