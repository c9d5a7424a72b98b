using System.Buffers.Binary;
using System.Security.Authentication;
using System.Text;
using LucidTls.StartTls;
using LucidTls.Tests.Connections;
using LucidTls.TestSupport;

namespace LucidTls.Tests.StartTls;

/// <summary>MySQL's way to TLS, where packets are numbered: a plain client's side of it, and a plain server's.</summary>
public sealed class MySqlStartTlsTests
{
    private const ushort Plain = 0xA2FF;
    private const ushort WithTls = 0xAAFF;
    private const string Request = "\u0005\u00AA\u0001\0";

    private static readonly string RestOfRequest = new('\u0001', 28);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(int.MaxValue)]
    public async Task A_plain_client_is_led_through_a_tunnel(int piece)
    {
        var (clientSide, tunnelSide) = DuplexPipe.Create();
        var (tunnelOut, serverSide) = DuplexPipe.Create(new Line { PieceSize = piece }, new Line { PieceSize = piece });
        var connecting = StartTlsProtocol.MySql.ConnectForAsync(tunnelOut, Fixture.ClientOptions(), tunnelSide, Cancellation);
        await SayAsync(serverSide, Packet(0, Greeting(WithTls)));
        // The client sees the same greeting without TLS.
        Assert.Equal(Packet(0, Greeting(Plain)), await ReadPacketAsync(clientSide));
        var response = "\u0005\u00A2\u0001\0" + new string('\u0001', 40);
        await SayAsync(clientSide, Packet(1, response));
        // The server is asked for TLS with all that the client can do.
        var withTls = "\u0005\u00AA" + response[2..];
        Assert.Equal(Packet(1, withTls[..32]), await ReadPacketAsync(serverSide));
        await using var server = new TlsStream(serverSide);
        await server.AuthenticateAsServerAsync(Fixture.ServerOptions(), Cancellation);
        await using var tunnel = await connecting;
        Assert.Equal(Packet(2, withTls), await ReadPacketAsync(server));
        // Another question, its answer, and the end of it.
        await PassAsync(server, tunnel, Packet(3, "\u00FEplugin"), Packet(2, "\u00FEplugin"));
        await PassAsync(tunnel, server, Packet(3, "hash"), Packet(4, "hash"));
        await PassAsync(server, tunnel, Packet(5, "\0ok"), Packet(4, "\0ok"));
        await PassAsync(tunnel, server, Packet(0, "select") + Packet(1, "x"), Packet(0, "select") + Packet(1, "x"));
        await PassAsync(server, tunnel, Packet(2, "row"), Packet(2, "row"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(int.MaxValue)]
    public async Task A_plain_server_gets_a_client_with_TLS_from_our_front(int piece)
    {
        await using var front = Front.Start(piece);
        await SayAsync(front.Server, Packet(0, Greeting(Plain)));
        await using var client = await front.RequestAsync();
        var response = RestOfRequest + new string('n', 1000);
        await SayAsync(client, Packet(2, Request + response));
        await using var secured = await front.Accepting;
        // The server gets what a client says that never asked for TLS: the half of it at once, the rest by the stream.
        Assert.Equal(Packet(1, "\u0005\u00A2\u0001\0" + response)[..36], await ReadAsync(front.Server, 36));
        Assert.Equal(response[28..], await ReadAsync(secured, 1000));
        // A word of a plugin that begins as OK does, its answer, and the end.
        await PassAsync(secured, client, Packet(2, "\0question"), Packet(3, "\0question"));
        await PassAsync(client, secured, Packet(4, "answer"), Packet(3, "answer"));
        await PassAsync(secured, client, Packet(4, "\0ok"), Packet(5, "\0ok"));
        await PassAsync(client, secured, Packet(0, "select") + Packet(1, "x"), Packet(0, "select") + Packet(1, "x"));
        await PassAsync(secured, client, Packet(2, "row"), Packet(2, "row"));
    }

    [Fact]
    public async Task A_client_that_begins_TLS_right_behind_its_request_is_let_in()
    {
        await using var front = Front.Start();
        var (tlsSide, cable) = DuplexPipe.Create();
        await using var client = new TlsStream(tlsSide);
        var authenticating = client.AuthenticateAsClientAsync(Fixture.ClientOptions(), Cancellation);
        var hello = new byte[4096];
        var count = await cable.ReadAsync(hello, Cancellation);
        await SayAsync(front.Client, Packet(1, Request + RestOfRequest) + Encoding.Latin1.GetString(hello, 0, count));
        // Only now does the front read, and both are there.
        await SayAsync(front.Server, Packet(0, Greeting(Plain)));
        await ReadPacketAsync(front.Client);
        _ = Task.WhenAll(cable.CopyToAsync(front.Client, Cancellation), front.Client.CopyToAsync(cable, Cancellation));
        await authenticating.WaitAsync(Fixture.Patience, Cancellation);
        await SayAsync(client, Packet(2, Request + RestOfRequest));
        await using var secured = await front.Accepting;
        await PassAsync(secured, client, Packet(2, "\0ok"), Packet(3, "\0ok"));
    }

    [Theory]
    [InlineData(32)]
    [InlineData(200)]
    public async Task A_client_that_goes_on_without_TLS_is_told_so_and_nothing_is_passed_on(int length)
    {
        await using var front = Front.Start();
        await SayAsync(front.Server, Packet(0, Greeting(Plain)));
        await ReadPacketAsync(front.Client);
        await SayAsync(front.Client, Packet(1, "\u0005\u00A2\u0001\0" + new string('s', length - 4)));
        var answer = await ReadPacketAsync(front.Client);
        Assert.Equal(Packet(2, "\u00FF\u0057\u000C#08004TLS is required: connect with --ssl, or SslMode=VerifyFull"), answer);
        await front.AssertRefusedAsync(TlsError.StartTlsRefused, "without asking for TLS");
    }

    [Theory]
    [InlineData(0, 36)]
    [InlineData(2, 32)]
    public async Task A_request_for_TLS_that_is_none_is_refused(int number, int length)
    {
        await using var front = Front.Start();
        await SayAsync(front.Server, Packet(0, Greeting(Plain)));
        await SayAsync(front.Client, Packet((byte)number, Request + new string('\0', length - 4)));
        await front.AssertRefusedAsync(TlsError.StartTlsRefused, "without asking for TLS");
    }

    [Fact]
    public async Task What_lies_behind_the_request_and_is_no_TLS_is_refused()
    {
        await using var front = Front.Start();
        await SayAsync(front.Client, Packet(1, Request + RestOfRequest) + Packet(2, "select"));
        await SayAsync(front.Server, Packet(0, Greeting(Plain)));
        await front.AssertRefusedAsync(TlsError.StartTlsInjection, "10 bytes");
    }

    [Fact]
    public async Task A_server_that_takes_nobody_says_so_to_the_client()
    {
        await using var front = Front.Start();
        var error = Packet(0, "\u00FF\u0010\u0004Too many connections");
        await SayAsync(front.Server, error);
        Assert.Equal(error, await ReadPacketAsync(front.Client));
        await front.AssertRefusedAsync(TlsError.StartTlsRefused, "error 1040, \"Too many connections\"");
    }

    [Theory]
    [InlineData("SSH-2.0-x\r\n", TlsError.StartTlsMalformed)]
    [InlineData("\u0003\0\0\u0000\u000A5.", TlsError.StartTlsMalformed)]
    [InlineData("\u0001\0\u0001\0\u000A", TlsError.StartTlsMalformed)]
    [InlineData("", TlsError.StartTlsRefused)]
    [InlineData("\u0049\0\0\0\u000A5.0", TlsError.StartTlsRefused)]
    public async Task A_server_that_breaks_its_protocol_gets_no_client(string greeting, TlsError error)
    {
        await using var front = Front.Start();
        await SayAsync(front.Server, greeting);
        await front.Server.DisposeAsync();
        Assert.Equal(error, (await front.FailureAsync()).Error);
        await front.PlainSide.DisposeAsync();
        Assert.Equal(0, await front.Client.ReadAsync(new byte[1], Cancellation));
    }

    [Fact]
    public async Task A_server_of_an_older_protocol_gets_no_client()
    {
        await using var front = Front.Start();
        await SayAsync(front.Server, Packet(0, Greeting(0xA0FF)));
        Assert.Equal(TlsError.StartTlsMalformed, (await front.FailureAsync()).Error);
    }

    [Theory]
    [InlineData(1, 40, Request)]
    [InlineData(3, 40, Request)]
    [InlineData(2, 31, Request)]
    [InlineData(2, 40, "\u0005\u0008\u0001\0")]
    public async Task A_response_under_TLS_that_is_none_is_not_passed_on(int number, int length, string begin)
    {
        await using var front = Front.Start();
        await SayAsync(front.Server, Packet(0, Greeting(Plain)));
        await using var client = await front.RequestAsync();
        await SayAsync(client, Packet((byte)number, begin + new string('x', length - 4)));
        await front.AssertRefusedAsync(TlsError.StartTlsMalformed, "handshake response");
    }

    [Fact]
    public async Task A_client_that_leaves_in_its_response_is_named()
    {
        await using var front = Front.Start();
        await SayAsync(front.Server, Packet(0, Greeting(Plain)));
        await using (var client = await front.RequestAsync())
            await SayAsync(client, Packet(2, Request + RestOfRequest)[..20]);
        await front.AssertRefusedAsync(TlsError.ClosedDuringHandshake, "find fault with the certificate");
    }

    [Fact]
    public async Task A_client_that_falls_silent_under_TLS_is_given_up_in_the_time_of_a_handshake()
    {
        var options = Fixture.ServerOptions();
        options.HandshakeTimeout = TimeSpan.FromSeconds(1);
        await using var front = Front.Start(options: options);
        await SayAsync(front.Server, Packet(0, Greeting(Plain)));
        var requesting = front.RequestAsync();
        await front.AssertRefusedAsync(TlsError.HandshakeTimeout, "");
        // On a slow machine the handshake itself takes as long.
        await Task.WhenAny(requesting);
    }

    [Fact]
    public void Packets_are_renumbered_alike_in_whatever_pieces_they_come()
    {
        var random = new Random(1);
        for (var round = 0; round < 200; round++)
        {
            var begun = random.Next(20);
            var (sent, expected) = (new List<byte>(new byte[begun]), new List<byte>(new byte[begun]));
            var packets = random.Next(1, 12);
            for (var i = 0; i < packets; i++)
            {
                var number = i == packets - 1 ? (byte)0 : (byte)random.Next(1, 256);
                var content = new byte[random.Next(4) == 0 ? 0 : random.Next(round % 10 == 0 ? 70_000 : 30)];
                random.NextBytes(content);
                byte[] length = [(byte)content.Length, (byte)(content.Length >> 8), (byte)(content.Length >> 16)];
                sent.AddRange([.. length, number, .. content]);
                expected.AddRange([.. length, (byte)(number == 0 ? 0 : number - 1), .. content]);
            }
            var numbers = new MySqlNumbersStream.Packets(-1, begun);
            var got = sent.ToArray();
            for (var at = 0; at < got.Length;)
            {
                var count = Math.Min(random.Next(1, 40), got.Length - at);
                if (numbers.Renumber(got.AsSpan(at, count), untilCommand: true))
                    break;
                at += count;
            }
            Assert.Equal(expected, got);
        }
    }

    [Theory]
    [InlineData(Plain, "", TlsError.StartTlsRefused, "does not list TLS")]
    [InlineData(WithTls, "x", TlsError.StartTlsInjection, "x")]
    public async Task A_server_that_offers_no_TLS_or_says_more_than_its_greeting_is_refused(ushort capabilities, string more, TlsError error, string why)
    {
        var failure = await ConnectFailureAsync(Packet(0, Greeting(capabilities)) + more);
        Assert.Equal(error, failure.Error);
        Assert.Contains(why, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_greets_with_an_error_is_quoted()
    {
        var failure = await ConnectFailureAsync(Packet(0, "\u00FF\u0010\u0004Too many connections"));
        Assert.Equal(TlsError.StartTlsRefused, failure.Error);
        Assert.Contains("error 1040, \"Too many connections\"", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "\u000B5.0\0")]
    [InlineData(1, "\u000A5.0\0")]
    [InlineData(0, "\u000A5.0")]
    [InlineData(0, "\u000A5.0\0abcdefgh")]
    public async Task A_server_that_breaks_its_protocol_is_refused(int number, string greeting) =>
        Assert.Equal(TlsError.StartTlsMalformed, (await ConnectFailureAsync(Packet((byte)number, greeting))).Error);

    private static async Task<TlsException> ConnectFailureAsync(string greeting)
    {
        var (clientSide, serverSide) = DuplexPipe.Create();
        await SayAsync(serverSide, greeting);
        return Why(await Assert.ThrowsAsync<AuthenticationException>(() => StartTlsProtocol.MySql.ConnectAsync(clientSide, Fixture.ClientOptions(), Cancellation).WaitAsync(Fixture.Patience, Cancellation)));
    }

    private static async Task SayAsync(Stream stream, string said) => await stream.WriteAsync(Encoding.Latin1.GetBytes(said), Cancellation);

    private static async Task PassAsync(Stream from, Stream to, string sent, string expected)
    {
        await SayAsync(from, sent);
        Assert.Equal(expected, await ReadAsync(to, expected.Length));
    }

    private static async Task<string> ReadAsync(Stream stream, int count)
    {
        var got = new byte[count];
        await stream.ReadExactlyAsync(got, Cancellation).AsTask().WaitAsync(Fixture.Patience, Cancellation);
        return Encoding.Latin1.GetString(got);
    }

    private static async Task<string> ReadPacketAsync(Stream stream)
    {
        var header = await ReadAsync(stream, 4);
        return header + await ReadAsync(stream, BinaryPrimitives.ReadInt32LittleEndian(Encoding.Latin1.GetBytes(header)) & 0xFFFFFF);
    }

    private static string Packet(byte number, string content) => $"{(char)(content.Length & 0xFF)}{(char)(content.Length >> 8)}\0{(char)number}{content}";

    private static string Greeting(ushort capabilities) =>
        $"\u000A10.11-test\0\u0001\0\0\0noncenon\0{(char)(capabilities & 0xFF)}{(char)(capabilities >> 8)}-\u0002\0\u00FF\u0081\u0015\0\0\0\0\0\0\0\0\0\0cenoncenonce\0mysql_native_password\0";

    private static TlsException Why(AuthenticationException failure) => Assert.IsType<TlsException>(failure.InnerException);

    /// <summary>Our front between a client and a server that are played by the test.</summary>
    private sealed record Front(Stream Client, Stream Server, Stream PlainSide, Stream ServiceSide, Task<Stream> Accepting) : IAsyncDisposable
    {
        public static Front Start(int piece = int.MaxValue, TlsServerOptions? options = null)
        {
            var (client, plainSide) = DuplexPipe.Create(new Line { PieceSize = piece }, new Line { PieceSize = piece });
            var (serviceSide, server) = DuplexPipe.Create(new Line { PieceSize = piece }, new Line { PieceSize = piece });
            return new Front(client, server, plainSide, serviceSide, StartTlsProtocol.MySql.AcceptForAsync(plainSide, options ?? Fixture.ServerOptions(), serviceSide, cancellationToken: Cancellation));
        }

        /// <summary>Sees the server's greeting with TLS in it, asks for that, and shakes hands.</summary>
        public async Task<TlsStream> RequestAsync()
        {
            Assert.Equal(Packet(0, Greeting(WithTls)), await ReadPacketAsync(Client));
            await SayAsync(Client, Packet(1, Request + RestOfRequest));
            var tls = new TlsStream(Client);
            await tls.AuthenticateAsClientAsync(Fixture.ClientOptions(), Cancellation);
            return tls;
        }

        public async Task<TlsException> FailureAsync() => Why(await Assert.ThrowsAsync<AuthenticationException>(() => Accepting.WaitAsync(Fixture.Patience, Cancellation)));

        /// <summary>The client was refused for that, and the server has heard nothing.</summary>
        public async Task AssertRefusedAsync(TlsError error, string why)
        {
            var failure = await FailureAsync();
            Assert.Equal(error, failure.Error);
            Assert.Contains(why, failure.Message, StringComparison.Ordinal);
            await ServiceSide.DisposeAsync();
            Assert.Equal(0, await Server.ReadAsync(new byte[1], Cancellation));
        }

        public async ValueTask DisposeAsync()
        {
            await Client.DisposeAsync();
            await Server.DisposeAsync();
            await PlainSide.DisposeAsync();
            await ServiceSide.DisposeAsync();
        }
    }
}
