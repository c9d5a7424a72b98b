using System.Diagnostics;

namespace LucidTls.Cli.Tests;

/// <summary>OpenSSL's command, which makes the files that users have.</summary>
internal static class OpenSsl
{
    public static void Run(params IEnumerable<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("openssl", arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        _ = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors);
    }
}
