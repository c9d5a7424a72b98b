using System.Diagnostics;
using System.Text;

namespace LucidTls.Cli.Tests;

/// <summary>What a finished run of the tool left.</summary>
internal sealed record ToolResult(int ExitCode, string Output, string Errors);

/// <summary>The tool as a real process, with a data folder of its own. LUCIDTLS_BINARY names a published binary to test in place of the assembly beside the tests.</summary>
internal sealed class Tool : IAsyncDisposable
{
    /// <summary>Between two things that it says.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Process _process;
    private readonly StringBuilder _errors = new();
    private readonly SemaphoreSlim _moreErrors = new(0);
    private readonly Task _readingErrors;

    private Tool(IEnumerable<string> arguments, string dataHome, bool onTerminal = false)
    {
        var binary = Environment.GetEnvironmentVariable("LUCIDTLS_BINARY");
        IReadOnlyList<string> command = [.. binary is null ? ["dotnet", Path.Combine(AppContext.BaseDirectory, "LucidTls.Cli.dll")] : (string[])[binary], .. arguments];
        if (onTerminal)
            command = ["script", "--quiet", "--return", "--command", string.Join(' ', command.Select(word => $"'{word}'")), "/dev/null"];
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        start.Environment["XDG_DATA_HOME"] = dataHome;
        _process = Process.Start(start)!;
        _readingErrors = ReadErrorsAsync();
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>The line that <c>serve</c> prints once it listens.</summary>
    public string Url { get; private set; } = "";

    public int Port => new Uri(Url.Contains("://", StringComparison.Ordinal) ? Url : $"https://{Url}").Port;

    public StreamWriter Input => _process.StandardInput;

    public StreamReader Output => _process.StandardOutput;

    public string Errors
    {
        get
        {
            lock (_errors)
                return _errors.ToString();
        }
    }

    /// <summary>Runs the tool to its end.</summary>
    public static async Task<ToolResult> RunAsync(string dataHome, string? input, params string[] arguments)
    {
        await using var tool = new Tool(arguments, dataHome);
        var output = tool.Output.ReadToEndAsync(Cancel);
        if (input is not null)
            await tool.Input.WriteAsync(input);
        tool.Input.Close();
        var text = await output;
        return new ToolResult(await tool.ExitAsync(), text, tool.Errors);
    }

    /// <summary>Starts <c>serve</c> on a free port of 127.0.0.1 and waits until it listens.</summary>
    public static async Task<Tool> ServeAsync(string dataHome, params string[] arguments)
    {
        var tool = new Tool(["serve", "--listen", "127.0.0.1:0", .. arguments], dataHome);
        tool.Url = await tool.Output.ReadLineAsync(Cancel) ?? throw new InvalidOperationException($"serve ended with {await tool.ExitAsync()}: {tool.Errors}");
        return tool;
    }

    /// <summary>Starts <c>serve</c> with a configuration file and waits until its first service listens.</summary>
    public static async Task<Tool> ConfiguredAsync(string dataHome, string file)
    {
        var tool = new Tool(["serve", "--config", file], dataHome);
        tool.Url = await tool.Output.ReadLineAsync(Cancel) ?? throw new InvalidOperationException($"serve ended with {await tool.ExitAsync()}: {tool.Errors}");
        return tool;
    }

    /// <summary>Starts <c>tunnel</c> on a free port of 127.0.0.1, or where the arguments say, and waits until it listens.</summary>
    public static async Task<Tool> TunnelAsync(string dataHome, params string[] arguments)
    {
        var tool = new Tool(["tunnel", .. arguments.Contains("--listen") ? Array.Empty<string>() : ["--listen", "127.0.0.1:0"], .. arguments], dataHome);
        tool.Url = await tool.Output.ReadLineAsync(Cancel) ?? throw new InvalidOperationException($"tunnel ended with {await tool.ExitAsync()}: {tool.Errors}");
        return tool;
    }

    /// <summary>Starts the tool and leaves it to the test to talk to it.</summary>
    public static Tool Start(string dataHome, params string[] arguments) => new(arguments, dataHome);

    /// <summary>The same on a terminal, where all that it says is output.</summary>
    public static Tool OnTerminal(string dataHome, params string[] arguments) => new(arguments, dataHome, onTerminal: true);

    public async Task WaitForErrorAsync(string text)
    {
        while (!Errors.Contains(text, StringComparison.Ordinal))
        {
            Assert.False(_readingErrors.IsCompleted && _moreErrors.CurrentCount == 0, $"The tool has ended, and did not say \"{text}\" but: {Errors}");
            Assert.True(await _moreErrors.WaitAsync(Patience, Cancel), $"The tool did not say \"{text}\" within {Patience.TotalSeconds} s but: {Errors}");
        }
    }

    /// <summary>Sends a signal: TERM, or INT as Ctrl-C does.</summary>
    public void Signal(string name)
    {
        using var kill = Process.Start("kill", ["-" + name, _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    public async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync(Cancel);
        await _readingErrors;
        return _process.ExitCode;
    }

    private async Task ReadErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            lock (_errors)
                _errors.AppendLine(line);
            _moreErrors.Release();
        }
        _moreErrors.Release();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
        _moreErrors.Dispose();
    }
}
