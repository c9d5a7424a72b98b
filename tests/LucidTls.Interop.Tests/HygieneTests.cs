using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using LucidTls.Interop.Tests.Peers;

namespace LucidTls.Interop.Tests;

/// <summary>What a server must survive: many clients, silent ones, noisy ones.</summary>
[CollectionDefinition(nameof(HygieneTests), DisableParallelization = true)]
[Collection(nameof(HygieneTests))]
public sealed class HygieneTests(PkiFixture pki)
{
    [Fact]
    public async Task A_client_that_says_nothing_is_dropped_at_the_timeout()
    {
        var options = pki.ServerOptions();
        options.HandshakeTimeout = TimeSpan.FromMilliseconds(300);
        await using var server = new EchoServer(options);
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, server.Port, TestContext.Current.CancellationToken);
        Assert.Equal(TlsError.HandshakeTimeout, (await server.FailureAsync()).Error);
        // The server said why (user_canceled, close_notify) and closed.
        var farewell = new byte[100];
        var count = await tcp.GetStream().ReadAtLeastAsync(farewell, 14, throwOnEndOfStream: false, TestContext.Current.CancellationToken);
        Assert.Equal([21, 3, 3, 0, 2, 1, 90, 21, 3, 3, 0, 2, 1, 0], farewell[..count]);
    }

    [Theory]
    [InlineData((byte)0x00)]
    [InlineData((byte)0xFF)]
    [InlineData((byte)0x16)]
    [InlineData((byte)'A')]
    public async Task A_megabyte_of_junk_costs_bounded_memory_and_ends_in_an_error(byte value)
    {
        await using var server = new EchoServer(pki.ServerOptions());
        var junk = new byte[1024 * 1024];
        junk.AsSpan().Fill(value);
        if (value == 0x16)
            MakeEndlessClientHello(junk);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, server.Port, TestContext.Current.CancellationToken);
        try
        {
            await tcp.GetStream().WriteAsync(junk, TestContext.Current.CancellationToken);
        }
        catch (IOException)
        {
            // The server has hung up by then.
        }
        Assert.NotEqual(TlsError.HandshakeTimeout, (await server.FailureAsync()).Error);
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 1_500_000);
    }

    [Fact]
    public async Task Thousand_clients_at_once_and_ten_thousand_in_sequence_leave_nothing_behind()
    {
        await using var server = new EchoServer(pki.ServerOptions());
        await AtOnceAsync(server.Port, 1000);
        await InSequenceAsync(server.Port, 500);
        await server.WaitUntilIdleAsync();
        var before = Measure();
        await InSequenceAsync(server.Port, 10_000);
        await AtOnceAsync(server.Port, 1000);
        await server.WaitUntilIdleAsync();
        var after = Measure();
        Assert.InRange(after.Handles - before.Handles, -100_000, 60);
        Assert.InRange(after.Threads - before.Threads, -1000, 40);
        Assert.InRange(after.HeapBytes - before.HeapBytes, -1_000_000_000, 20_000_000);
    }

    // A record of 16 KiB after another with a ClientHello that says it is 16 MiB long.
    private static void MakeEndlessClientHello(byte[] junk)
    {
        for (var i = 0; i + 5 < junk.Length; i += 5 + 16384)
        {
            ReadOnlySpan<byte> header = [0x16, 0x03, 0x01, 0x40, 0x00];
            header.CopyTo(junk.AsSpan(i));
        }
        ReadOnlySpan<byte> hello = [0x01, 0xFF, 0xFF, 0xFF];
        hello.CopyTo(junk.AsSpan(5));
    }

    private async Task InSequenceAsync(int port, int count)
    {
        var options = pki.ClientOptions();
        for (var i = 0; i < count; i++)
            await TalkAsync(port, options, null);
    }

    private async Task AtOnceAsync(int port, int count)
    {
        var options = pki.ClientOptions();
        var allConnected = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var connected = 0;
        await Task.WhenAll(Enumerable.Range(0, count).Select(_ => Task.Run(() => TalkAsync(port, options, async () =>
        {
            if (Interlocked.Increment(ref connected) == count)
                allConnected.SetResult();
            await allConnected.Task;
        }))));
    }

    private static async Task TalkAsync(int port, TlsClientOptions options, Func<Task>? meanwhile)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port);
        // Else ten thousand ports would wait for late packets.
        socket.LingerState = new LingerOption(true, 0);
        await using var tls = new TlsStream(new NetworkStream(socket, ownsSocket: true));
        await tls.AuthenticateAsClientAsync(options);
        if (meanwhile != null)
            await meanwhile();
        await tls.WriteAsync("hello"u8.ToArray());
        var buffer = new byte[5];
        await tls.ReadExactlyAsync(buffer);
        Assert.Equal("hello"u8.ToArray(), buffer);
    }

    private static (int Handles, int Threads, long HeapBytes) Measure()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        using var process = Process.GetCurrentProcess();
        return (Directory.GetFiles("/proc/self/fd").Length, process.Threads.Count, GC.GetTotalMemory(forceFullCollection: true));
    }
}
