using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Http;
using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests;

/// <summary>Peers that are cut off, or slow without an end: an error that says so, and nothing is left behind.</summary>
[Collection(nameof(HygieneTests))]
public sealed class CutTests(PkiFixture pki)
{
    /// <summary>Byte by byte in record headers, in every message of the handshake, in the request, in the response.</summary>
    private static readonly int[] Cuts = [.. Enumerable.Range(1, 7), .. Enumerable.Range(1, 40).Select(step => 101 * step), 20_000, 300_000];

    /// <summary>By how many bytes an ECDSA signature in DER may be shorter than another; fewer than a close_notify has.</summary>
    private const int SignatureSpread = 8;

    private static readonly byte[] Request = "GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray();

    private static readonly TlsError[] Expected = [TlsError.ClosedDuringHandshake, TlsError.TransportFailed, TlsError.Truncated];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false, true)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    public async Task A_connection_that_is_cut_at_any_byte_ends_in_an_error_at_both_ends_and_leaves_nothing(bool isTls12, bool isReset)
    {
        var outcomes = await CutKestrelEverywhereAsync(isReset, port => TalkOverTlsStreamAsync(port, isTls12));
        // After the handshake, what the transport throws goes through as it is.
        Assert.All(outcomes, DemandExpected);
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    public async Task An_SslStream_that_is_cut_from_Kestrel_at_any_byte_leaves_nothing_there(bool isTls12, bool isReset) =>
        Assert.NotEmpty(await CutKestrelEverywhereAsync(isReset, port => TalkOverSslStreamAsync(port, isTls12)));

    [Theory]
    [InlineData(true, false, true)]
    [InlineData(true, false, false)]
    [InlineData(true, true, true)]
    [InlineData(true, true, false)]
    [InlineData(false, false, true)]
    [InlineData(false, false, false)]
    [InlineData(false, true, true)]
    [InlineData(false, true, false)]
    public async Task A_TlsStream_that_serves_and_is_cut_at_any_byte_says_so_and_leaves_nothing(bool isOurClient, bool isTls12, bool isReset)
    {
        var failures = new ConcurrentQueue<Exception>();
        await using var server = new EchoServer(pki.ServerOptions(), ServeLargeAsync) { Failures = failures };
        var outcomes = await CutEverywhereAsync(server.Port, isReset, port => isOurClient ? TalkOverTlsStreamAsync(port, isTls12) : TalkOverSslStreamAsync(port, isTls12), server.WaitUntilIdleAsync);

        Assert.NotEmpty(outcomes);
        if (isOurClient)
            Assert.All(outcomes, DemandExpected);
        Assert.NotEmpty(failures);
        Assert.All(failures, DemandExpected);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Two_TlsStreams_that_are_cut_after_each_single_byte_both_come_to_an_end_and_the_one_that_misses_it_says_so(bool isTls12)
    {
        var (whole, otherWhole) = (new Line(), new Line());
        var (clientFailure, serverFailure) = await TalkInMemoryAsync(whole, otherWhole, isTls12);
        Assert.Equal((null, null), (clientFailure, serverFailure));
        for (var cut = 0; cut < whole.Delivered; cut++)
        {
            var (client, server) = await TalkInMemoryAsync(new Line { CutAfter = cut }, new Line(), isTls12);
            Demand(server, client, $"the client's byte {cut}");
        }
        for (var cut = 0; cut < otherWhole.Delivered - SignatureSpread; cut++)
        {
            var (client, server) = await TalkInMemoryAsync(new Line(), new Line { CutAfter = cut }, isTls12);
            Demand(client, server, $"the server's byte {cut}");
        }

        static void Demand(Exception? missing, Exception? other, string where)
        {
            Assert.True(missing?.InnerException is TlsException { Error: TlsError.ClosedDuringHandshake or TlsError.Truncated }, $"At {where}: {missing}");
            Assert.True(other is null || (other.InnerException is TlsException tls && Expected.Contains(tls.Error)), $"At {where}, at the other end: {other}");
        }
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    public async Task A_request_whose_connection_is_cut_at_any_byte_fails_as_requests_do_and_leaves_nothing(bool isTls12, bool isReset)
    {
        var outcomes = await CutKestrelEverywhereAsync(isReset, async port =>
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
        // It is that of those who are served meanwhile as well.
        options.HandshakeTimeout = TimeSpan.FromSeconds(5);
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

    private static void DemandExpected(Exception failure) =>
        Assert.True(failure.InnerException is TlsException tls ? Expected.Contains(tls.Error) : failure is IOException { InnerException: SocketException }, failure.ToString());

    /// <summary>Asks for a megabyte.</summary>
    /// <returns>The failure; null when all came.</returns>
    private async Task<Exception?> TalkOverTlsStreamAsync(int port, bool isTls12)
    {
        try
        {
            await using var tls = await Client.ConnectAsync(port, Options(isTls12));
            await tls.WriteAsync(Request, Cancel);
            Assert.True(await CountAsync(tls) > KestrelServer.LargeBody);
            return null;
        }
        catch (Exception failure) when (failure is AuthenticationException or IOException)
        {
            return failure;
        }
    }

    /// <summary>The same with SslStream, which takes an end without close_notify for a good one.</summary>
    private async Task<Exception?> TalkOverSslStreamAsync(int port, bool isTls12)
    {
        try
        {
            using var tcp = new TcpClient();
            await tcp.ConnectAsync(IPAddress.Loopback, port, Cancel);
            await using var ssl = new SslStream(tcp.GetStream());
            using var root = X509CertificateLoader.LoadCertificate(pki.Pki.Root);
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.Add(root);
            await ssl.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", EnabledSslProtocols = isTls12 ? SslProtocols.Tls12 : SslProtocols.Tls13, CertificateChainPolicy = policy }, Cancel);
            await ssl.WriteAsync(Request, Cancel);
            return await CountAsync(ssl) > KestrelServer.LargeBody ? null : new EndOfStreamException();
        }
        catch (Exception failure) when (failure is AuthenticationException or IOException)
        {
            return failure;
        }
    }

    private static async Task<long> CountAsync(Stream stream)
    {
        using var all = new MemoryStream();
        await stream.CopyToAsync(all, Cancel);
        return all.Length;
    }

    private static async Task ServeLargeAsync(TlsStream tls)
    {
        await tls.ReadExactlyAsync(new byte[Request.Length], Cancel);
        await tls.WriteAsync(new byte[KestrelServer.LargeBody + 1], Cancel);
        await tls.ShutdownAsync(Cancel);
    }

    /// <summary>A request and an answer between two streams, to the close_notify of both.</summary>
    private async Task<(Exception? Client, Exception? Server)> TalkInMemoryAsync(Line toServer, Line toClient, bool isTls12)
    {
        var (near, far) = DuplexPipe.Create(toServer, toClient);
        var options = Options(isTls12);
        // What the post-quantum group adds is a thousand bytes of the same kind.
        options.Groups = [NamedGroup.X25519, NamedGroup.Secp256r1];
        var serving = FailureOfAsync(far, async tls =>
        {
            await tls.AuthenticateAsServerAsync(pki.ServerOptions(), Cancel);
            await tls.ReadExactlyAsync(new byte[Request.Length], Cancel);
            await tls.WriteAsync(new byte[100], Cancel);
            await tls.ShutdownAsync(Cancel);
            await tls.CopyToAsync(Stream.Null, Cancel);
        });
        var asking = FailureOfAsync(near, async tls =>
        {
            await tls.AuthenticateAsClientAsync(options, Cancel);
            await tls.WriteAsync(Request, Cancel);
            await tls.CopyToAsync(Stream.Null, Cancel);
            await tls.ShutdownAsync(Cancel);
        });
        var both = await Task.WhenAll(asking, serving).WaitAsync(PeerProcess.Patience, Cancel);
        return (both[0], both[1]);
    }

    private static async Task<Exception?> FailureOfAsync(Stream stream, Func<TlsStream, Task> talk)
    {
        await using var tls = new TlsStream(stream);
        try
        {
            await talk(tls);
            return null;
        }
        catch (Exception failure) when (failure is AuthenticationException or IOException)
        {
            return failure;
        }
    }

    /// <summary>The same with Kestrel as the server, in which no connection, no handshake and no line in the log is left.</summary>
    private async Task<List<Exception>> CutKestrelEverywhereAsync(bool isReset, Func<int, Task<Exception?>> talk)
    {
        using var meters = new ServerMeters();
        await using var server = await KestrelServer.StartAsync(pki.ServerOptions());
        var outcomes = await CutEverywhereAsync(server.Port, isReset, talk, meters.WaitUntilIdleAsync);
        Assert.All(meters.Failures, failure => Assert.Contains(Enum.Parse<TlsError>(failure), Expected));
        Assert.Empty(server.Warnings);
        return outcomes;
    }

    /// <summary>Talks through the relay for each cut in either direction, and looks for tasks whose failure nobody saw.</summary>
    /// <param name="port">Where the server is.</param>
    /// <param name="isReset">Whether by RST.</param>
    /// <param name="talk">Gives the failure; null when it came to a good end, since there was nothing left to cut.</param>
    /// <param name="waitUntilIdle">Ends when the server has no connection any more.</param>
    private static async Task<List<Exception>> CutEverywhereAsync(int port, bool isReset, Func<int, Task<Exception?>> talk, Func<Task> waitUntilIdle)
    {
        Collect();
        var unobserved = new ConcurrentQueue<Exception>();
        void Keep(object? sender, UnobservedTaskExceptionEventArgs args) => unobserved.Enqueue(args.Exception);
        TaskScheduler.UnobservedTaskException += Keep;
        try
        {
            await using var scissors = new Scissors(port) { IsReset = isReset };
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
            await waitUntilIdle();

            Assert.Null(await talk(port));
            await waitUntilIdle();
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
