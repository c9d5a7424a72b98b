using LucidTls.Protocol;
using LucidTls.Tests.Connections;
using LucidTls.Tests.Handshake.Scripting;
using LucidTls.TestSupport;
using static LucidTls.Tests.Handshake.Scripting.Demand;

namespace LucidTls.Tests.Handshake.Tls12;

/// <summary>What each end demands of the other in TLS 1.2, with the alert that says so.</summary>
public sealed class RuleTests
{
    // What a client demands.

    [Fact]
    public void A_server_that_speaks_TLS_1_3_and_picks_less_gives_the_sentinel_and_is_refused_by_a_client_that_offered_it() =>
        ClientRefuses(TlsError.Downgrade, TlsAlert.IllegalParameter, Changing(hello => hello.With(random: [.. hello.Random.Span[..24], .. "DOWNGRD"u8, 1])), Fixture.ClientOptions(), OldServer());

    [Fact]
    public void A_suite_of_TLS_1_3_is_refused() =>
        ClientRefuses(TlsError.SelectedUnofferedSuite, TlsAlert.IllegalParameter, Changing(hello => hello.With(suite: CipherSuite.Aes128GcmSha256)), server: OldServer());

    [Theory]
    [InlineData(0xC013)]
    [InlineData(0x009C)]
    [InlineData(0x009E)]
    public void A_suite_that_was_not_offered_is_refused(ushort suite) =>
        ClientRefuses(TlsError.SelectedUnofferedSuite, TlsAlert.IllegalParameter, Changing(hello => hello.With(suite: new CipherSuite(suite))), server: OldServer());

    [Fact]
    public void A_session_that_was_not_offered_is_not_resumed() => ClientRefuses(TlsError.IllegalValue, TlsAlert.IllegalParameter, Echoing((client, server) => server.With(sessionId: client.SessionId.ToArray())), server: OldServer());

    [Fact]
    public void Without_extended_master_secret_a_server_is_refused() =>
        ClientRefuses(TlsError.MissingExtendedMasterSecret, TlsAlert.HandshakeFailure, Changing(hello => hello.With(extensions: block => block.Without(ExtensionType.ExtendedMasterSecret))), server: OldServer());

    [Fact]
    public void A_renegotiation_info_that_is_not_empty_is_refused() =>
        ClientRefuses(TlsError.WrongRenegotiationInfo, TlsAlert.HandshakeFailure, Changing(hello => hello.With(extensions: block => block.With(ExtensionType.RenegotiationInfo, 1, 7))), server: OldServer());

    [Theory]
    [InlineData(51)]
    [InlineData(13)]
    public void An_extension_of_TLS_1_3_is_refused(ushort type) =>
        ClientRefuses(TlsError.MisplacedExtension, TlsAlert.IllegalParameter, Changing(hello => hello.With(extensions: block => block.Plus(new ExtensionType(type)))), server: OldServer());

    [Fact]
    public void An_extension_that_answers_nothing_is_refused() =>
        ClientRefuses(TlsError.UnsolicitedExtension, TlsAlert.UnsupportedExtension, Changing(hello => hello.With(extensions: block => block.Plus(new ExtensionType(0x1234)))), server: OldServer());

    [Fact]
    public void A_compression_method_is_refused() =>
        ClientRefuses(TlsError.Compression, TlsAlert.IllegalParameter, Changing(hello => hello.With(compression: 1)), server: OldServer());

    [Theory]
    [InlineData(0x11EC)]
    [InlineData(0x0100)]
    public void A_curve_that_was_not_offered_for_TLS_1_2_is_refused(ushort group) =>
        ClientRefuses(TlsError.SelectedUnofferedGroup, TlsAlert.IllegalParameter, ChangingExchange(exchange => Copy(exchange, group: new NamedGroup(group))), server: OldServer());

    [Fact]
    public void An_explicit_curve_is_refused() =>
        ClientRefuses(TlsError.IllegalValue, TlsAlert.IllegalParameter, Script.Encoding(HandshakeType.ServerKeyExchange, message => [.. message[..4], 1, .. message[5..]]), server: OldServer());

    [Fact]
    public void A_changed_key_does_not_fit_the_signature() =>
        ClientRefuses(TlsError.BadHandshakeSignature, TlsAlert.DecryptError, ChangingExchange(exchange => Copy(exchange, key: Flipped(exchange.PublicKey))), server: OldServer());

    [Fact]
    public void A_changed_signature_is_refused() =>
        ClientRefuses(TlsError.BadHandshakeSignature, TlsAlert.DecryptError, ChangingExchange(exchange => Copy(exchange, signature: Flipped(exchange.Signature))), server: OldServer());

    [Theory]
    [InlineData(0x0203)]
    [InlineData(0x0804)]
    [InlineData(0x0807)]
    public void A_scheme_that_was_not_offered_or_is_not_for_the_key_is_refused(ushort scheme) =>
        ClientRefuses(TlsError.WrongSignatureScheme, TlsAlert.IllegalParameter, ChangingExchange(exchange => Copy(exchange, scheme: new SignatureScheme(scheme))), server: OldServer());

    [Fact]
    public void A_server_without_a_certificate_is_refused() =>
        ClientRefuses(TlsError.NoServerCertificate, TlsAlert.DecodeError, Script.Changing<Tls12Certificate>(_ => new Tls12Certificate { Certificates = [] }), server: OldServer());

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(14)]
    public void A_message_left_out_is_missed(byte type)
    {
        var outcome = Duel.OfClient(Script.Omitting(new HandshakeType(type)), server: OldServer(), scriptedChecksItsPeer: false);
        Assert.Contains(outcome.Failure!.Error, (TlsError[])[TlsError.UnexpectedMessage, TlsError.ClosedDuringHandshake]);
    }

    [Fact]
    public void Finished_without_change_cipher_spec_is_refused() =>
        ClientRefuses(TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage, new Script { ChangeCipherSpec = _ => { }, KeepsOldKeysInPlaceOf = TlsProtection.Application }, server: OldServer());

    [Fact]
    public void A_change_cipher_spec_before_its_time_is_refused() =>
        ClientRefuses(TlsError.UnexpectedChangeCipherSpec, TlsAlert.UnexpectedMessage, Script.Framing(HandshakeType.ServerKeyExchange, (channel, message) =>
        {
            channel.WritePlain(ContentType.ChangeCipherSpec, [1]);
            channel.Write(ContentType.Handshake, message);
        }), server: OldServer());

    [Fact]
    public void A_wrong_Finished_is_refused() =>
        ClientRefuses(TlsError.BadFinished, TlsAlert.DecryptError, Script.Changing<Finished>(finished => new Finished { VerifyData = Flipped(finished.VerifyData) }), server: OldServer());

    [Fact]
    public void A_HelloRequest_after_the_handshake_is_refused_with_no_renegotiation() =>
        ClientRefuses(TlsError.Renegotiation, TlsAlert.NoRenegotiation, Script.After(channel => channel.Write(ContentType.Handshake, Wire.Message(HandshakeType.HelloRequest))), server: OldServer());

    [Fact]
    public void More_of_the_handshake_than_the_servers_flight_is_refused() =>
        ClientRefuses(TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage, Script.Framing(HandshakeType.ServerHelloDone, (channel, message) => channel.Write(ContentType.Handshake, [.. message, 4, 0])), server: OldServer());

    [Fact]
    public void A_certificate_on_a_curve_that_the_client_does_not_name_is_not_shown()
    {
        var server = Fixture.ServerOptions();
        server.Identities = [.. server.Identities, Fixture.RsaServer];
        var client = OldClient();
        client.Groups = [NamedGroup.X25519];
        Assert.Equal(SignatureScheme.RsaPssRsaeSha256, ServerAccepts(new Script(), server, client).Session!.ServerSignatureScheme);
        var failure = ServerRefuses(TlsError.NoCommonSignatureScheme, TlsAlert.HandshakeFailure, new Script(), client: client.Clone());
        Assert.Contains("x25519; this server's key is on secp256r1", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_on_a_curve_that_was_not_offered_is_refused()
    {
        var client = OldClient();
        client.Groups = [NamedGroup.X25519];
        var onP256 = Fixture.ServerOptions().Identities[0].Chain;
        var server = OldServer();
        server.Identities = [Fixture.Ed25519Server];
        var failure = ClientRefuses(TlsError.UnsupportedCertificateKey, TlsAlert.UnsupportedCertificate, Script.Changing<Tls12Certificate>(_ => new Tls12Certificate { Certificates = onP256 }), client, server);
        Assert.Contains("on secp256r1, which was not offered", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void In_TLS_1_3_the_groups_say_nothing_of_certificates()
    {
        var client = Fixture.ClientOptions();
        client.Groups = [NamedGroup.X25519];
        Assert.Equal(SignatureScheme.EcdsaSecp256r1Sha256, ClientAccepts(new Script(), client).Session!.ServerSignatureScheme);
    }

    [Fact]
    public void The_certificate_types_say_which_of_the_schemes_count()
    {
        var server = OldServer();
        server.ClientCertificateMode = ClientCertificateMode.Optional;
        server.ClientCertificateVerifier = Fixture.Verifier;
        IReadOnlyList<SignatureScheme> seen = [];
        var client = Fixture.ClientOptions();
        client.IdentitySelector = (request, _) =>
        {
            seen = request.SignatureSchemes;
            return ValueTask.FromResult<TlsIdentity?>(null);
        };
        ClientAccepts(
            Script.Changing<Tls12CertificateRequest>(request => new Tls12CertificateRequest { CertificateTypes = new[] { Tls12CertificateRequest.RsaSign }, SignatureSchemes = request.SignatureSchemes, CertificateAuthorities = request.CertificateAuthorities }),
            client,
            server);
        Assert.Contains(SignatureScheme.RsaPssRsaeSha256, seen);
        Assert.DoesNotContain(SignatureScheme.EcdsaSecp256r1Sha256, seen);
        Assert.DoesNotContain(SignatureScheme.Ed25519, seen);
    }

    [Fact]
    public void A_warning_is_passed_over() =>
        ClientAccepts(Script.Framing(HandshakeType.ServerHello, (channel, message) =>
        {
            channel.WritePlain(ContentType.Alert, [1, (byte)TlsAlert.UnrecognizedName]);
            channel.Write(ContentType.Handshake, message);
        }), server: OldServer());

    // What a server demands.

    [Fact]
    public void A_client_that_fell_back_is_refused_by_a_server_that_speaks_more()
    {
        var client = OldClient();
        client.IsFallback = true;
        ServerRefuses(TlsError.InappropriateFallback, TlsAlert.InappropriateFallback, new Script(), client: client);
        ServerAccepts(new Script(), OldServer(), client);
    }

    [Fact]
    public void Without_extended_master_secret_a_client_is_refused() =>
        ServerRefuses(TlsError.MissingExtendedMasterSecret, TlsAlert.HandshakeFailure, ChangingHello(hello => hello.With(extensions: block => block.Without(ExtensionType.ExtendedMasterSecret))), client: OldClient());

    [Fact]
    public void A_clients_renegotiation_info_that_is_not_empty_is_refused() =>
        ServerRefuses(TlsError.WrongRenegotiationInfo, TlsAlert.HandshakeFailure, ChangingHello(hello => hello.With(extensions: block => block.With(ExtensionType.RenegotiationInfo, 1, 7))), client: OldClient());

    [Fact]
    public void The_signalling_suite_stands_for_renegotiation_info()
    {
        var outcome = ServerAccepts(ChangingHello(hello => hello.With(suites: [.. hello.CipherSuites, CipherSuite.EmptyRenegotiationInfoScsv])), client: OldClient());
        Assert.True(ServerHello.Parse(outcome.Received[0].AsMemory(4)).Extensions.Contains(ExtensionType.RenegotiationInfo));
    }

    [Fact]
    public void A_client_that_offers_only_old_suites_is_told_which()
    {
        var failure = ServerRefuses(TlsError.NoCommonSuite, TlsAlert.HandshakeFailure, ChangingHello(hello => hello.With(suites: [new CipherSuite(0xC013), new CipherSuite(0x002F)])), client: OldClient());
        Assert.Contains("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, TLS_RSA_WITH_AES_128_CBC_SHA, all of them with CBC", failure.Message);
    }

    [Fact]
    public void A_client_that_speaks_at_most_TLS_1_1_is_refused_with_the_version_it_offered()
    {
        var failure = ServerRefuses(TlsError.UnsupportedVersion, TlsAlert.ProtocolVersion, ChangingHello(hello => hello.With(version: 0x0302)), client: OldClient());
        Assert.Contains("TLS 1.1", failure.Message);
    }

    [Fact]
    public void A_client_that_names_no_signature_algorithms_knows_only_SHA_1_and_is_refused() =>
        ServerRefuses(TlsError.NoCommonSignatureScheme, TlsAlert.HandshakeFailure, ChangingHello(hello => hello.With(extensions: block => block.Without(ExtensionType.SignatureAlgorithms))), client: OldClient());

    [Fact]
    public void A_client_without_uncompressed_points_is_refused() =>
        ServerRefuses(TlsError.IllegalValue, TlsAlert.IllegalParameter, ChangingHello(hello => hello.With(extensions: block => block.With(ExtensionType.EcPointFormats, 1, 1))), client: OldClient());

    [Fact]
    public void A_client_key_of_low_order_is_refused() =>
        ServerRefuses(TlsError.InvalidKeyShare, TlsAlert.IllegalParameter, Script.Changing<ClientKeyExchange>(_ => new ClientKeyExchange { PublicKey = new byte[32] }), client: OldClient());

    [Fact]
    public void A_ClientHello_after_the_handshake_is_refused_with_no_renegotiation() =>
        ServerRefuses(TlsError.Renegotiation, TlsAlert.NoRenegotiation, Script.After(channel => channel.Write(ContentType.Handshake, channel.Received.Count > 0 ? Wire.Message(HandshakeType.ClientHello, 3, 3) : [])), client: OldClient());

    [Fact]
    public void The_server_tells_a_client_of_TLS_1_2_that_it_speaks_more()
    {
        var outcome = ServerAccepts(new Script(), client: OldClient());
        Assert.Equal([.. "DOWNGRD"u8, 1], ServerHello.Parse(outcome.Received[0].AsMemory(4)).Random.Span[24..].ToArray());
        outcome = ServerAccepts(new Script(), OldServer(), OldClient());
        Assert.NotEqual("DOWNGRD"u8.ToArray(), ServerHello.Parse(outcome.Received[0].AsMemory(4)).Random.Span[24..31].ToArray());
    }

    // Client certificates.

    [Theory]
    [InlineData(KeyKind.EcdsaP256)]
    [InlineData(KeyKind.Rsa2048)]
    [InlineData(KeyKind.Ed25519)]
    public void A_client_proves_itself_with_each_kind_of_key(KeyKind kind)
    {
        using var pki = new TestPki();
        var server = Asking();
        server.ClientCertificateVerifier = LucidTls.Certificates.CertificateVerifier.FromRoots([pki.Root]);
        var client = OldClient();
        client.Identity = pki.Client(kind).Identity();
        var session = ServerAccepts(new Script(), server, client).Session!;
        Assert.Equal(2, session.PeerCertificates.Count);
        Assert.NotNull(session.ClientSignatureScheme);
        Assert.True(session.PeerVerdict!.IsAccepted);
    }

    [Fact]
    public void A_client_without_the_certificate_required_is_refused_with_handshake_failure() =>
        ServerRefuses(TlsError.NoClientCertificate, TlsAlert.HandshakeFailure, new Script(), Asking(), OldClient());

    [Fact]
    public void A_client_without_a_certificate_is_let_in_where_it_is_optional() =>
        Assert.Empty(ServerAccepts(new Script(), Asking(ClientCertificateMode.Optional), OldClient()).Session!.PeerCertificates);

    [Fact]
    public void A_client_certificate_without_its_proof_is_refused() =>
        ServerRefuses(TlsError.UnexpectedChangeCipherSpec, TlsAlert.UnexpectedMessage, Script.Omitting(HandshakeType.CertificateVerify), Asking(), Proving());

    [Fact]
    public void A_proof_of_another_handshake_is_refused() =>
        ServerRefuses(TlsError.BadHandshakeSignature, TlsAlert.DecryptError, Script.Changing<CertificateVerify>(verify => new CertificateVerify { Scheme = verify.Scheme, Signature = Flipped(verify.Signature) }), Asking(), Proving());

    [Fact]
    public void The_servers_wish_reaches_the_clients_selector()
    {
        var server = Asking(ClientCertificateMode.Optional);
        server.CertificateAuthorities = [new byte[] { 0x30, 0 }];
        TlsCertificateRequest? seen = null;
        var client = OldClient();
        client.IdentitySelector = (request, _) =>
        {
            seen = request;
            return ValueTask.FromResult<TlsIdentity?>(null);
        };
        ClientAccepts(new Script(), client, server);
        Assert.Equal([0x30, 0], seen!.CertificateAuthorities.Single().ToArray());
        Assert.Equal(Defaults.SignatureSchemes, seen.SignatureSchemes);
    }

    private static TlsServerOptions OldServer()
    {
        var options = Fixture.ServerOptions();
        options.MaximumVersion = TlsVersion.Tls12;
        return options;
    }

    private static TlsClientOptions OldClient()
    {
        var options = Fixture.ClientOptions();
        options.MaximumVersion = TlsVersion.Tls12;
        return options;
    }

    private static TlsClientOptions Proving()
    {
        var options = OldClient();
        options.Identity = Fixture.ClientIdentity;
        return options;
    }

    private static TlsServerOptions Asking(ClientCertificateMode mode = ClientCertificateMode.Required)
    {
        var options = OldServer();
        options.ClientCertificateMode = mode;
        options.ClientCertificateVerifier = Fixture.Verifier;
        return options;
    }

    private static Script Changing(Func<ServerHello, ServerHello> change) => Script.Changing<ServerHello>(change);

    private static Script ChangingHello(Func<ClientHello, ClientHello> change) => Script.Changing<ClientHello>(change);

    private static Script ChangingExchange(Func<ServerKeyExchange, ServerKeyExchange> change) => Script.Changing<ServerKeyExchange>(change);

    private static Script Echoing(Func<ClientHello, ServerHello, ServerHello> change)
    {
        ScriptedChannel? scripted = null;
        return new Script
        {
            AtFirst = channel => scripted = channel,
            Change = message => message is ServerHello hello ? change(ClientHello.Parse(scripted!.Received[0].AsMemory(4)), hello) : message,
        };
    }

    private static ServerKeyExchange Copy(ServerKeyExchange exchange, NamedGroup? group = null, byte[]? key = null, SignatureScheme? scheme = null, byte[]? signature = null) => new()
    {
        Group = group ?? exchange.Group,
        PublicKey = key ?? exchange.PublicKey,
        Scheme = scheme ?? exchange.Scheme,
        Signature = signature ?? exchange.Signature,
    };

    private static byte[] Flipped(ReadOnlyMemory<byte> bytes)
    {
        var copy = bytes.ToArray();
        copy[^1] ^= 1;
        return copy;
    }
}
