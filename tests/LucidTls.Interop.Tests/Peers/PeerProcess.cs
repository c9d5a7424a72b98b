using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests.Peers;

/// <summary>A peer as a process of its own: its output is collected, its input can be written, and it is ended by its id.</summary>
internal sealed class PeerProcess : IDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly SemaphoreSlim _news = new(0);
    private readonly Task _collecting;
    private int _disposed;

    private PeerProcess(Process process, bool collectOutput)
    {
        _process = process;
        var errors = CollectAsync(process.StandardError);
        _collecting = collectOutput ? Task.WhenAll(errors, CollectAsync(process.StandardOutput)) : errors;
    }

    public int ProcessId => _process.Id;
    public Stream Input => _process.StandardInput.BaseStream;

    /// <summary>Standard output, when it is not collected.</summary>
    public Stream Output => _process.StandardOutput.BaseStream;

    public string Text
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    /// <param name="program">The program's path.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="collectOutput">Whether standard output is collected as text, or left to <see cref="Output"/>.</param>
    /// <param name="environment">Variables to set.</param>
    public static PeerProcess Start(string program, IEnumerable<string> arguments, bool collectOutput = true, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        // The trust that this machine's environment configures must not decide a test.
        start.Environment.Remove("SSL_CERT_FILE");
        start.Environment.Remove("SSL_CERT_DIR");
        start.Environment.Remove("CURL_CA_BUNDLE");
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        return new PeerProcess(Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start."), collectOutput);
    }

    public void Write(string text)
    {
        Input.Write(Encoding.UTF8.GetBytes(text));
        Input.Flush();
    }

    /// <summary>Waits until the output holds that text; fails when it does not come in time or can come no more.</summary>
    public Task WaitForAsync(string text) => WaitForMatchAsync(Regex.Escape(text));

    /// <summary>Waits until the output holds what the regular expression describes; fails when it does not come in time or can come no more.</summary>
    public async Task<Match> WaitForMatchAsync([StringSyntax(StringSyntaxAttribute.Regex)] string pattern, TimeSpan? patience = null)
    {
        using var limit = new CancellationTokenSource(patience ?? Patience);
        try
        {
            while (!Regex.IsMatch(Text, pattern) && !_collecting.IsCompleted)
                await await Task.WhenAny(_news.WaitAsync(limit.Token), _collecting);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"\"{pattern}\" did not come within {(patience ?? Patience).TotalSeconds} s. The peer said:\n{Text}");
        }
        var match = Regex.Match(Text, pattern);
        Assert.True(match.Success, $"The peer ended and did not say \"{pattern}\". It said:\n{Text}");
        return match;
    }

    /// <summary>Waits for the end and for the last of the output, and gives the exit code.</summary>
    public async Task<int> WaitForExitAsync(TimeSpan? patience = null)
    {
        using var limit = new CancellationTokenSource(patience ?? Patience);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
            await _collecting.WaitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"The peer did not end within {(patience ?? Patience).TotalSeconds} s. It said:\n{Text}");
        }
        return _process.ExitCode;
    }

    /// <summary>Asks it to end, by a signal; TERM unless told otherwise.</summary>
    public void Terminate(string signal = "TERM")
    {
        using var kill = Start("kill", ["-" + signal, $"{ProcessId}"]);
        kill.WaitForExitAsync().GetAwaiter().GetResult();
    }

    /// <summary>A port for a peer to listen on.</summary>
    public static int FreePort() => LoopbackPort.Free();

    /// <summary>Waits until somebody listens on the port, by connecting.</summary>
    public async Task WaitForPortAsync(int port, TimeSpan? patience = null)
    {
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Loopback, port);
                return;
            }
            catch (SocketException) when (Stopwatch.GetElapsedTime(start) < (patience ?? Patience) && !_process.HasExited)
            {
                await Task.Delay(20);
            }
            catch (SocketException exception)
            {
                Assert.Fail($"The peer does not listen on port {port} ({exception.Message}). It said:\n{Text}");
            }
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
            return;
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            // Until then it may write into a folder that is deleted next.
            _process.WaitForExit(Patience);
        }
        _process.Dispose();
    }

    private async Task CollectAsync(StreamReader reader)
    {
        var buffer = new char[4096];
        try
        {
            int count;
            while ((count = await reader.ReadAsync(buffer)) > 0)
            {
                lock (_output)
                    _output.Append(buffer, 0, count);
                _news.Release();
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // Nobody wants to know any more; a failure that nobody sees would be found by a test of others.
        }
    }
}
