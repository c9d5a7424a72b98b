using System.Runtime.InteropServices;

namespace LucidTls.Cli;

/// <summary>SIGHUP, where there is one.</summary>
internal static class Hangup
{
    public static IDisposable? Call(Action action) => OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
    {
        signal.Cancel = true;
        action();
    });
}
