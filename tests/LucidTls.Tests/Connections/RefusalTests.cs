using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using LucidTls.Records;
using LucidTls.TestSupport;

namespace LucidTls.Tests.Connections;

/// <summary>An end that is refused learns why, whatever it does next and however the other end closes.</summary>
public sealed class RefusalTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<bool, TlsAlert> ClientRefusals => new()
    {
        { false, TlsAlert.CertificateRequired },
        { false, TlsAlert.UnknownCA },
        { true, TlsAlert.HandshakeFailure },
        { true, TlsAlert.UnknownCA },
    };

    [Theory]
    [MemberData(nameof(ClientRefusals))]
    public async Task A_client_whose_certificate_is_refused_reads_why(bool isTls12, TlsAlert alert)
    {
        using var sockets = await SocketPair.CreateAsync();
        var serving = ServeAsync(sockets.Server, isSynchronous: false);
        await using var client = new TlsStream(new NetworkStream(sockets.Client));
        var failure = await Xunit.Record.ExceptionAsync(async () =>
        {
            await client.AuthenticateAsClientAsync(ClientOptions(isTls12, alert), Cancellation);
            await client.ReadExactlyAsync(new byte[1], Cancellation).AsTask().WaitAsync(Fixture.Patience, Cancellation);
        });
        // RFC 8446 §4.4.4: the client's handshake is done before the server has judged; in TLS 1.2 it is not.
        Assert.Equal(isTls12 ? typeof(AuthenticationException) : typeof(IOException), failure!.GetType());
        DemandReason(alert, failure);
        await client.DisposeAsync();
        Assert.Equal(alert, (await serving).Alert);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_that_writes_before_it_reads_still_reads_why(bool isSynchronousServer)
    {
        using var sockets = await SocketPair.CreateAsync();
        var serving = ServeAsync(sockets.Server, isSynchronousServer);
        var holding = new HoldingStream(new NetworkStream(sockets.Client));
        await using var client = new TlsStream(holding);
        await client.AuthenticateAsClientAsync(ClientOptions(isTls12: false, TlsAlert.CertificateRequired), Cancellation);
        await client.WriteAsync(new byte[100_000], Cancellation);
        // The last flight and the data arrive together, so that the server closes with data unread.
        await holding.ReleaseAsync();
        var failure = await Assert.ThrowsAsync<IOException>(() => client.ReadExactlyAsync(new byte[1], Cancellation).AsTask().WaitAsync(Fixture.Patience, Cancellation));
        DemandReason(TlsAlert.CertificateRequired, failure);
        // What comes behind the alert is the end and no reset.
        Assert.Equal(0, await sockets.Client.ReceiveAsync(new byte[1], Cancellation).AsTask().WaitAsync(Fixture.Patience, Cancellation));
        sockets.Client.Close();
        Assert.Equal(TlsError.NoClientCertificate, (await serving).Error);
    }

    [Theory]
    [InlineData(100_000, true)]
    [InlineData(2 * Lingering.MostBytes, false)]
    public async Task A_server_that_refuses_throws_away_what_still_comes_up_to_a_bound(int sent, bool isAll)
    {
        var (clientSide, serverSide) = DuplexPipe.Create();
        var counting = new CountingStream(serverSide);
        await using var server = new TlsStream(counting);
        var serving = server.AuthenticateAsServerAsync(Fixture.ServerOptions(), Cancellation);
        var request = new byte[sent];
        "GET / HTTP/1.1"u8.CopyTo(request);
        // A pipe takes no more than a megabyte unread, so that this may never end.
        var sending = clientSide.WriteAsync(request, Cancellation).AsTask();
        if (isAll)
        {
            await sending;
            await clientSide.DisposeAsync();
        }
        await Assert.ThrowsAsync<AuthenticationException>(() => serving.WaitAsync(Fixture.Patience, Cancellation));
        if (isAll)
            Assert.Equal(sent, counting.Taken);
        else
            Assert.InRange(counting.Taken, Lingering.MostBytes, Lingering.MostBytes + (64 * 1024));
    }

    [Fact]
    public async Task A_server_waits_within_bounds_for_a_client_that_does_not_close()
    {
        using var sockets = await SocketPair.CreateAsync();
        var serving = ServeAsync(sockets.Server, isSynchronous: false);
        await sockets.Client.SendAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray(), Cancellation);
        Assert.Equal(TlsError.PlainHttpRequest, (await serving.WaitAsync(Fixture.Patience, Cancellation)).Error);
    }

    [Fact]
    public async Task A_server_does_not_read_on_for_ever_from_a_client_that_keeps_sending()
    {
        using var sockets = await SocketPair.CreateAsync();
        var serving = ServeAsync(sockets.Server, isSynchronous: false);
        var sending = Task.Run(async () =>
        {
            while (true)
                await sockets.Client.SendAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray(), Cancellation);
        }, Cancellation);
        Assert.Equal(TlsError.PlainHttpRequest, (await serving.WaitAsync(Fixture.Patience, Cancellation)).Error);
        await Assert.ThrowsAsync<SocketException>(() => sending.WaitAsync(Fixture.Patience, Cancellation));
    }

    [Fact]
    public async Task A_cancelled_handshake_does_not_wait_for_the_client()
    {
        using var sockets = await SocketPair.CreateAsync();
        await using var server = new TlsStream(new NetworkStream(sockets.Server));
        using var cancel = new CancellationTokenSource();
        var serving = server.AuthenticateAsServerAsync(Fixture.ServerOptions(), cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => serving.WaitAsync(Fixture.Patience, Cancellation));
    }

    [Fact]
    public async Task A_stream_that_stays_open_is_not_half_closed()
    {
        using var sockets = await SocketPair.CreateAsync();
        var network = new NetworkStream(sockets.Server);
        await using var server = new TlsStream(network, leaveInnerStreamOpen: true);
        await sockets.Client.SendAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray(), Cancellation);
        await Assert.ThrowsAsync<AuthenticationException>(() => server.AuthenticateAsServerAsync(Fixture.ServerOptions(), Cancellation).WaitAsync(Fixture.Patience, Cancellation));
        await network.WriteAsync("goodbye"u8.ToArray(), Cancellation);
        var received = new byte[7 + 7];
        await new NetworkStream(sockets.Client).ReadExactlyAsync(received, Cancellation);
        Assert.Equal("goodbye"u8.ToArray(), received[7..]);
    }

    [Fact]
    public async Task A_write_that_fails_since_the_peer_refused_says_why()
    {
        var (clientSide, serverSide) = DuplexPipe.Create();
        var breaking = new BreakingStream(clientSide);
        var server = new TlsStream(serverSide);
        await using var client = new TlsStream(breaking);
        var serving = server.AuthenticateAsServerAsync(ServerOptions(), Cancellation);
        await client.AuthenticateAsClientAsync(ClientOptions(isTls12: false, TlsAlert.CertificateRequired), Cancellation);
        await Assert.ThrowsAsync<AuthenticationException>(() => serving);
        breaking.WritesFail = true;
        DemandReason(TlsAlert.CertificateRequired, await Assert.ThrowsAsync<IOException>(() => client.WriteAsync(new byte[1], Cancellation).AsTask()));
        // And so does everything afterwards.
        DemandReason(TlsAlert.CertificateRequired, await Assert.ThrowsAsync<IOException>(() => client.ReadAsync(new byte[1], Cancellation).AsTask()));
        DemandReason(TlsAlert.CertificateRequired, await Assert.ThrowsAsync<IOException>(() => client.WriteAsync(new byte[1], Cancellation).AsTask()));
    }

    [Fact]
    public async Task A_write_that_fails_just_before_a_reader_comes_upon_the_refusal_says_why()
    {
        var (clientSide, serverSide) = DuplexPipe.Create();
        var holding = new HoldingStream(clientSide);
        var breaking = new BreakingStream(holding);
        var server = new TlsStream(serverSide);
        await using var client = new TlsStream(breaking);
        var serving = server.AuthenticateAsServerAsync(ServerOptions(), Cancellation);
        await client.AuthenticateAsClientAsync(ClientOptions(isTls12: false, TlsAlert.CertificateRequired), Cancellation);
        var reading = client.ReadAsync(new byte[1], Cancellation).AsTask();
        breaking.WritesFail = true;
        var writing = client.WriteAsync(new byte[1], Cancellation).AsTask();
        Assert.False(writing.IsCompleted);
        await holding.ReleaseAsync();
        DemandReason(TlsAlert.CertificateRequired, await Assert.ThrowsAsync<IOException>(() => writing));
        DemandReason(TlsAlert.CertificateRequired, await Assert.ThrowsAsync<IOException>(() => reading));
        await Assert.ThrowsAsync<AuthenticationException>(() => serving);
    }

    [Fact]
    public async Task A_write_that_fails_does_not_wait_for_ever_for_a_reader_that_gets_nothing()
    {
        var (clientSide, serverSide) = DuplexPipe.Create();
        var breaking = new BreakingStream(clientSide);
        await using var server = new TlsStream(serverSide);
        await using var client = new TlsStream(breaking);
        await Task.WhenAll(server.AuthenticateAsServerAsync(Fixture.ServerOptions(), Cancellation), client.AuthenticateAsClientAsync(Fixture.ClientOptions(), Cancellation));
        var reading = client.ReadAsync(new byte[1], Cancellation).AsTask();
        breaking.WritesFail = true;
        var failure = await Assert.ThrowsAsync<IOException>(() => client.WriteAsync(new byte[1], Cancellation).AsTask().WaitAsync(Fixture.Patience, Cancellation));
        Assert.Null(failure.InnerException);
        // What the peer sent can still be read.
        await server.WriteAsync(new byte[] { 7 }, Cancellation);
        Assert.Equal(1, await reading.WaitAsync(Fixture.Patience, Cancellation));
    }

    [Fact]
    public async Task A_handshake_whose_write_fails_since_the_peer_refused_says_why()
    {
        var (clientSide, serverSide) = DuplexPipe.Create();
        await serverSide.WriteAsync(new byte[] { 21, 3, 3, 0, 2, 2, (byte)TlsAlert.AccessDenied }, Cancellation);
        await using var client = new TlsStream(new BreakingStream(clientSide) { WritesFail = true });
        DemandReason(TlsAlert.AccessDenied, await Assert.ThrowsAsync<AuthenticationException>(() => client.AuthenticateAsClientAsync(Fixture.ClientOptions(), Cancellation)));
    }

    [Fact]
    public async Task A_handshake_whose_write_fails_for_no_reason_told_is_a_failure_of_the_transport()
    {
        var (clientSide, serverSide) = DuplexPipe.Create();
        await serverSide.DisposeAsync();
        await using var client = new TlsStream(new BreakingStream(clientSide) { WritesFail = true });
        var failure = await Assert.ThrowsAsync<AuthenticationException>(() => client.AuthenticateAsClientAsync(Fixture.ClientOptions(), Cancellation));
        Assert.Equal(TlsError.TransportFailed, Assert.IsType<TlsException>(failure.InnerException).Error);
    }

    private static void DemandReason(TlsAlert alert, Exception failure)
    {
        var reason = Assert.IsType<TlsException>(failure.InnerException);
        Assert.Equal((TlsError.PeerAlert, TlsFailureSource.Peer, (TlsAlert?)alert), (reason.Error, reason.Source, reason.Alert));
        Assert.Contains(AlertNames.Meaning(alert), failure.Message);
    }

    /// <summary>Serves one client as an application does that knows nothing of all this: it closes as soon as it has the exception.</summary>
    private static async Task<TlsException> ServeAsync(Socket socket, bool isSynchronous)
    {
        await using var server = new TlsStream(new NetworkStream(socket, ownsSocket: true));
        var failure = isSynchronous
            ? await Task.Run(() => Xunit.Record.Exception(() => server.AuthenticateAsServer(ServerOptions())), Cancellation)
            : await Xunit.Record.ExceptionAsync(() => server.AuthenticateAsServerAsync(ServerOptions(), Cancellation));
        return Assert.IsType<TlsException>(Assert.IsType<AuthenticationException>(failure).InnerException);
    }

    private static TlsServerOptions ServerOptions()
    {
        var options = Fixture.ServerOptions();
        options.ClientCertificateMode = ClientCertificateMode.Required;
        options.ClientCertificateVerifier = Fixture.Verifier;
        return options;
    }

    private static TlsClientOptions ClientOptions(bool isTls12, TlsAlert alert)
    {
        var options = Fixture.ClientOptions();
        if (isTls12)
            options.MaximumVersion = TlsVersion.Tls12;
        if (alert == TlsAlert.UnknownCA)
            options.Identity = Stranger;
        return options;
    }

    private static TlsIdentity Stranger { get; } = new TestPki().Client().Identity();

    private sealed class BreakingStream(Stream inner) : WrappingStream(inner)
    {
        public bool WritesFail { get; set; }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            WritesFail ? throw new IOException("broken pipe") : base.WriteAsync(buffer, cancellationToken);
    }

    /// <summary>Counts what is read, as from a socket.</summary>
    private sealed class CountingStream(Stream inner) : WrappingStream(inner), IOverSocket
    {
        public int Taken { get; private set; }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = await base.ReadAsync(buffer, cancellationToken);
            Taken += count;
            return count;
        }
    }

    /// <summary>Keeps all that is written after the ClientHello until it is told to send it.</summary>
    [Fact]
    public async Task An_end_that_gives_up_in_the_middle_of_sending_sends_nothing_behind_it()
    {
        var (clientSide, serverSide) = DuplexPipe.Create();
        var stuck = new StuckStream(serverSide);
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        await using var client = new TlsStream(clientSide);
        var connecting = Xunit.Record.ExceptionAsync(() => client.AuthenticateAsClientAsync(Fixture.ClientOptions(), Cancellation)).AsTask();
        await using (var server = new TlsStream(stuck))
        {
            var accepting = Xunit.Record.ExceptionAsync(() => server.AuthenticateAsServerAsync(Fixture.ServerOptions(), giveUp.Token)).AsTask();
            await stuck.Entered.WaitAsync(Fixture.Patience, Cancellation);
            await giveUp.CancelAsync();
            Assert.IsType<OperationCanceledException>(await accepting.WaitAsync(Fixture.Patience, Cancellation));
        }
        // The alert's record would be numbered after those that never went out, and the client could not open it.
        Assert.Equal(1, stuck.Writes);
        var failure = Assert.IsType<AuthenticationException>(await connecting.WaitAsync(Fixture.Patience, Cancellation));
        Assert.Equal(TlsError.ClosedDuringHandshake, Assert.IsType<TlsException>(failure.InnerException).Error);
    }

    /// <summary>Takes nothing that is written.</summary>
    private sealed class StuckStream(Stream inner) : WrappingStream(inner)
    {
        private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Entered => _entered.Task;

        public int Writes { get; private set; }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Writes++;
            _entered.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
    }

    private sealed class HoldingStream(Stream inner) : WrappingStream(inner)
    {
        private readonly List<byte> _held = [];
        private bool _sentHello;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (!_sentHello)
            {
                _sentHello = true;
                return base.WriteAsync(buffer, cancellationToken);
            }
            _held.AddRange(buffer.Span);
            return default;
        }

        public ValueTask ReleaseAsync() => base.WriteAsync(_held.ToArray(), Cancellation);
    }

    private sealed record SocketPair(Socket Client, Socket Server) : IDisposable
    {
        public static async Task<SocketPair> CreateAsync()
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint, Cancellation);
            return new SocketPair(client, await listener.AcceptSocketAsync(Cancellation));
        }

        public void Dispose()
        {
            Client.Dispose();
            Server.Dispose();
        }
    }
}
