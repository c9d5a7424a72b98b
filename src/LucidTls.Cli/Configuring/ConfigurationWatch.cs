using System.Security.Cryptography;
using LucidTls.Cli.Reporting;

namespace LucidTls.Cli.Configuring;

/// <summary>Follows changes of the configuration file, on SIGHUP at once.</summary>
internal static class ConfigurationWatch
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    public static async Task RunAsync(string file, ConfiguredFront front, SemaphoreSlim hangup, CancellationToken stop)
    {
        var known = Fingerprint(file);
        var seen = known;
        try
        {
            while (true)
            {
                var isAsked = await hangup.WaitAsync(Interval, stop);
                var now = Fingerprint(file);
                // Twice the same, so that no file is read half written.
                if (isAsked || (now != known && now == seen))
                {
                    known = now;
                    await ReloadAsync(file, front);
                }
                seen = now;
            }
        }
        catch (OperationCanceledException)
        {
            // The tool ends.
        }
    }

    private static async Task ReloadAsync(string file, ConfiguredFront front)
    {
        try
        {
            await front.ReplaceAsync(ServeConfiguration.Read(file));
            Terminal.MarkupLine($"[grey]{DateTime.Now:HH:mm:ss}[/] {Terminal.Escape($"{file} is in effect.")}");
        }
        catch (CliException failure)
        {
            Terminal.Fail($"{failure.Message} What was in effect before still is.");
        }
    }

    private static string Fingerprint(string file)
    {
        try
        {
            return Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return failure.GetType().Name;
        }
    }
}
