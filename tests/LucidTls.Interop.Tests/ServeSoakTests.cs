using LucidTls.Certificates;
using LucidTls.Interop.Tests.Peers;

namespace LucidTls.Interop.Tests;

/// <summary>The tool as a server for very many clients, seen from outside: its handles, threads and memory.</summary>
[Collection(nameof(HygieneTests))]
public sealed class ServeSoakTests
{
    private const int AtOnce = 1000;
    private const int InSequence = 10_000;

    /// <summary>Enough for those at once, and for no more than half of those in sequence if they were kept.</summary>
    private const int HeapBytes = 48 << 20;

    [Fact]
    public async Task Thousand_clients_at_once_and_ten_thousand_in_sequence_leave_nothing_behind_in_a_server_process()
    {
        using var tool = await Tool.ServeWithinAsync(HeapBytes);
        var options = new TlsClientOptions { TargetHost = "localhost", CertificateVerifier = CertificateVerifier.FromPemFile(tool.AuthorityFile), SessionCache = null };
        var idle = Handles(tool);
        // Memory and threads grow to what this takes, and after that no more.
        await Crowd.AtOnceAsync(tool.Url.Port, options, AtOnce, TalkAsync);
        await Crowd.InSequenceAsync(tool.Url.Port, options, AtOnce, TalkAsync);
        await WaitForHandlesAsync(tool, idle);
        var before = (Threads: Threads(tool), KiloBytes: ResidentKiloBytes(tool));

        await Crowd.InSequenceAsync(tool.Url.Port, options, InSequence, TalkAsync);
        await Crowd.AtOnceAsync(tool.Url.Port, options, AtOnce, TalkAsync);
        await WaitForHandlesAsync(tool, idle);

        Assert.InRange(Threads(tool) - before.Threads, -1000, 20);
        Assert.InRange(ResidentKiloBytes(tool) - before.KiloBytes, -1_000_000, 60_000);
    }

    private static async Task TalkAsync(TlsStream tls)
    {
        await tls.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray());
        using var reader = new StreamReader(tls);
        Assert.StartsWith("HTTP/1.1 200 OK", await reader.ReadToEndAsync(), StringComparison.Ordinal);
    }

    // A few of the runtime's own come late.
    private static async Task WaitForHandlesAsync(Tool tool, int idle)
    {
        using var limit = new CancellationTokenSource(PeerProcess.Patience);
        while (Handles(tool) > idle + 20)
        {
            Assert.False(limit.IsCancellationRequested, $"{Handles(tool)} handles are open; {idle} were before.");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    private static int Handles(Tool tool) => Directory.GetFiles($"/proc/{tool.Process.ProcessId}/fd").Length;

    private static int Threads(Tool tool) => Directory.GetDirectories($"/proc/{tool.Process.ProcessId}/task").Length;

    private static int ResidentKiloBytes(Tool tool)
    {
        var line = File.ReadLines($"/proc/{tool.Process.ProcessId}/status").Single(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture);
    }
}
