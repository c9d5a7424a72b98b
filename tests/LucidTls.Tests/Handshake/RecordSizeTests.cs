using System.Buffers.Binary;
using LucidTls.Handshake;
using LucidTls.Protocol;
using LucidTls.Tests.Connections;
using LucidTls.Tests.Handshake.Scripting;
using LucidTls.TestSupport;
using static LucidTls.Tests.Handshake.Scripting.Demand;

namespace LucidTls.Tests.Handshake;

/// <summary>record_size_limit (RFC 8449) in both versions, and max_fragment_length (RFC 6066 §4) where a client asks for it.</summary>
public sealed class RecordSizeTests
{
    private const int Header = 5;
    private const int Tag = 16;
    private const int ExplicitNonce = 8;

    public static TheoryData<bool, int?, int?> Limits => new()
    {
        { false, 64, null },
        { false, 200, 1000 },
        { false, 16385, 64 },
        { false, null, 300 },
        { true, 64, null },
        { true, 200, 1000 },
        { true, 16385, 64 },
        { true, null, 300 },
    };

    [Theory]
    [MemberData(nameof(Limits))]
    public async Task Each_end_keeps_to_the_limit_that_the_other_named(bool isTls12, int? clientLimit, int? serverLimit)
    {
        var client = Fixture.ClientOptions();
        var server = Fixture.ServerOptions();
        client.RecordSizeLimit = clientLimit;
        server.RecordSizeLimit = serverLimit;
        // Padding must not make a record longer than it may be.
        client.Padding = server.Padding = RecordPadding.ToBlock(512);
        if (isTls12)
            client.MaximumVersion = TlsVersion.Tls12;
        var (sentByClient, sentByServer) = await ExchangeAsync(client, server);
        var overhead = isTls12 ? ExplicitNonce + Tag : Tag;
        var most = isTls12 ? 16384 : 16385;
        // Without the client's word there is no limit; a server that has none names the most.
        Assert.Equal(clientLimit == null ? most : Math.Min(clientLimit.Value, most), sentByServer - overhead);
        Assert.Equal(clientLimit == null ? most : serverLimit ?? most, sentByClient - overhead);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_record_longer_than_this_end_named_is_refused(bool isTls12)
    {
        var client = Fixture.ClientOptions();
        client.RecordSizeLimit = 16385;
        if (isTls12)
            client.MaximumVersion = TlsVersion.Tls12;
        var server = Fixture.ServerOptions();
        server.RecordSizeLimit = 100;
        var most = isTls12 ? 100 : 99;
        ServerAccepts(Script.After(channel => channel.Write(ContentType.ApplicationData, new byte[most])), server, client);
        ServerRefuses(TlsError.RecordTooLong, TlsAlert.RecordOverflow, Script.After(channel => channel.Write(ContentType.ApplicationData, new byte[most + 1])), server, client);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_client_refuses_a_record_longer_than_it_named(bool isTls12)
    {
        var client = Fixture.ClientOptions();
        client.RecordSizeLimit = 2000; // The script puts whole messages into records.
        if (isTls12)
            client.MaximumVersion = TlsVersion.Tls12;
        var most = isTls12 ? 2000 : 1999;
        ClientAccepts(Script.After(channel => channel.Write(ContentType.ApplicationData, new byte[most])), client);
        ClientRefuses(TlsError.RecordTooLong, TlsAlert.RecordOverflow, Script.After(channel => channel.Write(ContentType.ApplicationData, new byte[most + 1])), client);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(63)]
    public void A_limit_below_64_is_refused(int limit) => ServerRefuses(TlsError.IllegalValue, TlsAlert.IllegalParameter, Asking(ExtensionType.RecordSizeLimit, 0, (byte)limit));

    [Fact]
    public void A_client_may_name_more_than_there_is()
    {
        var client = Fixture.ClientOptions();
        client.RecordSizeLimit = 100;
        ServerAccepts(Asking(ExtensionType.RecordSizeLimit, 0xFF, 0xFF), client: client);
    }

    [Fact]
    public void A_server_that_answers_without_being_asked_is_refused() =>
        ClientRefuses(TlsError.UnsolicitedExtension, TlsAlert.UnsupportedExtension, Answering(ExtensionType.RecordSizeLimit, 1, 0));

    [Theory]
    [InlineData(0x3F)]
    [InlineData(0x4002)]
    public void A_servers_limit_out_of_bounds_is_refused(int limit)
    {
        var client = Fixture.ClientOptions();
        client.RecordSizeLimit = 1000;
        ClientRefuses(TlsError.IllegalValue, TlsAlert.IllegalParameter, Answering(ExtensionType.RecordSizeLimit, (byte)(limit >> 8), (byte)limit), client);
    }

    [Theory]
    [InlineData(false, 1, 512)]
    [InlineData(false, 4, 4096)]
    [InlineData(true, 1, 512)]
    [InlineData(true, 4, 4096)]
    public async Task A_client_that_asks_for_short_fragments_gets_them(bool isTls12, byte code, int length)
    {
        var client = Fixture.ClientOptions();
        client.Hooks = new Asker(code);
        if (isTls12)
            client.MaximumVersion = TlsVersion.Tls12;
        var (_, sentByServer) = await ExchangeAsync(client, Fixture.ServerOptions(), onlyServer: true);
        Assert.Equal(length, sentByServer - (isTls12 ? ExplicitNonce + Tag : 1 + Tag));
    }

    [Fact]
    public async Task A_client_that_asked_for_short_fragments_may_send_no_longer_ones()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var options = Fixture.ClientOptions();
        options.Hooks = new Asker(1);
        var (client, server) = await Fixture.ConnectAsync(options);
        await using (client)
        await using (server)
        {
            await client.WriteAsync(new byte[512], cancellation);
            await server.ReadExactlyAsync(new byte[512], cancellation);
            await client.WriteAsync(new byte[513], cancellation);
            var failure = await Assert.ThrowsAsync<IOException>(() => server.ReadAsync(new byte[513], cancellation).AsTask());
            Assert.Equal(TlsError.RecordTooLong, Assert.IsType<TlsException>(failure.InnerException).Error);
        }
    }

    [Fact]
    public async Task A_limit_counts_before_a_fragment_length()
    {
        var client = Fixture.ClientOptions();
        client.Hooks = new Asker(1);
        client.RecordSizeLimit = 1000;
        var (_, sentByServer) = await ExchangeAsync(client, Fixture.ServerOptions());
        Assert.Equal(1000, sentByServer - Tag);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public void A_fragment_length_that_does_not_exist_is_refused(byte code) => ServerRefuses(TlsError.IllegalValue, TlsAlert.IllegalParameter, Asking(ExtensionType.MaxFragmentLength, code));

    [Theory]
    [InlineData(63)]
    [InlineData(16386)]
    public void A_limit_that_cannot_be_named_is_an_error_of_the_caller(int limit) => Assert.Throws<ArgumentOutOfRangeException>(() => Fixture.ClientOptions().RecordSizeLimit = limit);

    private static Script Asking(ExtensionType type, params byte[] data) => Script.Changing<ClientHello>(hello => hello.With(extensions: block => block.With(type, data)));

    private static Script Answering(ExtensionType type, params byte[] data) => Script.Changing<EncryptedExtensions>(message => new EncryptedExtensions { Extensions = message.Extensions.With(type, data) });

    /// <summary>Sends 40,000 bytes each way.</summary>
    /// <returns>The longest protected record of each end that carried data, without its header.</returns>
    private static async Task<(int Client, int Server)> ExchangeAsync(TlsClientOptions clientOptions, TlsServerOptions serverOptions, bool onlyServer = false)
    {
        var (clientSide, serverSide) = DuplexPipe.Create();
        var (clientTap, serverTap) = (new Tap(clientSide), new Tap(serverSide));
        var (client, server) = await Fixture.ConnectAsync(clientTap, serverTap, clientOptions, serverOptions);
        await using (client)
        await using (server)
        {
            var cancellation = TestContext.Current.CancellationToken;
            foreach (var (from, to) in onlyServer ? [(server, client)] : new[] { (client, server), (server, client) })
            {
                var data = new byte[40_000];
                Random.Shared.NextBytes(data);
                var received = new byte[data.Length];
                var reading = to.ReadExactlyAsync(received, cancellation).AsTask();
                await from.WriteAsync(data, cancellation);
                await reading.WaitAsync(Fixture.Patience, cancellation);
                Assert.Equal(data, received);
            }
        }
        return (clientTap.Longest(), serverTap.Longest());
    }

    /// <summary>Keeps what is written.</summary>
    private sealed class Tap(Stream inner) : WrappingStream(inner)
    {
        private readonly List<byte> _written = [];

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _written.AddRange(buffer.Span);
            return base.WriteAsync(buffer, cancellationToken);
        }

        public int Longest()
        {
            var longest = 0;
            for (var bytes = _written.ToArray().AsSpan(); bytes.Length > 0;)
            {
                var length = BinaryPrimitives.ReadUInt16BigEndian(bytes[3..]);
                if (bytes[0] == (byte)ContentType.ApplicationData)
                    longest = Math.Max(longest, length);
                bytes = bytes[(Header + length)..];
            }
            return longest;
        }
    }

    /// <summary>Has the client ask for a max_fragment_length.</summary>
    private sealed class Asker(byte code) : HandshakeHooks
    {
        public override IHandshakeBody BeforeSend(IHandshakeBody message) =>
            message is ClientHello hello ? hello.With(extensions: block => block.With(ExtensionType.MaxFragmentLength, code)) : message;
    }
}
