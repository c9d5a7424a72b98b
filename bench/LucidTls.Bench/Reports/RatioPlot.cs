using System.Globalization;
using ScottPlot;

namespace LucidTls.Bench.Reports;

/// <summary>Draws ratios as horizontal bars on a logarithmic axis: a group for each workload, a colour for each stack.</summary>
internal static class RatioPlot
{
    private const double BarHeight = 0.26;
    private const int Width = 1000;
    private const int HeightOfGroup = 60;
    private const int HeightOfFrame = 150;

    private static readonly (string Stack, string Colour)[] Stacks = [("LucidTls", "#1f6f5c"), ("SslStream", "#9aa3ad"), ("BouncyCastle", "#c9803d")];
    private static readonly double[] Marks = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];

    public static void Save(IReadOnlyList<Ratio> ratios, string path)
    {
        using var plot = new Plot();
        var workloads = ratios.Select(ratio => ratio.Workload).Distinct().ToArray();
        var origin = Math.Log10(Math.Min(0.05, ratios.Min(ratio => ratio.Value) / 2));
        for (var stack = 0; stack < Stacks.Length; stack++)
        {
            var bars = ratios.Where(ratio => ratio.Stack == Stacks[stack].Stack).Select(ratio => Bar(ratio, stack, workloads, origin)).ToArray();
            if (bars.Length == 0)
                continue;
            var plottable = plot.Add.Bars(bars);
            plottable.Horizontal = true;
            plottable.LegendText = Stacks[stack].Stack;
            plottable.ValueLabelStyle.FontSize = 11;
        }
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericManual([.. Marks.Select(mark => Math.Log10(mark) - origin)], [.. Marks.Select(Text)]);
        plot.Axes.Left.TickGenerator = new ScottPlot.TickGenerators.NumericManual([.. workloads.Select((_, index) => Position(index, workloads.Length))], workloads);
        plot.Axes.Left.MajorTickStyle.Length = 0;
        plot.Axes.SetLimits(0, Math.Log10(ratios.Max(ratio => ratio.Value)) - origin + 0.35, -0.7, workloads.Length - 0.3);
        plot.Grid.YAxisStyle.IsVisible = false;
        plot.Title("Cost against SslStream in the same run (1.0; shorter is cheaper)");
        plot.ShowLegend(Edge.Bottom);
        plot.SaveSvg(path, Width, (HeightOfGroup * workloads.Length) + HeightOfFrame);
    }

    private static Bar Bar(Ratio ratio, int stack, string[] workloads, double origin) => new()
    {
        Position = Position(Array.IndexOf(workloads, ratio.Workload), workloads.Length) - ((stack - 1) * BarHeight),
        Value = Math.Log10(ratio.Value) - origin,
        Size = BarHeight,
        FillColor = Color.FromHex(Stacks[stack].Colour),
        LineWidth = 0,
        ValueLabel = Text(ratio.Value),
    };

    // The first workload stands on top.
    private static double Position(int workload, int count) => count - 1 - workload;

    private static string Text(double value) => value.ToString(value < 0.1 ? "0.00" : value < 10 ? "0.0#" : "0", CultureInfo.InvariantCulture);
}
