using LucidTls.Interop.Tests.Peers;
using LucidTls.Interop.Tests.Peers.Browsers;

namespace LucidTls.Interop.Tests;

/// <summary>One browser for all tests of a class, that trusts the tests' authority and that of a running <c>lucidtls serve</c>, and has no certificate of its own.</summary>
public sealed class BrowserFixture(PkiFixture pki) : IAsyncDisposable
{
    private Task<(Browser Browser, Tool Tool)>? _starting;

    internal async Task<Browser> BrowserAsync(Func<BrowserProfile, Task<Browser>> start) => (await (_starting ??= StartAsync(start))).Browser;

    /// <summary>To be asked for after the browser.</summary>
    internal async Task<Tool> ToolAsync() => (await _starting!).Tool;

    public async ValueTask DisposeAsync()
    {
        if (_starting is not { IsCompletedSuccessfully: true })
            return;
        var (browser, tool) = await _starting;
        tool.Dispose();
        await browser.DisposeAsync();
    }

    private async Task<(Browser, Tool)> StartAsync(Func<BrowserProfile, Task<Browser>> start)
    {
        var tool = await Tool.ServeAsync();
        try
        {
            return (await start(new BrowserProfile(pki.RootFile, tool.AuthorityFile)), tool);
        }
        catch
        {
            tool.Dispose();
            throw;
        }
    }
}
