namespace LucidTls.Bench.Measuring;

/// <summary>What a contender cost in each round.</summary>
internal sealed record Result(Contender Contender, IReadOnlyList<Cost> Rounds)
{
    /// <summary>The median of each quantity by itself.</summary>
    public Cost Median => new(Quantile(0.5, cost => cost.Cpu), Quantile(0.5, cost => cost.Wall), Quantile(0.5, cost => cost.Allocated));

    /// <summary>Half the distance between the quartiles of the CPU times, relative to their median.</summary>
    public double Spread => (Quantile(0.75, cost => cost.Cpu) - Quantile(0.25, cost => cost.Cpu)) / 2 / Median.Cpu;

    /// <summary>
    /// The median over the rounds of this one's CPU time by the other's in the same round: what slows the machine for a while
    /// slows both, and drops out.
    /// </summary>
    public double CpuAgainst(Result other) => Quantile([.. Rounds.Zip(other.Rounds, (mine, theirs) => mine.Cpu / theirs.Cpu)], 0.5);

    private double Quantile(double share, Func<Cost, double> quantity) => Quantile([.. Rounds.Select(quantity)], share);

    private static double Quantile(double[] values, double share)
    {
        Array.Sort(values);
        var position = share * (values.Length - 1);
        var below = (int)position;
        var above = Math.Min(below + 1, values.Length - 1);
        return values[below] + ((position - below) * (values[above] - values[below]));
    }
}
