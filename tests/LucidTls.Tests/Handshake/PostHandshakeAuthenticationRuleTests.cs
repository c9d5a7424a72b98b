using LucidTls.Handshake;
using LucidTls.Protocol;
using LucidTls.Records;
using LucidTls.Tests.Connections;
using LucidTls.Tests.Handshake.Scripting;
using LucidTls.TestSupport;
using static LucidTls.Tests.Handshake.Scripting.Demand;

namespace LucidTls.Tests.Handshake;

/// <summary>What must not be in requests for a certificate after the handshake, and in the answers to them (RFC 8446 §4.3.2, §4.4, §4.6.2).</summary>
public sealed class PostHandshakeAuthenticationRuleTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    // The client

    [Fact]
    public void The_offer_is_made_only_on_demand()
    {
        Assert.False(Offers(Fixture.ClientOptions()));
        Assert.True(Offers(ClientOptions()));
        var tls12 = ClientOptions();
        tls12.MaximumVersion = TlsVersion.Tls12;
        Assert.False(Offers(tls12));

        static bool Offers(TlsClientOptions options)
        {
            using var offer = new ClientOffer(options, null, LucidTls.Cryptography.CryptoProvider.Default, HandshakeHooks.None);
            return offer.Hello.Extensions.Contains(ExtensionType.PostHandshakeAuth);
        }
    }

    [Fact]
    public void A_request_without_a_context_is_refused() => ClientRefuses(TlsError.IllegalValue, TlsAlert.IllegalParameter, Asking(Request()), ClientOptions());

    [Fact]
    public void A_second_request_with_the_same_context_is_refused() => ClientRefuses(TlsError.IllegalValue, TlsAlert.IllegalParameter, Asking(Request(1), Request(2), Request(1)), ClientOptions());

    [Fact]
    public void A_request_without_signature_algorithms_is_refused() =>
        ClientRefuses(TlsError.MissingExtension, TlsAlert.MissingExtension, Asking(new CertificateRequest { Context = new byte[1], Extensions = new ExtensionBlock() }), ClientOptions());

    [Fact]
    public void A_server_that_keeps_asking_is_cut_off()
    {
        var requests = Enumerable.Range(0, RecordLimits.MostCertificateRequests + 1).Select(i => Request((byte)i)).ToArray();
        Assert.Equal(3 * RecordLimits.MostCertificateRequests, AnswersOf(ClientAccepts(Asking(requests[..^1]), ClientOptions())).Count);
        ClientRefuses(TlsError.TooManyEmptyMessages, TlsAlert.UnexpectedMessage, Asking(requests), ClientOptions());
    }

    [Fact]
    public void An_answer_has_the_context_of_its_request_and_its_messages_in_a_row()
    {
        var answers = AnswersOf(ClientAccepts(Asking(Request(7), Request(9)), ClientOptions()));
        Assert.Equal([HandshakeType.Certificate, HandshakeType.CertificateVerify, HandshakeType.Finished, HandshakeType.Certificate, HandshakeType.CertificateVerify, HandshakeType.Finished], answers.Select(message => new HandshakeType(message[0])));
        Assert.Equal([7], CertificateMessage.Parse(answers[0].AsMemory(4)).Context.ToArray());
        Assert.Equal([9], CertificateMessage.Parse(answers[3].AsMemory(4)).Context.ToArray());
    }

    [Fact]
    public void A_client_without_a_fitting_certificate_sends_none_and_a_Finished()
    {
        var request = new CertificateRequest { Context = new byte[] { 1 }, Extensions = Wire.Block((ExtensionType.SignatureAlgorithms, Extensions.BuildSignatureSchemes([SignatureScheme.RsaPssRsaeSha512]))) };
        var answers = AnswersOf(ClientAccepts(Asking(request), ClientOptions()));
        Assert.Equal([HandshakeType.Certificate, HandshakeType.Finished], answers.Select(message => new HandshakeType(message[0])));
        Assert.Empty(CertificateMessage.Parse(answers[0].AsMemory(4)).Entries);
    }

    // The server

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_certificate_that_was_not_asked_for_is_refused(bool mayAsk)
    {
        var server = mayAsk ? ServerOptions() : Fixture.ServerOptions();
        ServerRefuses(TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage, Script.After(channel => channel.WriteMessage(new CertificateMessage { Context = new byte[] { 1 }, Entries = [] })), server, ClientOptions());
    }

    [Fact]
    public Task An_answer_with_another_context_is_refused() =>
        AnswerIsRefusedAsync<CertificateMessage>(TlsError.IllegalValue, TlsAlert.IllegalParameter, message => new CertificateMessage { Context = new byte[] { 1, 2, 3 }, Entries = message.Entries });

    [Fact]
    public Task An_answer_with_a_wrong_Finished_is_refused() =>
        AnswerIsRefusedAsync<Finished>(TlsError.BadFinished, TlsAlert.DecryptError, message => new Finished { VerifyData = Changed(message.VerifyData) });

    [Fact]
    public Task An_answer_with_a_wrong_signature_is_refused() =>
        AnswerIsRefusedAsync<CertificateVerify>(TlsError.BadHandshakeSignature, TlsAlert.DecryptError, message => new CertificateVerify { Scheme = message.Scheme, Signature = Changed(message.Signature) });

    [Fact]
    public Task An_answer_signed_with_a_scheme_that_was_not_asked_for_is_refused() =>
        AnswerIsRefusedAsync<CertificateVerify>(TlsError.WrongSignatureScheme, TlsAlert.IllegalParameter, message => new CertificateVerify { Scheme = new SignatureScheme(0x0203), Signature = message.Signature });

    [Fact]
    public Task An_answer_with_an_extension_that_was_not_asked_for_is_refused() => AnswerIsRefusedAsync<CertificateMessage>(TlsError.UnsolicitedExtension, TlsAlert.UnsupportedExtension, message => new CertificateMessage
    {
        Context = message.Context,
        Entries = [new CertificateEntry(message.Entries[0].Certificate, Wire.Block((ExtensionType.SignedCertificateTimestamp, [0, 3, 0, 1, 1])))],
    });

    [Fact]
    public Task Data_between_the_messages_of_an_answer_are_refused() => AnswerIsRefusedAsync(TlsError.InterleavedHandshake, TlsAlert.UnexpectedMessage, (connection, messages) =>
    {
        connection.Writer.Append(ContentType.Handshake, messages[0]);
        connection.Writer.Append(ContentType.ApplicationData, "data"u8);
    });

    [Fact]
    public Task A_KeyUpdate_between_the_messages_of_an_answer_is_refused() => AnswerIsRefusedAsync(TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage, (connection, messages) =>
    {
        connection.Writer.Append(ContentType.Handshake, messages[0]);
        connection.AppendKeyUpdate(requestUpdate: false);
    });

    [Fact]
    public Task A_certificate_without_its_proof_is_refused() => AnswerIsRefusedAsync(TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage, (connection, messages) =>
    {
        connection.Writer.Append(ContentType.Handshake, messages[0]);
        connection.Writer.Append(ContentType.Handshake, messages[2]);
    });

    [Fact]
    public Task A_Finished_under_old_keys_is_refused() => AnswerIsRefusedAsync(TlsError.BadFinished, TlsAlert.DecryptError, (connection, messages) =>
    {
        // It was made before.
        connection.AppendKeyUpdate(requestUpdate: false);
        foreach (var message in messages)
            connection.Writer.Append(ContentType.Handshake, message);
    });

    [Fact]
    public Task An_answer_that_comes_twice_is_refused() => AnswerIsRefusedAsync(TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage, (connection, messages) =>
    {
        foreach (var message in (byte[][])[.. messages, .. messages])
            connection.Writer.Append(ContentType.Handshake, message);
    }, isAnswered: true);

    private static Task AnswerIsRefusedAsync<T>(TlsError error, TlsAlert alert, Func<T, IHandshakeBody> change) where T : class, IHandshakeBody =>
        AnswerIsRefusedAsync(error, alert, (connection, messages) =>
        {
            foreach (var message in messages)
                connection.Writer.Append(ContentType.Handshake, message);
        }, new Changing<T>(change));

    /// <summary>A client by hand, so that it can answer in any way.</summary>
    private static async Task AnswerIsRefusedAsync(TlsError error, TlsAlert alert, Action<EstablishedConnection, byte[][]> send, HandshakeHooks? hooks = null, bool isAnswered = false)
    {
        var (clientSide, serverSide) = DuplexPipe.Create();
        await using var server = new TlsStream(serverSide);
        var options = ClientOptions();
        if (hooks != null)
            options.Hooks = hooks;
        var transport = new StreamTransport(clientSide, isOurs: true);
        var serving = server.AuthenticateAsServerAsync(ServerOptions(), Cancellation);
        var client = await HandshakeRunner.RunAsync(options, transport, Cancellation).AsTask().WaitAsync(Fixture.Patience, Cancellation);
        await serving;
        var asking = server.RequestClientCertificateAsync(Cancellation);

        PostHandshakeAnswer? answer = null;
        while (answer == null)
            await ReadAsync();
        using (answer)
        {
            await answer.PrepareAsync(Cancellation);
            send(client, Messages(answer, client.Writer.TrafficSecret));
        }
        await transport.WriteAsync(client.Writer.Pending, Cancellation);
        if (isAnswered)
            Assert.True(await asking.WaitAsync(Fixture.Patience, Cancellation));
        var failure = isAnswered
            ? await Assert.ThrowsAsync<IOException>(() => server.ReadAsync(new byte[1], Cancellation).AsTask().WaitAsync(Fixture.Patience, Cancellation))
            : (Exception)await Assert.ThrowsAsync<System.Security.Authentication.AuthenticationException>(() => asking.WaitAsync(Fixture.Patience, Cancellation));
        var reason = Assert.IsType<TlsException>(failure.InnerException);
        Assert.True(error == reason.Error, $"{error} expected: {reason}");
        Assert.Equal(alert, reason.Alert);
        if (!isAnswered)
            Assert.Empty(server.Session.PeerCertificates);
        var told = await Assert.ThrowsAsync<TlsException>(async () =>
        {
            while (true)
                await ReadAsync();
        });
        Assert.Equal((TlsError.PeerAlert, alert), (told.Error, told.Alert!.Value));
        client.DisposeReader();
        client.DisposeWriter();

        async Task ReadAsync()
        {
            if (client.TryRead(default, out _) || (answer = client.TakeUnanswered()) != null)
                return;
            var count = await transport.ReadAsync(client.Reader.GetSpace(), Cancellation).AsTask().WaitAsync(Fixture.Patience, Cancellation);
            Assert.NotEqual(0, count);
            client.Reader.Added(count);
        }
    }

    private static byte[][] Messages(PostHandshakeAnswer answer, LucidTls.Cryptography.Secret secret)
    {
        var rest = answer.Finish(secret).ToArray().AsMemory();
        var messages = new List<byte[]>();
        while (!rest.IsEmpty)
        {
            var length = 4 + (rest.Span[1] << 16 | rest.Span[2] << 8 | rest.Span[3]);
            messages.Add(rest[..length].ToArray());
            rest = rest[length..];
        }
        return [.. messages];
    }

    private static List<byte[]> AnswersOf(Outcome outcome) => [.. outcome.Received.SkipWhile(message => message[0] != HandshakeType.Finished.Value).Skip(1)];

    private static Script Asking(params CertificateRequest[] requests) => Script.After(channel =>
    {
        foreach (var request in requests)
            channel.WriteMessage(request);
    });

    private static CertificateRequest Request(params byte[] context) => new() { Context = context, Extensions = Wire.Block((ExtensionType.SignatureAlgorithms, Extensions.BuildSignatureSchemes([SignatureScheme.EcdsaSecp256r1Sha256]))) };

    private static byte[] Changed(ReadOnlyMemory<byte> bytes)
    {
        var changed = bytes.ToArray();
        changed[^1] ^= 1;
        return changed;
    }

    private static TlsClientOptions ClientOptions()
    {
        var options = Fixture.ClientOptions();
        options.PostHandshakeAuthentication = true;
        options.Identity = Fixture.ClientIdentity;
        return options;
    }

    private static TlsServerOptions ServerOptions()
    {
        var options = Fixture.ServerOptions();
        options.PostHandshakeAuthentication = true;
        options.ClientCertificateVerifier = Fixture.Verifier;
        return options;
    }

    /// <summary>Changes the messages of one type after the handshake.</summary>
    private sealed class Changing<T>(Func<T, IHandshakeBody> change) : HandshakeHooks where T : class, IHandshakeBody
    {
        private bool _isDone;

        public override IHandshakeBody BeforeSend(IHandshakeBody message)
        {
            if (_isDone && message is T one)
                return change(one);
            _isDone |= message is Finished;
            return message;
        }
    }
}
