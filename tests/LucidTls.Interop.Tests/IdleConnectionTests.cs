using LucidTls.Certificates;
using LucidTls.Interop.Tests.Peers;

namespace LucidTls.Interop.Tests;

/// <summary>Thousands of HTTPS connections that wait, on Kestrel under <c>lucidtls serve</c>, a process of its own whose memory is seen from outside.</summary>
[Collection(nameof(HygieneTests))]
public sealed class IdleConnectionTests
{
    private const int Count = 5000;

    /// <summary>More than two times what the connections cost while they wait, and less than three times.</summary>
    private const int HeapBytes = 128 << 20;

    [Fact]
    public async Task Five_thousand_idle_connections_are_held_and_answered_and_cost_little()
    {
        using var tool = await Tool.ServeWithinAsync(HeapBytes);
        var options = new TlsClientOptions { TargetHost = "localhost", CertificateVerifier = CertificateVerifier.FromPemFile(tool.AuthorityFile), SessionCache = null };
        // What handshakes cost once stays out of the count: code, pools.
        await Crowd.InSequenceAsync(tool.Url.Port, options, 300, AskAsync);
        var before = ResidentKiloBytes(tool);

        // The first says what they cost. Those after it have the garbage of those before them, which is collected when the runtime sees fit; kept for good, it would not fit into the heap.
        var memory = new List<int>();
        for (var round = 0; round < 4; round++)
            memory.Add(await RoundAsync(tool, options));
        await WaitForHandlesAsync(tool);

        TestContext.Current.TestOutputHelper?.WriteLine($"Resident memory of the server: {before} KB before; {string.Join(", ", memory)} KB with {Count} idle connections, {(memory[0] - before) / (double)Count:0.0} KB each; {ResidentKiloBytes(tool)} KB afterwards.");
        Assert.InRange((memory[0] - before) / Count, -1000, 40);
        Assert.InRange(memory[^1] - before, -10_000_000, (HeapBytes >> 10) + 40_000);
    }

    /// <summary>All connect, all wait, all ask, all leave.</summary>
    /// <returns>The server's memory while they wait, in KB.</returns>
    private static async Task<int> RoundAsync(Tool tool, TlsClientOptions options)
    {
        var memory = 0;
        var first = 0;
        await Crowd.AtOnceAsync(tool.Url.Port, options, Count, async tls =>
        {
            if (Interlocked.Exchange(ref first, 1) == 0)
                Volatile.Write(ref memory, ResidentKiloBytes(tool));
            await AskAsync(tls);
        });
        return memory;
    }

    private static async Task AskAsync(TlsStream tls)
    {
        await tls.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray());
        using var reader = new StreamReader(tls);
        Assert.StartsWith("HTTP/1.1 200 OK", await reader.ReadToEndAsync(), StringComparison.Ordinal);
    }

    private static async Task WaitForHandlesAsync(Tool tool)
    {
        using var limit = new CancellationTokenSource(PeerProcess.Patience);
        while (Directory.GetFiles($"/proc/{tool.Process.ProcessId}/fd").Length is var open and > 500)
        {
            Assert.False(limit.IsCancellationRequested, $"{open} handles are open.");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    private static int ResidentKiloBytes(Tool tool)
    {
        var line = File.ReadLines($"/proc/{tool.Process.ProcessId}/status").Single(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture);
    }
}
