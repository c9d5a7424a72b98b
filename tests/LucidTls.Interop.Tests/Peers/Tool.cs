using System.Globalization;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests.Peers;

/// <summary><c>lucidtls serve</c> as a process with a data folder of its own. LUCIDTLS_BINARY names a published binary to run in place of the assembly beside the tests.</summary>
internal sealed class Tool : IDisposable
{
    private readonly TempFolder _data;

    private Tool(PeerProcess process, TempFolder data, Uri url) => (Process, _data, Url) = (process, data, url);

    public PeerProcess Process { get; }

    /// <summary>The program, and what comes before its arguments.</summary>
    public static IReadOnlyList<string> CommandLine { get; } = Environment.GetEnvironmentVariable("LUCIDTLS_BINARY") is { } binary ? [binary] : ["dotnet", Path.Combine(AppContext.BaseDirectory, "LucidTls.Cli.dll")];

    /// <summary>Where it listens, by the name localhost.</summary>
    public Uri Url { get; }

    /// <summary>The certificate of the authority that it made for itself, in PEM.</summary>
    public string AuthorityFile => _data.File("lucidtls/ca.pem");

    public static Task<Tool> ServeAsync(params IEnumerable<string> arguments) => StartAsync(["serve", "--listen", "127.0.0.1:0", .. arguments]);

    /// <summary><c>lucidtls serve</c> whose runtime may have that many bytes for its heap, and fails for want of memory when they do not suffice.</summary>
    public static Task<Tool> ServeWithinAsync(long heapBytes) => StartAsync(["serve", "--listen", "127.0.0.1:0"], heapBytes: heapBytes);

    /// <summary><c>lucidtls tunnel</c> on a free port, which is that of <see cref="Url"/>.</summary>
    public static Task<Tool> TunnelAsync(params IEnumerable<string> arguments) => TunnelAtAsync("127.0.0.1:0", arguments);

    /// <summary><c>lucidtls tunnel</c> on that address or socket.</summary>
    public static Task<Tool> TunnelAtAsync(string address, params IEnumerable<string> arguments) => StartAsync(["tunnel", "--listen", address, .. arguments]);

    /// <summary><c>lucidtls serve</c> as a file says, whose first service is that of <see cref="Url"/>.</summary>
    public static Task<Tool> ConfiguredAsync(string yaml)
    {
        var data = new TempFolder();
        File.WriteAllText(data.File("serve.yaml"), yaml);
        return StartAsync(["serve", "--config", data.File("serve.yaml")], data);
    }

    private static async Task<Tool> StartAsync(IEnumerable<string> arguments, TempFolder? folder = null, long? heapBytes = null)
    {
        var data = folder ?? new TempFolder();
        var environment = new Dictionary<string, string> { ["XDG_DATA_HOME"] = data.Path };
        if (heapBytes is { } limit)
            environment["DOTNET_GCHeapHardLimit"] = limit.ToString("X", CultureInfo.InvariantCulture);
        var process = PeerProcess.Start(CommandLine[0], [.. CommandLine.Skip(1), .. arguments], collectOutput: false, environment);
        using var output = new StreamReader(process.Output, leaveOpen: true);
        var url = await output.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(PeerProcess.Patience);
        Assert.True(url != null, $"lucidtls did not start: {process.Text}");
        return new Tool(process, data, new Uri(url.Contains("://", StringComparison.Ordinal) ? url : $"tcp://{url}"));
    }

    public void Dispose()
    {
        Process.Dispose();
        _data.Dispose();
    }
}
