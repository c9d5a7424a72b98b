using System.Net.Http.Json;
using System.Text.Json;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests.Peers.Browsers;

/// <summary>What a browser has: the authorities that it trusts beside those of its maker, as PEM files; certificates of its own, PKCS#12 under <see cref="Nss.Password"/>; settings.</summary>
internal sealed record BrowserProfile(params IReadOnlyList<string> Roots)
{
    public IReadOnlyList<byte[]> Own { get; init; } = [];

    /// <summary>Lines of Firefox's user.js.</summary>
    public IReadOnlyList<string> Preferences { get; init; } = [];

    /// <summary>Chromium's options.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];
}

/// <summary>A browser without a window, with a new home, that knows no host but this one. One tab is open.</summary>
internal sealed class Browser : IAsyncDisposable
{
    /// <summary>For the start and for what a page does: both take seconds where others use the processors.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly TempFolder _home = new();
    private PeerProcess? _process;
    private Bidi? _bidi;
    private string _tab = "";

    private Browser()
    {
    }

    public static Task<Browser> StartChromiumAsync(BrowserProfile profile) => StartAsync(browser => browser.ConnectToChromiumAsync(profile));

    public static Task<Browser> StartFirefoxAsync(BrowserProfile profile) => StartAsync(browser => browser.ConnectToFirefoxAsync(profile));

    /// <summary>Opens a page and waits until it is loaded with all that belongs to it.</summary>
    /// <exception cref="BrowserException">It could not be opened; the message holds the code that the browser shows its user.</exception>
    public Task OpenAsync(string url) => _bidi!.RunAsync("browsingContext.navigate", new { context = _tab, url, wait = "complete" });

    /// <summary>Runs an asynchronous function's body in the page and gives the string that it returns.</summary>
    /// <exception cref="BrowserException">The script threw.</exception>
    public async Task<string> RunAsync(string script)
    {
        var outcome = await _bidi!.RunAsync("script.evaluate", new { expression = $"(async () => {{ {script} }})()", target = new { context = _tab }, awaitPromise = true });
        return outcome.TryGetProperty("result", out var result) ? result.GetProperty("value").GetString()! : throw new BrowserException(outcome.GetProperty("exceptionDetails").GetProperty("text").GetString()!);
    }

    public Task SetWidthAsync(int width) => _bidi!.RunAsync("browsingContext.setViewport", new { context = _tab, viewport = new { width, height = 844 } });

    /// <summary>Ends the browser and all that it started, also what left its process group.</summary>
    public async ValueTask DisposeAsync()
    {
        _bidi?.Dispose();
        _process?.Dispose();
        using var limit = new CancellationTokenSource(PeerProcess.Patience);
        while (ProcessesOf(_home.Path) is { Count: > 0 } left)
        {
            Assert.False(limit.IsCancellationRequested, $"Processes {string.Join(", ", left)} do not end.");
            foreach (var id in left)
                End(id);
            await Task.Delay(20, CancellationToken.None);
        }
        _home.Dispose();
    }

    private static async Task<Browser> StartAsync(Func<Browser, Task> connect)
    {
        var browser = new Browser();
        try
        {
            await connect(browser);
            browser._tab = (await browser._bidi!.RunAsync("browsingContext.create", new { type = "tab" })).GetProperty("context").GetString()!;
            return browser;
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    private async Task ConnectToFirefoxAsync(BrowserProfile profile)
    {
        var program = Peer.Find("firefox-esr", "firefox-esr");
        var folder = _home.File("profile");
        await Nss.FillDatabaseAsync(folder, profile.Roots, profile.Own);
        // Whatever it asks for from elsewhere ends here at once.
        File.WriteAllLines(Path.Combine(folder, "user.js"), ["""user_pref("network.dns.forceResolve", "127.0.0.1");""", .. profile.Preferences]);
        Start(program, "--headless", "--no-remote", "--profile", folder, "--remote-debugging-port", "0");
        var listening = await _process!.WaitForMatchAsync(@"BiDi listening on (ws://[^\s]+)\s", Patience);
        _bidi = await Bidi.ConnectAsync(new Uri($"{listening.Groups[1].Value}/session"));
        await _bidi.RunAsync("session.new", new { capabilities = new { } });
    }

    private async Task ConnectToChromiumAsync(BrowserProfile profile)
    {
        var driver = Peer.Find("chromedriver", "chromium-driver");
        // Chromium on Linux reads the user's own trust from this database.
        await Nss.FillDatabaseAsync(_home.File(".pki/nssdb"), profile.Roots, profile.Own);
        Start(driver, "--port=0");
        var started = await _process!.WaitForMatchAsync(@"started successfully on port (\d+)", Patience);
        string[] args =
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost", $"--user-data-dir={_home.File("profile")}", .. profile.Options,
        ];
        var capabilities = new Dictionary<string, object> { ["webSocketUrl"] = true, ["goog:chromeOptions"] = new { binary = Peer.Find("chromium", "chromium"), args } };
        using var http = new HttpClient { Timeout = Patience };
        // As a string: chromedriver wants to know the length beforehand.
        using var request = new StringContent(JsonSerializer.Serialize(new { capabilities = new { alwaysMatch = capabilities } }));
        using var answer = await http.PostAsync(new Uri($"http://127.0.0.1:{started.Groups[1].Value}/session"), request);
        var value = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("value");
        Assert.True(answer.IsSuccessStatusCode, $"Chromium did not start: {value}");
        _bidi = await Bidi.ConnectAsync(new Uri(value.GetProperty("capabilities").GetProperty("webSocketUrl").GetString()!));
    }

    private void Start(string program, params string[] arguments) =>
        _process = PeerProcess.Start(program, arguments, environment: new Dictionary<string, string> { ["HOME"] = _home.Path, ["MOZ_CRASHREPORTER_DISABLE"] = "1" });

    /// <summary>The processes that were started with that home or name it in their arguments; those that ended and wait for their parents have neither.</summary>
    private static List<int> ProcessesOf(string home)
    {
        var ids = new List<int>();
        foreach (var folder in Directory.GetDirectories("/proc"))
        {
            try
            {
                if (int.TryParse(Path.GetFileName(folder), out var id) && (File.ReadAllText($"{folder}/environ") + File.ReadAllText($"{folder}/cmdline")).Contains(home, StringComparison.Ordinal))
                    ids.Add(id);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Ended by now, or somebody else's.
            }
        }
        return ids;
    }

    private static void End(int id)
    {
        try
        {
            using var process = System.Diagnostics.Process.GetProcessById(id);
            process.Kill();
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
        {
            // Ended by now.
        }
    }
}
