using LucidTls.Protocol;
using LucidTls.Sessions;
using LucidTls.Tests.Connections;
using LucidTls.Tests.Handshake.Scripting;
using static LucidTls.Tests.Handshake.Scripting.Demand;

namespace LucidTls.Tests.Sessions;

/// <summary>What both ends check when a session is resumed (RFC 8446 §4.2.9 to §4.2.11).</summary>
public sealed class ResumptionRuleTests
{
    private readonly TlsSessionCache _cache = new();
    private readonly TicketKeyRing _ring = new();

    public ResumptionRuleTests() => FillCache();

    [Fact]
    public void Peers_that_break_no_rule_resume()
    {
        Assert.True(ClientAccepts(new Script(), Client(), Server()).Session!.Resumed);
        FillCache();
        Assert.True(ServerAccepts(new Script(), Server(), Client()).Session!.Resumed);
    }

    // The client's checks

    [Theory]
    [InlineData(0, 1)]
    [InlineData(255, 255)]
    public void An_identity_that_was_not_offered_is_refused(byte high, byte low) =>
        ClientRefuses(TlsError.IllegalValue, TlsAlert.IllegalParameter, ChangingServerHello(block => block.With(ExtensionType.PreSharedKey, high, low)), Client(), Server());

    [Fact]
    public void A_malformed_choice_of_identity_is_a_decode_error() =>
        ClientRefuses(TlsError.Malformed, TlsAlert.DecodeError, ChangingServerHello(block => block.With(ExtensionType.PreSharedKey, 0)), Client(), Server());

    [Fact]
    public void A_suite_with_another_hash_than_the_sessions_is_refused() =>
        ClientRefuses(TlsError.IllegalValue, TlsAlert.IllegalParameter, Script.Changing<ServerHello>(hello => hello.With(suite: CipherSuite.Aes256GcmSha384)), Client(), Server());

    [Fact]
    public void A_resumption_without_a_key_exchange_is_refused_since_it_was_not_offered() =>
        ClientRefuses(TlsError.MissingExtension, TlsAlert.MissingExtension, ChangingServerHello(block => block.Without(ExtensionType.KeyShare)), Client(), Server());

    [Fact]
    public void Early_data_that_was_not_offered_is_refused() => ClientRefuses(
        TlsError.UnsolicitedExtension, TlsAlert.UnsupportedExtension, Script.Changing<EncryptedExtensions>(message => new EncryptedExtensions { Extensions = message.Extensions.Plus(ExtensionType.EarlyData) }), Client(), Server());

    [Fact]
    public void A_certificate_in_a_resumed_handshake_is_refused() => ClientRefuses(
        TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage, Script.Encoding(HandshakeType.Finished, finished => [.. Wire.Message(HandshakeType.Certificate, 0, 0, 0, 0), .. finished]), Client(), Server());

    [Fact]
    public void A_request_for_a_certificate_in_a_resumed_handshake_is_refused() => ClientRefuses(
        TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage, Script.Encoding(HandshakeType.Finished, finished => [.. Wire.Message(HandshakeType.CertificateRequest, 0, 0, 8, 0, 13, 0, 4, 0, 2, 4, 3), .. finished]), Client(), Server());

    [Fact]
    public void A_server_that_keeps_silent_about_the_ticket_must_prove_itself()
    {
        var server = Server();
        server.TicketStore = new TicketKeyRing();
        Assert.False(ClientAccepts(new Script(), Client(), server).Session!.Resumed);
    }

    [Fact]
    public void A_server_that_drops_its_proof_without_resuming_is_refused()
    {
        var server = Server();
        server.TicketStore = new TicketKeyRing();
        ClientRefuses(TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage, Script.Omitting(HandshakeType.Certificate, HandshakeType.CertificateVerify), Client(), server);
    }

    [Fact]
    public void A_server_that_says_it_resumes_and_does_not_know_the_secret_gets_nowhere()
    {
        var server = Server();
        server.TicketStore = new TicketKeyRing();
        var outcome = Duel.OfClient(ChangingServerHello(block => block.Plus(ExtensionType.PreSharedKey, 0, 0)), Client(), server);
        Assert.Equal(TlsError.BadRecordMac, outcome.Failure!.Error);
    }

    // The server's checks

    [Fact]
    public void A_binder_that_does_not_match_is_refused() => ServerRefuses(TlsError.BadBinder, TlsAlert.DecryptError, ChangingPsk(psk => new OfferedPsks
    {
        Identities = psk.Identities,
        Binders = [new byte[32]],
    }), Server(), Client());

    [Fact]
    public void A_binder_of_another_length_is_refused() => ServerRefuses(TlsError.BadBinder, TlsAlert.DecryptError, ChangingPsk(psk => new OfferedPsks
    {
        Identities = psk.Identities,
        Binders = [(byte[])[.. psk.Binders[0].Span, 0]],
    }), Server(), Client());

    [Fact]
    public void A_hello_that_was_changed_after_it_was_bound_is_refused() => ServerRefuses(
        TlsError.BadBinder, TlsAlert.DecryptError, Script.Changing<ClientHello>(hello => hello.With(random: new byte[32])), Server(), Client());

    [Fact]
    public void A_ticket_that_was_changed_leads_to_a_full_handshake()
    {
        var outcome = Duel.OfServer(ChangingPsk(psk => new OfferedPsks
        {
            Identities = [psk.Identities[0] with { Identity = (byte[])[.. psk.Identities[0].Identity.Span[..^1], (byte)~psk.Identities[0].Identity.Span[^1]] }],
            Binders = psk.Binders,
        }), Server(), Client());
        Assert.False(outcome.Session!.Resumed);
    }

    [Fact]
    public void A_client_that_wants_no_key_exchange_gets_a_full_handshake()
    {
        var outcome = Duel.OfServer(Script.Changing<ClientHello>(hello => hello.With(extensions: block => block.With(ExtensionType.PskKeyExchangeModes, 1, 0))), Server(), Client());
        Assert.False(outcome.Session!.Resumed);
    }

    [Fact]
    public void A_ticket_behind_one_that_nobody_knows_is_looked_at()
    {
        // Its binder no longer fits the hello: that the server looked at it shows in the refusal.
        var outcome = Duel.OfServer(ChangingPsk(psk => new OfferedPsks
        {
            Identities = [new PskIdentity(new byte[] { 1 }, 0), psk.Identities[0]],
            Binders = [new byte[32], psk.Binders[0]],
        }), Server(), Client());
        Assert.Equal(TlsError.BadBinder, outcome.Failure!.Error);
    }

    private static Script ChangingServerHello(Func<ExtensionBlock, ExtensionBlock> change) => Script.Changing<ServerHello>(hello => hello.With(extensions: change));

    private static Script ChangingPsk(Func<OfferedPsks, OfferedPsks> change) => Script.Changing<ClientHello>(hello => hello.With(extensions: block =>
    {
        Assert.True(block.TryGet(ExtensionType.PreSharedKey, out var data));
        return block.With(ExtensionType.PreSharedKey, change(OfferedPsks.Parse(data)).Build());
    }));

    private TlsClientOptions Client()
    {
        var options = Fixture.ClientOptions();
        options.SessionCache = _cache;
        options.CipherSuites = [CipherSuite.Aes128GcmSha256, CipherSuite.Aes256GcmSha384];
        return options;
    }

    private TlsServerOptions Server()
    {
        var options = Fixture.ServerOptions();
        options.TicketStore = _ring;
        options.TicketCount = 1;
        return options;
    }

    private void FillCache()
    {
        var options = Client();
        using var client = TlsConnection.CreateClient(options);
        using var server = TlsConnection.CreateServer(Server());
        var buffer = new byte[16 * 1024];
        for (var i = 0; i < 3; i++)
        {
            server.Receive(buffer.AsSpan(0, client.TakeOutput(buffer)));
            client.Receive(buffer.AsSpan(0, server.TakeOutput(buffer)));
        }
        Assert.Equal(0, client.Read(buffer));
    }
}
