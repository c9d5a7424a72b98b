using System.Diagnostics;

namespace LucidTls.Bench.Measuring;

/// <summary>This program once more, in a hidden mode.</summary>
internal static class ChildProcess
{
    public static ProcessStartInfo StartInfo(string mode, string stack)
    {
        var program = Environment.ProcessPath!;
        var isHost = Path.GetFileNameWithoutExtension(program) == "dotnet";
        string[] arguments = isHost ? [typeof(ChildProcess).Assembly.Location, mode, stack] : [mode, stack];
        return new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true };
    }
}
