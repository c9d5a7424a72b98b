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

    [Fact]
    public async Task A_client_that_says_a_byte_now_and_then_is_dropped_at_the_same_timeout()
    {
        var options = pki.ServerOptions();
        options.HandshakeTimeout = TimeSpan.FromMilliseconds(300);
        await using var server = new EchoServer(options);
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, server.Port, TestContext.Current.CancellationToken);
        var failing = server.FailureAsync();
        // A record with the start of a ClientHello, drop by drop.
        byte[] start = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03];
        for (var i = 0; !failing.IsCompleted && i < 400; i++)
        {
            try
            {
                await tcp.GetStream().WriteAsync(new[] { i < start.Length ? start[i] : (byte)0 }, TestContext.Current.CancellationToken);
            }
            catch (IOException)
            {
                // The server has hung up, and is about to say why.
                break;
            }
            await Task.WhenAny(failing, Task.Delay(20, TestContext.Current.CancellationToken));
        }
        Assert.Equal(TlsError.HandshakeTimeout, (await failing).Error);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(100)]
    public async Task A_client_that_leaves_in_its_first_message_is_reported_as_what_it_is(int length)
    {
        await using var server = new EchoServer(pki.ServerOptions());
        using (var tcp = new TcpClient())
        {
            await tcp.ConnectAsync(IPAddress.Loopback, server.Port, TestContext.Current.CancellationToken);
            var hello = new byte[length];
            ReadOnlySpan<byte> start = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03];
            start[..Math.Min(length, start.Length)].CopyTo(hello);
            await tcp.GetStream().WriteAsync(hello, TestContext.Current.CancellationToken);
        }
        Assert.Equal(TlsError.ClosedDuringHandshake, (await server.FailureAsync()).Error);
    }

    [Fact]
    public async Task A_peer_that_is_killed_ends_what_we_send_to_it_in_an_error()
    {
        var ended = new TaskCompletionSource<IOException>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new EchoServer(pki.ServerOptions(), async tls =>
        {
            ended.SetResult(await Assert.ThrowsAnyAsync<IOException>(async () =>
            {
                while (true)
                    await tls.WriteAsync(new byte[16 * 1024], TestContext.Current.CancellationToken);
            }));
        });
        using (var client = OpenSsl.StartClient(pki, server.Port))
            await client.WaitForAsync("Verify return code: 0 (ok)");
        Assert.NotNull(await ended.Task.WaitAsync(PeerProcess.Patience, TestContext.Current.CancellationToken));
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

    [Theory]
    [InlineData(false, false, 10_000)]
    [InlineData(true, true, 3000)]
    public async Task Thousand_clients_at_once_and_thousands_in_sequence_leave_nothing_behind(bool resumes, bool isMutual, int inSequence)
    {
        await using var server = new EchoServer(isMutual ? pki.MutualOptions() : pki.ServerOptions());
        var options = pki.ClientOptions();
        options.Identity = isMutual ? pki.Pki.Client().Identity() : null;
        if (!resumes)
            options.SessionCache = null;
        var resumed = 0;
        Task CountAndTalkAsync(TlsStream tls)
        {
            if (tls.Session.Resumed)
                Interlocked.Increment(ref resumed);
            return TalkAsync(tls);
        }
        await Crowd.AtOnceAsync(server.Port, options, 1000, CountAndTalkAsync);
        await Crowd.InSequenceAsync(server.Port, options, 500, CountAndTalkAsync);
        await server.WaitUntilIdleAsync();
        var before = Measure();
        await Crowd.InSequenceAsync(server.Port, options, inSequence, CountAndTalkAsync);
        await Crowd.AtOnceAsync(server.Port, options, 1000, CountAndTalkAsync);
        await server.WaitUntilIdleAsync();
        var after = Measure();
        Assert.InRange(after.Handles - before.Handles, -100_000, 60);
        Assert.InRange(after.Threads - before.Threads, -1000, 40);
        Assert.InRange(after.HeapBytes - before.HeapBytes, -1_000_000_000, 20_000_000);
        // Those at once find only a few tickets between them.
        Assert.InRange(resumed, resumes ? inSequence : 0, resumes ? inSequence + 2500 : 0);
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

    private static async Task TalkAsync(TlsStream tls)
    {
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
