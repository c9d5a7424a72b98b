using LucidTls.AspNetCore;

namespace LucidTls.Cli.Reporting;

/// <summary>What is said of single connections and requests that failed, at a rate with which nobody can fill a disk.</summary>
internal static class ConnectionLog
{
    private static readonly LogLimit Limit = new(TimeProvider.System);

    public static void Failed(string text)
    {
        if (Limit.TryTake(out var suppressed))
            Terminal.MarkupLine($"[yellow]{DateTime.Now:HH:mm:ss}[/] {Terminal.Escape($"{text}{(suppressed > 0 ? $" ({suppressed} lines like this were left out since the last one.)" : "")}")}");
    }
}
