using System.Diagnostics;
using System.Runtime;

namespace LucidTls.Bench.Measuring;

/// <summary>Lets contenders take turns, so that what changes on the machine meanwhile meets all of them.</summary>
internal sealed class Contest(int rounds, TimeSpan box)
{
    private const int FewestWarmUpPasses = 2;
    private const int MostWarmUpPasses = 8;

    /// <summary>The share of a pass that the compiler may take when the code counts as warm.</summary>
    private const double WarmShare = 0.01;

    private static readonly TimeSpan TieringDelay = TimeSpan.FromMilliseconds(250);

    public async Task<IReadOnlyList<Result>> RunAsync(IReadOnlyList<Contender> contenders)
    {
        await WarmUpAsync(contenders);
        var costs = contenders.Select(_ => new List<Cost>()).ToArray();
        for (var round = 0; round < rounds; round++)
        {
            for (var turn = 0; turn < contenders.Count; turn++)
            {
                var index = (turn + round) % contenders.Count;
                costs[index].Add(await MeasureAsync(contenders[index]));
            }
        }
        return [.. contenders.Select((contender, index) => new Result(contender, costs[index]))];
    }

    // The runtime compiles hot methods anew in the background, first after 30 calls and then with what it learned from them.
    private async Task WarmUpAsync(IReadOnlyList<Contender> contenders)
    {
        for (var pass = 1; pass <= MostWarmUpPasses; pass++)
        {
            var start = Stopwatch.GetTimestamp();
            var compiling = JitInfo.GetCompilationTime();
            foreach (var contender in contenders)
                await MeasureAsync(contender);
            await Task.Delay(TieringDelay);
            if (pass >= FewestWarmUpPasses && JitInfo.GetCompilationTime() - compiling < Stopwatch.GetElapsedTime(start) * WarmShare)
                return;
        }
    }

    private async Task<Cost> MeasureAsync(Contender contender)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var meter = new Meter(box);
        await contender.RunAsync(meter);
        return meter.PerOperation;
    }
}
