using System.Diagnostics;

namespace LucidTls.Cli.Tests;

/// <summary>A real browser looks at the page, and verifies the certificate as it does for anybody.</summary>
public sealed class ChromiumTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Chromium_loads_the_page_over_HTTP_2_once_it_trusts_the_private_authority()
    {
        var chromium = Find("chromium", "chromium");
        var certutil = Find("certutil", "libnss3-tools");
        await using var tool = await Tool.ServeAsync(_folder.Path);

        var distrusting = await LoadAsync(chromium, tool.Url);
        Assert.DoesNotContain("ClientHello", distrusting, StringComparison.Ordinal);
        await tool.WaitForErrorAsync("the TLS handshake failed");

        Directory.CreateDirectory(_folder["home/.pki/nssdb"]);
        await RunAsync(certutil, "-d", "sql:" + _folder["home/.pki/nssdb"], "-N", "--empty-password");
        await RunAsync(certutil, "-d", "sql:" + _folder["home/.pki/nssdb"], "-A", "-t", "C,,", "-n", "lucidtls", "-i", _folder["lucidtls/ca.pem"]);
        var page = await LoadAsync(chromium, tool.Url);

        Assert.Contains("Your connection is encrypted with TLS 1.3", page, StringComparison.Ordinal);
        Assert.Contains("h2 (HTTP/2)", page, StringComparison.Ordinal);
        Assert.Contains("X25519MLKEM768", page, StringComparison.Ordinal);
        Assert.Contains("ClientHello", page, StringComparison.Ordinal);
    }

    private Task<string> LoadAsync(string chromium, string url) =>
        RunAsync(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--user-data-dir=" + _folder["profile"], "--dump-dom", url);

    private async Task<string> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["HOME"] = _folder["home"];
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await errors;
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return output;
    }

    /// <summary>In CI a missing program fails the test, elsewhere it skips it.</summary>
    private static string Find(string program, string debianPackage)
    {
        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator))
        {
            if (File.Exists(Path.Combine(folder, program)))
                return Path.Combine(folder, program);
        }
        var message = $"\"{program}\" is not installed; on Debian it is in the package {debianPackage}.";
        Assert.SkipUnless(Environment.GetEnvironmentVariable("CI") == "true", message);
        throw new InvalidOperationException(message);
    }
}
