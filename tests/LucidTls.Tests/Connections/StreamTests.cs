using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using LucidTls.TestSupport;

namespace LucidTls.Tests.Connections;

/// <summary>What someone who knows SslStream expects of a <see cref="TlsStream"/>.</summary>
public sealed class StreamTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Both_directions_work_at_the_same_time()
    {
        var (client, server) = await Fixture.ConnectAsync();
        await using (client)
        await using (server)
        {
            var data = new byte[3_000_000];
            Random.Shared.NextBytes(data);
            var fromClient = ReceiveAsync(server, data.Length);
            var fromServer = ReceiveAsync(client, data.Length);
            await Task.WhenAll(client.WriteAsync(data, Cancellation).AsTask(), server.WriteAsync(data, Cancellation).AsTask(), fromClient, fromServer).WaitAsync(Fixture.Patience, Cancellation);
            Assert.Equal(data, await fromClient);
            Assert.Equal(data, await fromServer);
        }
    }

    [Fact]
    public async Task Both_directions_work_at_the_same_time_while_both_ends_change_keys()
    {
        var (client, server) = await Fixture.ConnectAsync();
        await using (client)
        await using (server)
            await Task.WhenAll(SendAsync(client), SendAsync(server), CheckAsync(client), CheckAsync(server)).WaitAsync(Fixture.Patience, Cancellation);

        static async Task SendAsync(TlsStream stream)
        {
            for (var i = 0; i < 500; i++)
            {
                if (i % 5 == 0)
                    await stream.UpdateKeysAsync(requestPeerUpdate: i % 2 == 0, Cancellation);
                await stream.WriteAsync(Enumerable.Repeat((byte)i, 1 + i).ToArray(), Cancellation);
            }
        }

        static async Task CheckAsync(TlsStream stream)
        {
            for (var i = 0; i < 500; i++)
                Assert.Equal(Enumerable.Repeat((byte)i, 1 + i), await ReceiveAsync(stream, 1 + i));
        }
    }

    [Fact]
    public async Task A_second_read_or_write_at_the_same_time_is_refused()
    {
        var (client, server) = await Fixture.ConnectAsync();
        await using (client)
        await using (server)
        {
            var pending = client.ReadAsync(new byte[10], Cancellation);
            await Assert.ThrowsAsync<NotSupportedException>(async () => await client.ReadAsync(new byte[10], Cancellation));
            await server.WriteAsync("x"u8.ToArray(), Cancellation);
            Assert.Equal(1, await pending);
        }
    }

    [Fact]
    public async Task An_empty_read_completes_when_there_is_something_to_read()
    {
        var (client, server) = await Fixture.ConnectAsync();
        await using (client)
        await using (server)
        {
            var waiting = client.ReadAsync(Memory<byte>.Empty, Cancellation).AsTask();
            Assert.False(waiting.IsCompleted);
            await server.WriteAsync("hello"u8.ToArray(), Cancellation);
            Assert.Equal(0, await waiting.WaitAsync(Fixture.Patience, Cancellation));
            Assert.Equal("hello"u8.ToArray(), await ReceiveAsync(client, 5));
        }
    }

    [Fact]
    public async Task After_ShutdownAsync_this_end_reads_on_and_the_peer_sees_the_end()
    {
        var (client, server) = await Fixture.ConnectAsync();
        await using (client)
        await using (server)
        {
            await client.ShutdownAsync(Cancellation);
            Assert.Equal(0, await server.ReadAsync(new byte[10], Cancellation));
            await server.WriteAsync("still here"u8.ToArray(), Cancellation);
            Assert.Equal("still here"u8.ToArray(), await ReceiveAsync(client, 10));
            await Assert.ThrowsAsync<InvalidOperationException>(async () => await client.WriteAsync(new byte[1], Cancellation));
        }
    }

    [Fact]
    public async Task Nothing_follows_close_notify_not_even_an_alert()
    {
        var (clientSide, serverSide) = DuplexPipe.Create();
        var (client, server) = await Fixture.ConnectAsync(clientSide, serverSide);
        await client.ShutdownAsync(Cancellation);
        Assert.Equal(0, await server.ReadAsync(new byte[1], Cancellation));
        await serverSide.WriteAsync(new byte[] { 23, 3, 3, 0, 1, 0 }, Cancellation);
        var failure = await Assert.ThrowsAsync<IOException>(async () => await client.ReadAsync(new byte[1], Cancellation));
        Assert.Equal(TlsError.BadRecordMac, Assert.IsType<TlsException>(failure.InnerException).Error);
        await client.DisposeAsync();
        Assert.Equal(0, await serverSide.ReadAsync(new byte[100], Cancellation));
    }

    [Fact]
    public async Task Disposing_says_close_notify()
    {
        var (client, server) = await Fixture.ConnectAsync();
        await client.DisposeAsync();
        Assert.Equal(0, await server.ReadAsync(new byte[10], Cancellation));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await client.ReadAsync(new byte[10], Cancellation));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await client.WriteAsync(new byte[10], Cancellation));
        await server.DisposeAsync();
    }

    [Fact]
    public async Task An_end_without_close_notify_is_a_truncation()
    {
        var (clientSide, serverSide) = DuplexPipe.Create();
        var (client, server) = await Fixture.ConnectAsync(clientSide, serverSide);
        await serverSide.DisposeAsync();
        var failure = await Assert.ThrowsAsync<IOException>(async () => await client.ReadAsync(new byte[10], Cancellation));
        Assert.Equal(TlsError.Truncated, Assert.IsType<TlsException>(failure.InnerException).Error);
        // And stays one.
        await Assert.ThrowsAsync<IOException>(async () => await client.ReadAsync(new byte[10], Cancellation));
        await client.DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task A_cancelled_read_leaves_the_stream_usable()
    {
        var (client, server) = await Fixture.ConnectAsync();
        await using (client)
        await using (server)
        {
            using var cancel = new CancellationTokenSource();
            var reading = client.ReadAsync(new byte[10], cancel.Token);
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await reading);
            await server.WriteAsync("later"u8.ToArray(), Cancellation);
            Assert.Equal("later"u8.ToArray(), await ReceiveAsync(client, 5));
        }
    }

    [Fact]
    public async Task A_silent_peer_ends_the_handshake_at_the_timeout()
    {
        var (clientSide, _) = DuplexPipe.Create();
        await using var client = new TlsStream(clientSide);
        var options = Fixture.ClientOptions();
        options.HandshakeTimeout = TimeSpan.FromMilliseconds(50);
        var failure = await Assert.ThrowsAsync<AuthenticationException>(() => client.AuthenticateAsClientAsync(options, Cancellation));
        Assert.Equal(TlsError.HandshakeTimeout, Assert.IsType<TlsException>(failure.InnerException).Error);
    }

    [Fact]
    public async Task A_cancelled_handshake_throws_what_cancellation_throws()
    {
        var (clientSide, _) = DuplexPipe.Create();
        await using var client = new TlsStream(clientSide);
        using var cancel = new CancellationTokenSource();
        var shaking = client.AuthenticateAsClientAsync(Fixture.ClientOptions(), cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => shaking);
    }

    [Fact]
    public async Task The_synchronous_calls_do_the_same()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = Task.Run(() =>
        {
            using var accepted = listener.AcceptTcpClient();
            using var server = new TlsStream(accepted.GetStream());
            server.AuthenticateAsServer(Fixture.ServerOptions());
            var buffer = new byte[100];
            var count = server.Read(buffer, 0, buffer.Length);
            server.Write(buffer, 0, count);
        }, Cancellation);
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, ((IPEndPoint)listener.LocalEndpoint).Port, Cancellation);
        using var client = new TlsStream(tcp.GetStream());
        client.AuthenticateAsClient(Fixture.ClientOptions());
        client.Write("ping"u8);
        var echo = new byte[4];
        client.ReadExactly(echo);
        Assert.Equal("ping"u8.ToArray(), echo);
        Assert.Equal(-1, client.ReadByte());
        await serving;
    }

    [Fact]
    public async Task A_synchronous_handshake_ends_at_the_timeout_and_leaves_the_streams_own_timeout_alone()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, ((IPEndPoint)listener.LocalEndpoint).Port, Cancellation);
        var options = Fixture.ClientOptions();
        options.HandshakeTimeout = TimeSpan.FromMilliseconds(50);
        using var network = tcp.GetStream();
        using var client = new TlsStream(network);
        var failure = Assert.Throws<AuthenticationException>(() => client.AuthenticateAsClient(options));
        Assert.Equal(TlsError.HandshakeTimeout, Assert.IsType<TlsException>(failure.InnerException).Error);
        Assert.Equal(Timeout.Infinite, network.ReadTimeout);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_socket_that_reports_the_timeout_before_the_clock_does_is_still_the_timeout(bool whenWriting)
    {
        using var client = new TlsStream(new TimingOutStream(whenWriting));
        var failure = Assert.Throws<AuthenticationException>(() => client.AuthenticateAsClient(Fixture.ClientOptions()));
        Assert.Equal(TlsError.HandshakeTimeout, Assert.IsType<TlsException>(failure.InnerException).Error);
    }

    /// <summary>Ends a read or a write as a socket does whose timeout is up.</summary>
    private sealed class TimingOutStream(bool whenWriting) : WrappingStream(Stream.Null)
    {
        public override bool CanTimeout => true;
        public override int ReadTimeout { get; set; } = Timeout.Infinite;
        public override int WriteTimeout { get; set; } = Timeout.Infinite;

        public override int Read(Span<byte> buffer) => throw TimedOut();

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (whenWriting)
                throw TimedOut();
        }

        private static IOException TimedOut() => new("The time is up.", new SocketException((int)SocketError.TimedOut));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Padding_hides_lengths_and_changes_no_data(bool toBlock)
    {
        var options = Fixture.ClientOptions();
        options.Padding = toBlock ? RecordPadding.ToBlock(256) : RecordPadding.Custom(length => 1000 - length);
        var (clientSide, serverSide) = DuplexPipe.Create();
        var counting = new CountingStream(clientSide);
        var (client, server) = await Fixture.ConnectAsync(counting, serverSide, options);
        await using (client)
        await using (server)
        {
            var lengths = new List<long>();
            foreach (var text in new[] { "a", "a longer one", "one that is longer than both of the others" })
            {
                var before = counting.Written;
                await client.WriteAsync(System.Text.Encoding.ASCII.GetBytes(text), Cancellation);
                lengths.Add(counting.Written - before);
                Assert.Equal(text, System.Text.Encoding.ASCII.GetString(await ReceiveAsync(server, text.Length)));
            }
            Assert.Single(lengths.Distinct());
        }
    }

    [Fact]
    public async Task Options_in_use_can_no_longer_be_changed()
    {
        var options = Fixture.ClientOptions();
        var (client, server) = await Fixture.ConnectAsync(options);
        await using (client)
        await using (server)
            Assert.Throws<InvalidOperationException>(() => options.TargetHost = "other");
    }

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("-bad.example")]
    [InlineData("a..example")]
    public async Task A_name_that_is_no_name_is_an_error_before_the_handshake(string name)
    {
        var (clientSide, _) = DuplexPipe.Create();
        await using var client = new TlsStream(clientSide);
        await Assert.ThrowsAsync<ArgumentException>(() => client.AuthenticateAsClientAsync(name, Cancellation));
    }

    [Fact]
    public async Task A_client_without_a_name_to_check_is_refused_before_the_handshake()
    {
        var (clientSide, _) = DuplexPipe.Create();
        await using var client = new TlsStream(clientSide);
        await Assert.ThrowsAsync<InvalidOperationException>(() => client.AuthenticateAsClientAsync(new TlsClientOptions(), Cancellation));
    }

    [Fact]
    public async Task The_channel_binding_is_the_same_on_both_ends()
    {
        var (client, server) = await Fixture.ConnectAsync();
        await using (client)
        await using (server)
        {
            Assert.Equal(client.GetChannelBinding(), server.GetChannelBinding());
            Assert.Equal(32, client.GetChannelBinding().Length);
        }
    }

    [Fact]
    public async Task Each_line_of_the_key_log_names_a_secret_of_this_connection()
    {
        var lines = new List<string>();
        var options = Fixture.ClientOptions();
        options.KeyLog = lines.Add;
        var (client, server) = await Fixture.ConnectAsync(options);
        await using (client)
        await using (server)
        {
            Assert.Equal(["CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0", "CLIENT_TRAFFIC_SECRET_0", "EXPORTER_SECRET"], lines.Select(line => line.Split(' ')[0]));
            Assert.All(lines, line => Assert.Matches("^[A-Z_0-9]+ [0-9a-f]{64} [0-9a-f]{64}$", line));
            Assert.Single(lines.Select(line => line.Split(' ')[1]).Distinct());
        }
    }

    [Fact]
    public async Task A_write_error_leaves_what_the_peer_sent_readable()
    {
        var (clientSide, serverSide) = DuplexPipe.Create();
        var breaking = new BreakingStream(clientSide);
        var (client, server) = await Fixture.ConnectAsync(breaking, serverSide);
        await using (client)
        await using (server)
        {
            await server.WriteAsync("farewell"u8.ToArray(), Cancellation);
            breaking.WritesFail = true;
            await Assert.ThrowsAsync<IOException>(async () => await client.WriteAsync(new byte[10], Cancellation));
            Assert.Equal("farewell"u8.ToArray(), await ReceiveAsync(client, 8));
        }
    }

    private static async Task<byte[]> ReceiveAsync(Stream stream, int count)
    {
        var data = new byte[count];
        await stream.ReadExactlyAsync(data, Cancellation).AsTask().WaitAsync(Fixture.Patience, Cancellation);
        return data;
    }

    private sealed class CountingStream(Stream inner) : WrappingStream(inner)
    {
        public long Written { get; private set; }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Written += buffer.Length;
            return base.WriteAsync(buffer, cancellationToken);
        }
    }

    private sealed class BreakingStream(Stream inner) : WrappingStream(inner)
    {
        public bool WritesFail { get; set; }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            WritesFail ? throw new IOException("broken pipe") : base.WriteAsync(buffer, cancellationToken);
    }
}
