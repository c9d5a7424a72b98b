using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using LucidTls.Http;
using LucidTls.Interop.Tests.Peers;

namespace LucidTls.Interop.Tests;

/// <summary>Peers that are cut off, or slow without an end: an error that says so, and nothing is left behind.</summary>
[Collection(nameof(HygieneTests))]
public sealed class CutTests(PkiFixture pki)
{
    /// <summary>Byte by byte in record headers, in every message of the handshake, in the request, in the response.</summary>
    private static readonly int[] Cuts = [.. Enumerable.Range(1, 7), .. Enumerable.Range(1, 40).Select(step => 101 * step), 20_000, 300_000];

    private static readonly TlsError[] Expected = [TlsError.ClosedDuringHandshake, TlsError.TransportFailed, TlsError.Truncated];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false, true)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    public async Task A_connection_that_is_cut_at_any_byte_ends_in_an_error_at_both_ends_and_leaves_nothing(bool isTls12, bool isReset)
    {
        var outcomes = await CutEverywhereAsync(isReset, async port =>
        {
            var options = Options(isTls12);
            try
            {
                await using var tls = await Client.ConnectAsync(port, options);
                await tls.WriteAsync("GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray(), Cancel);
                using var all = new MemoryStream();
                await tls.CopyToAsync(all, Cancel);
                Assert.True(all.Length > KestrelServer.LargeBody);
                return null;
            }
            catch (Exception failure) when (failure is AuthenticationException or IOException)
            {
                return failure;
            }
        });
        // After the handshake, what the transport throws goes through as it is.
        Assert.All(outcomes, failure => Assert.True(failure.InnerException is TlsException tls ? Expected.Contains(tls.Error) : failure is IOException { InnerException: SocketException }, failure.ToString()));
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    public async Task A_request_whose_connection_is_cut_at_any_byte_fails_as_requests_do_and_leaves_nothing(bool isTls12, bool isReset)
    {
        var outcomes = await CutEverywhereAsync(isReset, async port =>
        {
            using var client = new HttpClient(new LucidTlsHttpHandler(Options(isTls12)));
            try
            {
                Assert.Equal(KestrelServer.LargeBody, (await client.GetByteArrayAsync($"https://localhost:{port}/large", Cancel)).Length);
                return null;
            }
            catch (HttpRequestException failure)
            {
                return failure;
            }
        });
        // The handshake's own failure, the transport's, or the engine's word for a response that ends too early.
        Assert.All(outcomes, failure => Assert.True(failure.GetBaseException() is TlsException tls ? Expected.Contains(tls.Error) : failure.GetBaseException() is SocketException or HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded }, failure.ToString()));
    }

    [Fact]
    public async Task Clients_that_send_a_byte_now_and_then_are_dropped_and_others_served_meanwhile()
    {
        using var meters = new ServerMeters();
        var options = pki.ServerOptions();
        options.HandshakeTimeout = TimeSpan.FromSeconds(2);
        await using var server = await KestrelServer.StartAsync(options);
        byte[] start = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03];
        const int count = 50;
        var served = 0;
        var slow = Task.WhenAll(Enumerable.Range(0, count).Select(async _ =>
        {
            using var tcp = new TcpClient();
            await tcp.ConnectAsync(IPAddress.Loopback, server.Port, Cancel);
            var end = tcp.GetStream().ReadAsync(new byte[1], Cancel).AsTask();
            try
            {
                for (var i = 0; !end.IsCompleted; i++)
                {
                    await tcp.GetStream().WriteAsync(new[] { i < start.Length ? start[i] : (byte)0 }, Cancel);
                    await Task.WhenAny(end, Task.Delay(50, Cancel));
                }
                await end;
            }
            catch (IOException)
            {
                // The server has hung up.
            }
        }));
        do
        {
            await using var tls = await Client.ConnectAsync(server.Port, pki.ClientOptions());
            await tls.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray(), Cancel);
            await Client.ReadUntilAsync(tls, "well");
            served++;
        }
        while (!slow.IsCompleted);
        await slow;
        await meters.WaitUntilIdleAsync();

        Assert.Equal(Enumerable.Repeat(nameof(TlsError.HandshakeTimeout), count), meters.Failures);
        Assert.Equal(served, meters.Handshakes);
        Assert.Empty(server.Warnings);
    }

    [Fact]
    public async Task A_server_that_sends_a_byte_now_and_then_is_given_up()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var dripping = Task.Run(async () =>
        {
            using var socket = await listener.AcceptSocketAsync(Cancel);
            try
            {
                for (var i = 0; ; i++)
                {
                    await socket.SendAsync(new[] { i switch { 0 => (byte)22, 1 or 2 => (byte)3, 3 => (byte)4, _ => (byte)2 } }, Cancel);
                    await Task.Delay(50, Cancel);
                }
            }
            catch (SocketException)
            {
                // The client has left, as it should.
            }
        }, Cancel);
        var options = pki.ClientOptions();
        options.HandshakeTimeout = TimeSpan.FromSeconds(1);

        Assert.Equal(TlsError.HandshakeTimeout, (await Client.FailureAsync(((IPEndPoint)listener.LocalEndpoint).Port, options)).Error);
        await dripping.WaitAsync(PeerProcess.Patience, Cancel);
    }

    private TlsClientOptions Options(bool isTls12)
    {
        var options = pki.ClientOptions();
        options.MaximumVersion = isTls12 ? TlsVersion.Tls12 : TlsVersion.Tls13;
        return options;
    }

    /// <summary>Talks through the relay for each cut in either direction, and looks at what is left in the server and of tasks.</summary>
    /// <param name="isReset">Whether by RST.</param>
    /// <param name="talk">Gives the failure; null when it came to a good end, since there was nothing left to cut.</param>
    private async Task<List<Exception>> CutEverywhereAsync(bool isReset, Func<int, Task<Exception?>> talk)
    {
        Collect();
        var unobserved = new ConcurrentQueue<Exception>();
        void Keep(object? sender, UnobservedTaskExceptionEventArgs args) => unobserved.Enqueue(args.Exception);
        TaskScheduler.UnobservedTaskException += Keep;
        try
        {
            using var meters = new ServerMeters();
            await using var server = await KestrelServer.StartAsync(pki.ServerOptions());
            await using var scissors = new Scissors(server.Port) { IsReset = isReset };
            var outcomes = new List<Exception>();
            foreach (var countsClient in (bool[])[true, false])
            {
                foreach (var cut in Cuts)
                {
                    (scissors.CountsClient, scissors.After) = (countsClient, cut);
                    if (await talk(scissors.Port).WaitAsync(PeerProcess.Patience, Cancel) is { } failure)
                        outcomes.Add(failure);
                    // What the server sends is always more than what is let through.
                    else
                        Assert.True(countsClient, $"The response was complete after {cut} bytes.");
                }
            }
            await meters.WaitUntilIdleAsync();

            Assert.Null(await talk(server.Port));
            await meters.WaitUntilIdleAsync();
            Assert.All(meters.Failures, failure => Assert.Contains(Enum.Parse<TlsError>(failure), Expected));
            Assert.Empty(server.Warnings);
            Collect();
            Assert.Empty(unobserved);
            return outcomes;
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= Keep;
        }
    }

    private static void Collect()
    {
        for (var i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }
}
