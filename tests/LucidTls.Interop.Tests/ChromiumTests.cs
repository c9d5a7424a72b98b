using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests;

public sealed class ChromiumTests
{
    [Fact]
    public async Task It_loads_the_page_over_HTTP_2_once_it_trusts_the_private_authority()
    {
        using var tool = await Tool.ServeAsync();
        using var home = new TempFolder();
        await TrustAsync(home, tool.AuthorityFile);
        using var browser = Start(home, tool.Url);
        Assert.Equal(0, await browser.WaitForExitAsync());
        Assert.Contains("<title>Your connection: TLS 1.3</title>", browser.Text, StringComparison.Ordinal);
        Assert.Contains("X25519MLKEM768", browser.Text, StringComparison.Ordinal);
        Assert.Contains("over HTTP/2", browser.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_refuses_the_page_while_it_does_not_trust_the_private_authority()
    {
        using var tool = await Tool.ServeAsync();
        using var home = new TempFolder();
        using var browser = Start(home, tool.Url);
        await browser.WaitForAsync("ERR_CERT_AUTHORITY_INVALID");
        await tool.Process.WaitForAsync("it does not accept our certificate");
    }

    private static PeerProcess Start(TempFolder home, Uri url) => PeerProcess.Start(
        Peer.Find("chromium", "chromium"),
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--disable-dev-shm-usage", $"--user-data-dir={home.File("profile")}", "--dump-dom", url.ToString(),
        ],
        environment: new Dictionary<string, string> { ["HOME"] = home.Path });

    // Chromium on Linux reads the user's own trust from a database of NSS.
    private static async Task TrustAsync(TempFolder home, string authorityFile)
    {
        var folder = Directory.CreateDirectory(home.File(".pki/nssdb"));
        await Nss.RunAsync("certutil", "-N", "-d", $"sql:{folder.FullName}", "--empty-password");
        await Nss.RunAsync("certutil", "-A", "-d", $"sql:{folder.FullName}", "-n", "lucidtls", "-t", "C,,", "-a", "-i", authorityFile);
    }
}
