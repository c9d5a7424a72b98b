using System.Net.Security;
using System.Text;
using LucidTls.Cryptography;
using LucidTls.Handshake;
using LucidTls.Protocol;
using LucidTls.Sessions;
using LucidTls.Tests.Connections;
using LucidTls.Tests.Handshake.Scripting;

namespace LucidTls.Tests.Handshake;

/// <summary>Early data (0-RTT, RFC 8446 §2.3, §4.2.10, §8): when it is taken, when it is passed over, and that it never mixes with other data.</summary>
public sealed class EarlyDataTests
{
    private static readonly byte[] Early = Encoding.ASCII.GetBytes("GET /early");

    private readonly TlsSessionCache _cache = new();
    private readonly TicketKeyRing _ring = new();
    private readonly TlsReplayGuard _guard = new();

    public EarlyDataTests() => FillCache();

    // Taken

    [Fact]
    public void Early_data_is_taken_and_stands_apart_from_other_data()
    {
        var (client, server) = Connect(Client(Early), Server());
        Assert.Equal(TlsEarlyDataStatus.Accepted, client.Session.EarlyData);
        Assert.Equal(TlsEarlyDataStatus.Accepted, server.Session.EarlyData);
        Assert.Equal(Early, server.EarlyData.ToArray());
        Assert.Empty(ReadAll(server));
        client.Write("later"u8);
        Pump(client, server);
        Assert.Equal("later"u8, ReadAll(server));
        Assert.Equal(Early, server.EarlyData.ToArray());
        Assert.True(client.EarlyData.IsEmpty);
        Assert.Contains(client.Session.Steps, step => step is { Message: "EndOfEarlyData", Sent: true, Protection: TlsProtection.EarlyData });
    }

    [Fact]
    public void A_handler_reads_and_answers_before_the_handshake_is_done()
    {
        var options = Server();
        var read = "";
        options.EarlyDataHandler = async (exchange, cancellation) =>
        {
            var buffer = new byte[4];
            int count;
            while ((count = await exchange.ReadAsync(buffer, cancellation)) > 0 && read.Length < Early.Length)
            {
                read += Encoding.ASCII.GetString(buffer, 0, count);
                if (read.Length == Early.Length)
                    await exchange.WriteAsync("200"u8.ToArray(), cancellation);
            }
        };
        using var client = TlsConnection.CreateClient(Client(Early));
        using var server = TlsConnection.CreateServer(options);
        Pump(client, server);
        Assert.Equal("GET /early", read);
        Assert.False(server.IsAuthenticated);
        Pump(server, client);
        // The server still waits for the client's Finished.
        Assert.False(server.IsAuthenticated);
        Assert.Equal("200"u8, ReadAll(client));
        Pump(client, server);
        Assert.True(server.IsAuthenticated);
        Assert.True(server.EarlyData.IsEmpty);
    }

    [Fact]
    public void What_the_handler_leaves_unread_is_kept()
    {
        var options = Server();
        options.EarlyDataHandler = async (exchange, cancellation) => await exchange.ReadAsync(new byte[4], cancellation);
        var (_, server) = Connect(Client(Early), options);
        Assert.Equal(Early[4..], server.EarlyData.ToArray());
    }

    [Fact]
    public void A_handler_that_has_returned_can_read_no_more()
    {
        TlsEarlyDataExchange? kept = null;
        var options = Server();
        options.EarlyDataHandler = (exchange, _) =>
        {
            kept = exchange;
            return default;
        };
        Connect(Client(Early), options);
        Assert.Throws<InvalidOperationException>(() => kept!.ReadAsync(new byte[1], CancellationToken.None).AsTask().GetAwaiter().GetResult());
    }

    [Fact]
    public void A_handler_that_fails_ends_the_handshake_with_internal_error()
    {
        var options = Server();
        options.EarlyDataHandler = (_, _) => throw new InvalidDataException("no");
        var failure = Assert.Throws<TlsException>(() => Connect(Client(Early), options));
        Assert.Equal((TlsError.LocalFailure, TlsAlert.InternalError), (failure.Error, failure.Alert));
        Assert.IsType<InvalidDataException>(failure.InnerException);
    }

    [Fact]
    public void Early_data_fills_several_records()
    {
        var much = new byte[40_000];
        Random.Shared.NextBytes(much);
        FillCache(limit: much.Length);
        var (_, server) = Connect(Client(much), Server(much.Length));
        Assert.Equal(much, server.EarlyData.ToArray());
    }

    [Fact]
    public async Task Streams_carry_early_data_too()
    {
        var (client, server) = await Fixture.ConnectAsync(Client(Early), Server());
        await using (client)
        await using (server)
        {
            Assert.Equal(Early, server.EarlyData.ToArray());
            Assert.Equal(TlsEarlyDataStatus.Accepted, client.Session.EarlyData);
            await client.WriteAsync(new byte[] { 7 }, TestContext.Current.CancellationToken);
            Assert.Equal(7, server.ReadByte());
        }
    }

    // Not offered

    [Fact]
    public void It_is_off_unless_the_server_says_otherwise()
    {
        FillCache(limit: 0);
        var (client, server) = Connect(Client(Early), Server());
        Assert.True(client.Session.Resumed);
        Assert.Equal(TlsEarlyDataStatus.NotOffered, client.Session.EarlyData);
        Assert.Equal(TlsEarlyDataStatus.NotOffered, server.Session.EarlyData);
        Assert.Equal(0, new TlsServerOptions().MaxEarlyDataSize);
        Assert.True(new TlsClientOptions().EarlyData.IsEmpty);
    }

    [Fact]
    public void A_client_sends_none_that_is_longer_than_its_ticket_allows()
    {
        var (client, _) = Connect(Client(new byte[1001]), Server());
        Assert.Equal(TlsEarlyDataStatus.NotOffered, client.Session.EarlyData);
        FillCache();
        (client, _) = Connect(Client(new byte[1000]), Server());
        Assert.Equal(TlsEarlyDataStatus.Accepted, client.Session.EarlyData);
    }

    [Fact]
    public void Without_a_session_there_is_none()
    {
        var options = Client(Early);
        options.SessionCache = new TlsSessionCache();
        var (client, _) = Connect(options, Server());
        Assert.Equal(TlsEarlyDataStatus.NotOffered, client.Session.EarlyData);
    }

    // Passed over

    [Fact]
    public void A_server_that_takes_none_any_more_passes_over_it() => DemandRejected(Server(0), "takes none");

    [Fact]
    public void A_server_that_takes_less_than_the_ticket_says_passes_over_it() => DemandRejected(Server(999), "more than this server takes");

    [Fact]
    public void A_server_that_wants_another_key_share_passes_over_it()
    {
        var options = Server();
        options.Groups = [NamedGroup.Secp256r1];
        var session = DemandRejected(options, "another key share");
        Assert.True(session is { HelloRetried: true, Resumed: true });
    }

    [Fact]
    public void A_server_that_does_not_know_the_ticket_passes_over_it()
    {
        var options = Server();
        options.TicketStore = new TicketKeyRing();
        Assert.False(DemandRejected(options, "no session is resumed").Resumed);
    }

    [Fact]
    public void A_server_that_picks_another_suite_passes_over_it()
    {
        var options = Server();
        options.CipherSuites = [CipherSuite.ChaCha20Poly1305Sha256];
        DemandRejected(options, "no session is resumed");
    }

    [Fact]
    public void A_server_that_picks_another_application_protocol_passes_over_it()
    {
        SslApplicationProtocol[] protocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11];
        FillCache(protocols: protocols);
        var options = Server();
        options.ApplicationProtocols = [SslApplicationProtocol.Http11];
        Assert.True(DemandRejected(options, "application protocol", protocols).Resumed);
    }

    [Fact]
    public void A_hello_whose_age_is_not_the_tickets_is_passed_over()
    {
        ChangeSession(session => session.Received -= TimeSpan.FromSeconds(30));
        DemandRejected(Server(), "age");
    }

    [Fact]
    public void The_freshness_that_the_options_ask_for_counts()
    {
        ChangeSession(session => session.Received -= TimeSpan.FromSeconds(30));
        var options = Server();
        options.EarlyDataFreshness = TimeSpan.FromMinutes(10);
        Assert.Equal(TlsEarlyDataStatus.Accepted, Connect(Client(Early), options).Client.Session.EarlyData);
    }

    [Fact]
    public void A_ticket_that_the_guard_has_seen_is_passed_over()
    {
        var options = Server();
        options.ReplayGuard = new Refusing();
        DemandRejected(options, "used before");
    }

    [Fact]
    public void A_guard_that_fails_ends_the_handshake()
    {
        var options = Server();
        options.ReplayGuard = new Failing();
        var failure = Assert.Throws<TlsException>(() => Connect(Client(Early), options));
        Assert.Equal(TlsError.LocalFailure, failure.Error);
    }

    [Fact]
    public void A_recording_played_to_the_server_again_is_passed_over()
    {
        var handled = 0;
        var options = Server();
        options.EarlyDataHandler = (_, _) =>
        {
            handled++;
            return default;
        };
        using var client = TlsConnection.CreateClient(Client(Early));
        var flight = new byte[client.PendingOutput];
        client.TakeOutput(flight);
        using var first = TlsConnection.CreateServer(options);
        first.Receive(flight);
        using var second = TlsConnection.CreateServer(options);
        second.Receive(flight);
        Assert.Equal(1, handled);
        Pump(first, client);
        Pump(client, first);
        Assert.Equal(Early, first.EarlyData.ToArray());
        Assert.False(second.IsAuthenticated);
        Assert.True(second.EarlyData.IsEmpty);
    }

    [Fact]
    public void Early_data_for_another_name_is_passed_over()
    {
        var outcome = Duel.OfServer(Script.Changing<ClientHello>(hello => hello.With(extensions: block => block.With(ExtensionType.ServerName, Extensions.BuildServerName("other.example")))), Server(), Client(Early));
        Assert.Equal(TlsEarlyDataStatus.Rejected, outcome.Session!.EarlyData);
    }

    [Fact]
    public void Early_data_under_another_ticket_than_the_one_taken_is_passed_over()
    {
        var session = _cache.Take(SessionKey.Of(Client([]))!)!;
        var key = session.PreSharedKey.Span.ToArray();
        _cache.Store(SessionKey.Of(Client([]))!, session);
        var options = Server();
        var detail = "";
        options.OnHandshakeStep = step => detail += step.Message == "EncryptedExtensions" ? step.Detail : "";
        // The scripted client knows of one identity only: it stops at the answer, which names the second.
        Duel.OfServer(Script.Changing<ClientHello>(hello => BehindAnother(hello, key)), options, Client(Early), scriptedChecksItsPeer: false);
        Assert.Contains("not the first one offered", detail, StringComparison.Ordinal);
    }

    /// <summary>The same hello with an identity that nobody knows in front, and a binder that fits that.</summary>
    private static ClientHello BehindAnother(ClientHello hello, byte[] key)
    {
        Assert.True(hello.Extensions.TryGet(ExtensionType.PreSharedKey, out var data));
        var psk = OfferedPsks.Parse(data);
        var binder = new byte[32];
        var changed = WithBinder(hello, psk, binder);
        Assert.True(CryptoProvider.Default.TryGetSuite(CipherSuite.Aes128GcmSha256, out var suite));
        using var early = EarlyStage.Create(suite, key);
        PskBinder.Compute(suite, early, PskKind.Resumption, default, Wire.Encode(changed).AsSpan()[..^(2 + 2 * 33)], binder);
        return WithBinder(hello, psk, binder);
    }

    private static ClientHello WithBinder(ClientHello hello, OfferedPsks psk, byte[] binder) => hello.With(extensions: block => block.With(ExtensionType.PreSharedKey, new OfferedPsks
    {
        Identities = [new PskIdentity(new byte[] { 1 }, 0), psk.Identities[0]],
        Binders = [new byte[32], binder],
    }.Build()));

    // What a client may not send

    [Fact]
    public void More_than_the_ticket_allows_is_refused()
    {
        ChangeSession(session => session.MaxEarlyDataSize = 5000);
        var failure = Assert.Throws<TlsException>(() => Connect(Client(new byte[1001]), Server()));
        Assert.Equal((TlsError.TooMuchEarlyData, TlsAlert.UnexpectedMessage), (failure.Error, failure.Alert));
    }

    [Fact]
    public void More_than_any_honest_client_sends_is_not_passed_over()
    {
        ChangeSession(session => session.MaxEarlyDataSize = 1_000_000);
        var failure = Assert.Throws<TlsException>(() => Connect(Client(new byte[100_000]), Server(0)));
        Assert.Equal(TlsError.TooMuchEarlyData, failure.Error);
    }

    [Fact]
    public void More_than_any_honest_client_sends_is_not_passed_over_before_a_second_hello()
    {
        ChangeSession(session => session.MaxEarlyDataSize = 1_000_000);
        var options = Server();
        options.Groups = [NamedGroup.Secp256r1];
        var failure = Assert.Throws<TlsException>(() => Connect(Client(new byte[100_000]), options));
        Assert.Equal(TlsError.TooMuchEarlyData, failure.Error);
    }

    [Fact]
    public void A_client_that_does_not_end_its_early_data_is_refused() =>
        Demand.ServerRefuses(TlsError.BadRecordMac, TlsAlert.BadRecordMac, Script.Omitting(HandshakeType.EndOfEarlyData), Server(), Client(Early));

    [Theory]
    [InlineData(20)]
    [InlineData(24)]
    [InlineData(1)]
    public void Another_message_among_early_data_is_refused(byte type) =>
        Demand.ServerRefuses(TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage, Script.Sending(HandshakeType.EndOfEarlyData, Wire.Message(new HandshakeType(type), 0)), Server(), Client(Early));

    [Fact]
    public void An_end_of_early_data_with_content_is_a_decode_error() =>
        Demand.ServerRefuses(TlsError.Malformed, TlsAlert.DecodeError, Script.Sending(HandshakeType.EndOfEarlyData, Wire.Message(HandshakeType.EndOfEarlyData, 0)), Server(), Client(Early));

    [Fact]
    public void A_message_behind_the_end_of_early_data_under_its_keys_is_refused() =>
        Demand.ServerRefuses(TlsError.MessageAcrossKeyChange, TlsAlert.UnexpectedMessage, Script.Sending(HandshakeType.EndOfEarlyData, [.. Wire.Message(HandshakeType.EndOfEarlyData), 20]), Server(), Client(Early));

    [Fact]
    public void An_end_of_early_data_that_was_not_taken_is_refused() =>
        Demand.ServerRefuses(TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage, Script.Encoding(HandshakeType.Finished, finished => [.. Wire.Message(HandshakeType.EndOfEarlyData), .. finished]), Server(0), Client(Early));

    [Fact]
    public void Early_data_behind_a_second_hello_is_not_passed_over_whatever_that_offers()
    {
        var options = Server();
        options.Groups = [NamedGroup.Secp256r1];
        options.TicketStore = new TicketKeyRing();
        var hellos = 0;
        var script = new Script
        {
            Change = message => message is ClientHello hello && hello.Extensions.TryGet(ExtensionType.PreSharedKey, out var psk)
                ? hello.With(extensions: block => block.Without(ExtensionType.PreSharedKey).With(ExtensionType.EarlyData).Plus(ExtensionType.PreSharedKey, psk.ToArray()))
                : message,
            Frame = (channel, type, message) =>
            {
                channel.Write(ContentType.Handshake, message);
                if (type == HandshakeType.ClientHello && ++hellos == 2)
                    channel.WritePlain(ContentType.ApplicationData, new byte[100]);
            },
        };
        Demand.ServerRefuses(TlsError.BadRecordMac, TlsAlert.BadRecordMac, script, options, Client(Early));
    }

    [Fact]
    public void Early_data_without_a_session_is_passed_over()
    {
        var options = Client([]);
        options.SessionCache = null;
        var script = new Script
        {
            Change = message => message is ClientHello hello ? hello.With(extensions: block => block.With(ExtensionType.EarlyData)) : message,
            Frame = (channel, type, message) =>
            {
                channel.Write(ContentType.Handshake, message);
                if (type == HandshakeType.ClientHello)
                    channel.WritePlain(ContentType.ApplicationData, new byte[100]);
            },
        };
        Assert.Equal(TlsEarlyDataStatus.Rejected, Demand.ServerAccepts(script, Server(), options).Session!.EarlyData);
    }

    // What a server may not answer

    [Fact]
    public void A_server_that_takes_it_without_resuming_is_refused()
    {
        var options = Server();
        options.TicketStore = new TicketKeyRing();
        Demand.ClientRefuses(TlsError.IllegalValue, TlsAlert.IllegalParameter, TakingEarlyData, Client(Early), options);
    }

    [Fact]
    public void A_server_that_takes_it_for_another_application_protocol_is_refused()
    {
        SslApplicationProtocol[] protocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11];
        FillCache(protocols: protocols);
        var options = Server();
        options.ApplicationProtocols = [SslApplicationProtocol.Http11];
        // The server, which did not take it in truth, cannot read the alert: it is under the keys of the early data.
        var outcome = Duel.OfClient(TakingEarlyData, Client(Early, protocols), options);
        Assert.Equal((TlsError.IllegalValue, TlsAlert.IllegalParameter), (outcome.Failure!.Error, outcome.Failure.Alert));
    }

    [Fact]
    public void A_server_that_takes_it_after_a_HelloRetryRequest_is_refused()
    {
        var options = Server();
        options.Groups = [NamedGroup.Secp256r1];
        Demand.ClientRefuses(TlsError.UnsolicitedExtension, TlsAlert.UnsupportedExtension, TakingEarlyData, Client(Early), options);
    }

    [Fact]
    public void A_server_that_takes_it_with_content_is_refused() => Demand.ClientRefuses(
        TlsError.Malformed, TlsAlert.DecodeError, Script.Changing<EncryptedExtensions>(message => new EncryptedExtensions { Extensions = message.Extensions.With(ExtensionType.EarlyData, 0) }), Client(Early), Server());

    [Fact]
    public void A_server_that_picks_TLS_1_2_is_refused_and_the_error_says_what_to_do()
    {
        var options = Server();
        options.MaximumVersion = TlsVersion.Tls12;
        using var client = TlsConnection.CreateClient(Client(Early));
        using var server = TlsConnection.CreateServer(options);
        var hello = new byte[client.PendingOutput];
        client.TakeOutput(hello);
        // The early data behind the hello would make this server stop first.
        server.Receive(hello.AsSpan(0, 5 + (hello[3] << 8 | hello[4])));
        var failure = Assert.Throws<TlsException>(() => Pump(server, client));
        Assert.Equal((TlsError.EarlyDataNeedsTls13, TlsAlert.ProtocolVersion), (failure.Error, failure.Alert));
        Assert.Contains("again without early data", failure.Message, StringComparison.Ordinal);
    }

    private static Script TakingEarlyData => Script.Changing<EncryptedExtensions>(message => new EncryptedExtensions { Extensions = message.Extensions.With(ExtensionType.EarlyData) });

    /// <returns>What the client says of the connection, which works all the same.</returns>
    private TlsSessionInfo DemandRejected(TlsServerOptions options, string reason, SslApplicationProtocol[]? protocols = null)
    {
        options.EarlyDataHandler = (_, _) => throw new InvalidOperationException("It was not taken.");
        var (client, server) = Connect(Client(Early, protocols), options);
        Assert.Equal(TlsEarlyDataStatus.Rejected, client.Session.EarlyData);
        Assert.Equal(TlsEarlyDataStatus.Rejected, server.Session.EarlyData);
        Assert.True(server.EarlyData.IsEmpty);
        Assert.DoesNotContain(client.Session.Steps, step => step.Message == "EndOfEarlyData");
        Assert.Contains(reason, server.Session.Steps.Single(step => step.Message == "EncryptedExtensions").Detail, StringComparison.Ordinal);
        client.Write("once more"u8);
        Pump(client, server);
        Assert.Equal("once more"u8, ReadAll(server));
        server.Write("fine"u8);
        Pump(server, client);
        Assert.Equal("fine"u8, ReadAll(client));
        return client.Session;
    }

    private TlsClientOptions Client(byte[] earlyData, SslApplicationProtocol[]? protocols = null)
    {
        var options = Fixture.ClientOptions();
        options.SessionCache = _cache;
        options.EarlyData = earlyData;
        options.ApplicationProtocols = protocols ?? [];
        return options;
    }

    private TlsServerOptions Server(int limit = 1000)
    {
        var options = Fixture.ServerOptions();
        options.TicketStore = _ring;
        options.ReplayGuard = _guard;
        options.TicketCount = 1;
        options.MaxEarlyDataSize = limit;
        return options;
    }

    private void FillCache(int limit = 1000, SslApplicationProtocol[]? protocols = null)
    {
        while (_cache.Take(SessionKey.Of(Client([], protocols))!) is { } old)
            old.Dispose();
        var options = Server(limit);
        options.ApplicationProtocols = protocols ?? [];
        Connect(Client([], protocols), options);
    }

    private void ChangeSession(Action<Draft> change)
    {
        var key = SessionKey.Of(Client([]))!;
        var session = _cache.Take(key)!;
        var draft = new Draft { Received = session.Received, MaxEarlyDataSize = session.MaxEarlyDataSize };
        change(draft);
        _cache.Store(key, new ClientSession
        {
            Version = session.Version,
            CipherSuite = session.CipherSuite,
            Group = session.Group,
            ExtendedMasterSecret = true,
            Ticket = session.Ticket,
            PreSharedKey = session.PreSharedKey,
            AgeAdd = session.AgeAdd,
            Received = draft.Received,
            Authenticated = session.Authenticated,
            Expires = session.Expires,
            MaxEarlyDataSize = draft.MaxEarlyDataSize,
            ApplicationProtocol = session.ApplicationProtocol,
            ServerChain = session.ServerChain,
            Verdict = session.Verdict,
            ServerSignatureScheme = session.ServerSignatureScheme,
        });
    }

    private static (TlsConnection Client, TlsConnection Server) Connect(TlsClientOptions clientOptions, TlsServerOptions serverOptions)
    {
        var client = TlsConnection.CreateClient(clientOptions);
        var server = TlsConnection.CreateServer(serverOptions);
        for (var i = 0; i < 4; i++)
        {
            Pump(client, server);
            Pump(server, client);
        }
        Assert.True(client.IsAuthenticated && server.IsAuthenticated);
        // What lies there is a ticket.
        Assert.Empty(ReadAll(client));
        return (client, server);
    }

    private static void Pump(TlsConnection from, TlsConnection to)
    {
        var bytes = new byte[from.PendingOutput];
        from.TakeOutput(bytes);
        to.Receive(bytes);
    }

    private static byte[] ReadAll(TlsConnection connection)
    {
        var buffer = new byte[1024];
        return buffer[..connection.Read(buffer)];
    }

    private sealed class Draft
    {
        public DateTimeOffset Received { get; set; }
        public uint MaxEarlyDataSize { get; set; }
    }

    private sealed class Refusing : ITlsReplayGuard
    {
        public ValueTask<bool> TryUseAsync(ReadOnlyMemory<byte> id, DateTimeOffset issued, TimeSpan window, CancellationToken cancellationToken) => ValueTask.FromResult(false);
    }

    private sealed class Failing : ITlsReplayGuard
    {
        public ValueTask<bool> TryUseAsync(ReadOnlyMemory<byte> id, DateTimeOffset issued, TimeSpan window, CancellationToken cancellationToken) => throw new IOException("The store is away.");
    }
}
