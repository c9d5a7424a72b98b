using System.Diagnostics;
using System.Runtime;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Bench.Measuring;
using LucidTls.Certificates.Trust;

namespace LucidTls.Bench.Workloads;

/// <summary>The distribution's bundle of roots read and taken apart: by this library and by the platform's X509Certificate2Collection.</summary>
internal static class SystemRoots
{
    public const string Platform = "X509Certificate2Collection";

    /// <summary>The bundle that <see cref="SystemStore"/> takes; null where there is none.</summary>
    public static string? Bundle { get; } = SystemStore.FindBundle();

    /// <summary>The first reading in a process, which compiles the code that does it: what a program pays, once.</summary>
    public static (int Count, TimeSpan Time, TimeSpan Compiling) ReadForTheFirstTime()
    {
        var start = Stopwatch.GetTimestamp();
        var compiling = JitInfo.GetCompilationTime(currentThread: true);
        var count = SystemStore.Read(Bundle, null).All.Count;
        return (count, Stopwatch.GetElapsedTime(start), JitInfo.GetCompilationTime(currentThread: true) - compiling);
    }

    public static IEnumerable<Contender> Contenders() =>
    [
        Contender("LucidTls", () => SystemStore.Read(Bundle, null)),
        Contender(Platform, ReadByPlatform),
    ];

    private static Contender Contender(string stack, Action read) => new("roots", "", stack, meter =>
    {
        while (!meter.IsDone)
        {
            meter.Start();
            read();
            meter.Stop(1);
        }
        return Task.CompletedTask;
    });

    private static void ReadByPlatform()
    {
        var collection = new X509Certificate2Collection();
        collection.ImportFromPemFile(Bundle!);
        foreach (var certificate in collection)
            certificate.Dispose();
    }
}
