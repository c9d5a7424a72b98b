using LucidTls.Certificates;
using LucidTls.Cryptography;
using LucidTls.Handshake;
using LucidTls.Protocol;
using LucidTls.Tests.Connections;
using LucidTls.Tests.Handshake.Scripting;
using LucidTls.TestSupport;
using static LucidTls.Tests.Handshake.Scripting.Demand;

namespace LucidTls.Tests.Handshake;

/// <summary>What a client checks from EncryptedExtensions to Finished (RFC 8446 §4.3, §4.4).</summary>
public sealed class ServerFlightRuleTests
{
    private static readonly byte[] EmptyMessage = [];

    // EncryptedExtensions

    [Fact]
    public void EncryptedExtensions_must_follow_ServerHello() =>
        ClientRefuses(TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage, Script.Omitting(HandshakeType.EncryptedExtensions));

    [Fact]
    public void Without_handshake_keys_the_encrypted_part_is_refused() =>
        ClientRefuses(TlsError.UnexpectedRecordType, TlsAlert.UnexpectedMessage, new Script { KeepsOldKeysInPlaceOf = TlsProtection.Handshake });

    [Fact]
    public void An_extension_that_answers_nothing_is_refused() =>
        ClientRefuses(TlsError.UnsolicitedExtension, TlsAlert.UnsupportedExtension, ChangingExtensions(block => block.Plus(ExtensionType.ApplicationLayerProtocolNegotiation, 0, 3, 2, 0x68, 0x32)));

    [Fact]
    public void An_unknown_extension_is_refused() =>
        ClientRefuses(TlsError.UnsolicitedExtension, TlsAlert.UnsupportedExtension, ChangingExtensions(block => block.Plus(new ExtensionType(0x1234))));

    [Fact]
    public void Early_data_that_was_not_offered_is_refused() =>
        ClientRefuses(TlsError.UnsolicitedExtension, TlsAlert.UnsupportedExtension, ChangingExtensions(block => block.Plus(ExtensionType.EarlyData)));

    [Theory]
    [InlineData(51)]
    [InlineData(43)]
    [InlineData(13)]
    [InlineData(41)]
    [InlineData(44)]
    [InlineData(35)]
    public void An_extension_that_belongs_elsewhere_is_refused(ushort type) =>
        ClientRefuses(TlsError.MisplacedExtension, TlsAlert.IllegalParameter, ChangingExtensions(block => block.Plus(new ExtensionType(type))));

    [Fact]
    public void An_extension_twice_is_refused() =>
        ClientRefuses(TlsError.DuplicateExtension, TlsAlert.IllegalParameter, ChangingExtensions(block => block.Plus(ExtensionType.ServerName)));

    [Fact]
    public void A_server_name_with_content_is_a_decode_error() =>
        ClientRefuses(TlsError.Malformed, TlsAlert.DecodeError, ChangingExtensions(block => block.With(ExtensionType.ServerName, 0)));

    [Fact]
    public void A_protocol_that_was_not_offered_is_refused() =>
        ClientRefuses(TlsError.SelectedUnofferedProtocol, TlsAlert.IllegalParameter, ChangingProtocol(0, 3, 2, (byte)'h', (byte)'3'), OffersHttp2());

    [Fact]
    public void Two_protocols_are_refused() =>
        ClientRefuses(TlsError.IllegalValue, TlsAlert.IllegalParameter, ChangingProtocol(0, 6, 2, (byte)'h', (byte)'2', 2, (byte)'h', (byte)'2'), OffersHttp2());

    [Fact]
    public void An_empty_list_of_protocols_is_a_decode_error() =>
        ClientRefuses(TlsError.Malformed, TlsAlert.DecodeError, ChangingProtocol(0, 0), OffersHttp2());

    [Fact]
    public void A_protocol_without_a_name_is_a_decode_error() =>
        ClientRefuses(TlsError.Malformed, TlsAlert.DecodeError, ChangingProtocol(0, 2, 0, 0), OffersHttp2());

    [Fact]
    public void A_server_may_keep_silent_about_protocols() =>
        Assert.True(ClientAccepts(new Script(), OffersHttp2()).Session!.ApplicationProtocol.Protocol.IsEmpty);

    [Fact]
    public void The_servers_groups_are_taken_note_of() =>
        Assert.Equal(TlsVersion.Tls13, ClientAccepts(ChangingExtensions(block => block.Plus(ExtensionType.SupportedGroups, 0, 4, 0, 0x1D, 0x12, 0x34))).Session!.Version);

    [Fact]
    public void A_malformed_list_of_the_servers_groups_is_a_decode_error() =>
        ClientRefuses(TlsError.Malformed, TlsAlert.DecodeError, ChangingExtensions(block => block.Plus(ExtensionType.SupportedGroups, 0, 3, 0, 0x1D, 0x12)));

    // CertificateRequest

    [Fact]
    public void A_CertificateRequest_without_signature_algorithms_is_refused() =>
        ClientRefuses(TlsError.MissingExtension, TlsAlert.MissingExtension, Script.Changing<CertificateRequest>(request => new CertificateRequest { Extensions = request.Extensions.Without(ExtensionType.SignatureAlgorithms) }), server: AsksForCertificate());

    [Fact]
    public void A_CertificateRequest_with_a_context_is_refused() =>
        ClientRefuses(TlsError.IllegalValue, TlsAlert.IllegalParameter, Script.Changing<CertificateRequest>(request => new CertificateRequest { Context = new byte[] { 1 }, Extensions = request.Extensions }), server: AsksForCertificate());

    [Fact]
    public void A_CertificateRequest_twice_is_refused() =>
        ClientRefuses(TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage, Script.Encoding(HandshakeType.CertificateRequest, message => [.. message, .. message]), server: AsksForCertificate());

    [Fact]
    public void A_CertificateRequest_after_Certificate_is_refused() =>
        ClientRefuses(TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage, Script.Encoding(HandshakeType.CertificateVerify, message => [.. Wire.Message(HandshakeType.CertificateRequest, 0, 0, 8, 0, 13, 0, 4, 0, 2, 4, 3), .. message]));

    [Fact]
    public void An_unknown_extension_in_CertificateRequest_is_passed_over() =>
        Assert.Equal(TlsVersion.Tls13, ClientAccepts(Script.Changing<CertificateRequest>(request => new CertificateRequest { Extensions = request.Extensions.Plus(new ExtensionType(0x1234), 1).Plus(new ExtensionType(0x0A0A)) }), server: AsksForCertificate(ClientCertificateMode.Optional)).Session!.Version);

    [Fact]
    public void A_client_without_a_certificate_for_the_schemes_asked_for_sends_none()
    {
        var client = Fixture.ClientOptions();
        client.Identity = Fixture.ClientIdentity;
        var outcome = ClientAccepts(
            Script.Changing<CertificateRequest>(_ => new CertificateRequest { Extensions = Wire.Block((ExtensionType.SignatureAlgorithms, [0, 2, 8, 7])) }), client, AsksForCertificate(ClientCertificateMode.Optional));
        var certificate = CertificateMessage.Parse(outcome.Received.Single(message => message[0] == HandshakeType.Certificate.Value).AsMemory(4));
        Assert.Empty(certificate.Entries);
        Assert.Null(outcome.Session!.ClientSignatureScheme);
    }

    // Certificate

    [Fact]
    public void A_server_without_a_certificate_is_refused() =>
        ClientRefuses(TlsError.NoServerCertificate, TlsAlert.DecodeError, Script.Changing<CertificateMessage>(_ => new CertificateMessage { Entries = [] }));

    [Fact]
    public void A_Certificate_with_a_context_is_refused() =>
        ClientRefuses(TlsError.IllegalValue, TlsAlert.IllegalParameter, Script.Changing<CertificateMessage>(message => new CertificateMessage { Context = new byte[] { 1 }, Entries = message.Entries }));

    [Fact]
    public void An_empty_certificate_is_a_decode_error() =>
        ClientRefuses(TlsError.Malformed, TlsAlert.DecodeError, ChangingLeaf(entry => entry with { Certificate = EmptyMessage }));

    [Fact]
    public void A_certificate_that_is_no_DER_is_refused() =>
        ClientRefuses(TlsError.CertificateMalformed, TlsAlert.BadCertificate, ChangingLeaf(entry => entry with { Certificate = new byte[] { 1, 2, 3 } }));

    [Fact]
    public void A_certificate_that_is_no_DER_is_refused_even_by_a_client_that_accepts_any()
    {
        var client = Fixture.ClientOptions();
        client.DangerousAcceptAnyCertificate = true;
        ClientRefuses(TlsError.CertificateMalformed, TlsAlert.BadCertificate, ChangingLeaf(entry => entry with { Certificate = new byte[] { 1, 2, 3 } }), client);
    }

    [Fact]
    public void A_certificate_whose_signature_is_wrong_is_refused() =>
        ClientRefuses(TlsError.CertificateMalformed, TlsAlert.BadCertificate, ChangingLeaf(entry => entry with { Certificate = Flipped(entry.Certificate) }));

    [Fact]
    public void An_extension_of_a_certificate_that_belongs_elsewhere_is_refused() =>
        ClientRefuses(TlsError.MisplacedExtension, TlsAlert.IllegalParameter, ChangingLeaf(entry => entry with { Extensions = Wire.Block((ExtensionType.KeyShare, [])) }));

    [Fact]
    public void Without_the_intermediate_the_chain_leads_nowhere() =>
        ClientRefuses(TlsError.CertificateUnknownIssuer, TlsAlert.UnknownCA, Script.Changing<CertificateMessage>(message => new CertificateMessage { Entries = [message.Entries[0]] }));

    [Fact]
    public void A_chain_to_a_root_that_is_not_trusted_is_refused()
    {
        using var other = new TestPki();
        var client = Fixture.ClientOptions();
        client.CertificateVerifier = CertificateVerifier.FromRoots([other.Root]);
        ClientRefuses(TlsError.CertificateUnknownIssuer, TlsAlert.UnknownCA, new Script(), client);
    }

    [Fact]
    public void A_certificate_for_another_name_is_refused()
    {
        var client = Fixture.ClientOptions();
        client.TargetHost = "other.example";
        ClientRefuses(TlsError.CertificateWrongName, TlsAlert.CertificateUnknown, new Script(), client);
    }

    [Fact]
    public void A_certificate_that_has_expired_is_refused()
    {
        using var pki = new TestPki();
        var leaf = pki.Leaf(new CertificateSpec { Names = ["localhost"], NotBefore = DateTimeOffset.UtcNow.AddDays(-20), NotAfter = DateTimeOffset.UtcNow.AddDays(-10) });
        LeafIsRefused(pki, leaf, TlsError.CertificateExpired, TlsAlert.CertificateExpired);
    }

    [Fact]
    public void A_certificate_that_is_not_for_servers_is_refused()
    {
        using var pki = new TestPki();
        var leaf = pki.Leaf(new CertificateSpec { Names = ["localhost"], ExtendedKeyUsages = [CertificateSpec.ClientAuthentication] });
        LeafIsRefused(pki, leaf, TlsError.CertificateUnsuitable, TlsAlert.UnsupportedCertificate);
    }

    [Fact]
    public void Another_message_in_place_of_Certificate_is_refused() =>
        ClientRefuses(TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage, Script.Omitting(HandshakeType.Certificate));

    [Fact]
    public void A_server_that_proves_nothing_is_refused() =>
        ClientRefuses(TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage, Script.Omitting(HandshakeType.Certificate, HandshakeType.CertificateVerify));

    // CertificateVerify

    [Fact]
    public void A_certificate_without_CertificateVerify_is_refused() =>
        ClientRefuses(TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage, Script.Omitting(HandshakeType.CertificateVerify));

    [Fact]
    public void A_signature_that_does_not_verify_is_refused() =>
        ClientRefuses(TlsError.BadHandshakeSignature, TlsAlert.DecryptError, ChangingProof(proof => new CertificateVerify { Scheme = proof.Scheme, Signature = Flipped(proof.Signature) }));

    [Fact]
    public void An_empty_signature_is_refused() =>
        ClientRefuses(TlsError.BadHandshakeSignature, TlsAlert.DecryptError, ChangingProof(proof => new CertificateVerify { Scheme = proof.Scheme, Signature = EmptyMessage }));

    [Fact]
    public void A_signature_of_a_client_is_none_of_a_server() => SignatureOverOtherContentIsRefused(content =>
        CertificateProof.SignedContent(byServer: false, content.AsSpan(^32..)));

    [Fact]
    public void A_signature_over_another_handshake_is_refused() => SignatureOverOtherContentIsRefused(_ =>
        CertificateProof.SignedContent(byServer: true, new byte[32]));

    [Theory]
    [InlineData(0x0807)] // Ed25519
    [InlineData(0x0503)] // P-384
    [InlineData(0x0804)] // RSA-PSS
    [InlineData(0x0401)] // PKCS#1, in the offer for certificates' sake
    [InlineData(0x0203)] // SHA-1
    [InlineData(0xFEFE)]
    public void A_scheme_that_does_not_fit_the_key_is_refused(ushort scheme) =>
        ClientRefuses(TlsError.WrongSignatureScheme, TlsAlert.IllegalParameter, ChangingProof(proof => new CertificateVerify { Scheme = new SignatureScheme(scheme), Signature = proof.Signature }));

    [Fact]
    public void A_scheme_that_was_not_offered_is_refused()
    {
        var client = Fixture.ClientOptions();
        client.SignatureSchemes = [SignatureScheme.EcdsaSecp256r1Sha256, SignatureScheme.EcdsaSecp384r1Sha384];
        ClientRefuses(TlsError.WrongSignatureScheme, TlsAlert.IllegalParameter, ChangingProof(proof => new CertificateVerify { Scheme = SignatureScheme.Ed25519, Signature = proof.Signature }), client);
    }

    [Fact]
    public void An_RSA_server_that_signs_with_PKCS1_is_refused()
    {
        using var pki = new TestPki();
        var client = Fixture.ClientOptions();
        client.CertificateVerifier = CertificateVerifier.FromRoots([pki.Root]);
        var server = Fixture.ServerOptions();
        server.Identities = [pki.Server(KeyKind.Rsa2048).Identity()];
        ClientRefuses(TlsError.WrongSignatureScheme, TlsAlert.IllegalParameter, ChangingProof(proof => new CertificateVerify { Scheme = SignatureScheme.RsaPkcs1Sha256, Signature = proof.Signature }), client, server);
    }

    // Finished

    [Fact]
    public void A_Finished_that_does_not_match_is_refused() =>
        ClientRefuses(TlsError.BadFinished, TlsAlert.DecryptError, ChangingFinished(data => Flipped(data)));

    [Fact]
    public void A_Finished_that_is_too_short_is_a_decode_error() =>
        ClientRefuses(TlsError.Malformed, TlsAlert.DecodeError, ChangingFinished(data => data[..31]));

    [Fact]
    public void A_Finished_that_is_too_long_is_a_decode_error() =>
        ClientRefuses(TlsError.Malformed, TlsAlert.DecodeError, ChangingFinished(data => [.. data, 0]));

    [Fact]
    public void Another_message_in_place_of_Finished_is_refused() =>
        ClientRefuses(TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage, Script.Sending(HandshakeType.Finished, Wire.Message(HandshakeType.KeyUpdate, 0)));

    [Fact]
    public void Messages_in_another_order_are_refused()
    {
        byte[] held = [];
        ClientRefuses(TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage, new Script
        {
            Encode = (type, message) =>
            {
                if (type == HandshakeType.EncryptedExtensions)
                {
                    held = message;
                    return [];
                }
                return type == HandshakeType.Certificate ? [.. message, .. held] : message;
            },
        });
    }

    [Fact]
    public void A_change_made_on_the_way_to_an_earlier_message_shows_in_the_end()
    {
        // The server's transcript holds the hello that it sent, the client's the one that came: other keys.
        var outcome = Duel.OfClient(Script.Framing(HandshakeType.ServerHello, (channel, message) =>
        {
            message[10] ^= 1;
            channel.Write(ContentType.Handshake, message);
            message[10] ^= 1;
        }));
        Assert.Equal(TlsError.BadRecordMac, outcome.Failure!.Error);
    }

    private static TlsClientOptions OffersHttp2()
    {
        var options = Fixture.ClientOptions();
        options.ApplicationProtocols = [System.Net.Security.SslApplicationProtocol.Http2];
        return options;
    }

    private static TlsServerOptions AsksForCertificate(ClientCertificateMode mode = ClientCertificateMode.Required)
    {
        var options = Fixture.ServerOptions();
        options.ClientCertificateMode = mode;
        options.ClientCertificateVerifier = Fixture.Verifier;
        return options;
    }

    private static Script ChangingExtensions(Func<ExtensionBlock, ExtensionBlock> change) =>
        Script.Changing<EncryptedExtensions>(message => new EncryptedExtensions { Extensions = change(message.Extensions) });

    private static Script ChangingProtocol(params byte[] data) => ChangingExtensions(block => block.With(ExtensionType.ApplicationLayerProtocolNegotiation, data));

    private static Script ChangingLeaf(Func<CertificateEntry, CertificateEntry> change) =>
        Script.Changing<CertificateMessage>(message => new CertificateMessage { Entries = [change(message.Entries[0]), .. message.Entries.Skip(1)] });

    private static Script ChangingProof(Func<CertificateVerify, CertificateVerify> change) => Script.Changing<CertificateVerify>(change);

    private static Script ChangingFinished(Func<byte[], byte[]> change) => Script.Changing<Finished>(message => new Finished { VerifyData = change(message.VerifyData.ToArray()) });

    private static void LeafIsRefused(TestPki pki, TestCertificate leaf, TlsError error, TlsAlert alert)
    {
        var client = Fixture.ClientOptions();
        client.CertificateVerifier = CertificateVerifier.FromRoots([pki.Root]);
        var server = Fixture.ServerOptions();
        server.Identities = [leaf.Identity()];
        var failure = ClientRefuses(error, alert, new Script(), client, server);
        Assert.NotNull(failure.Verdict);
        Assert.Equal(leaf.Chain[0], failure.PeerCertificates[0].ToArray());
    }

    private static void SignatureOverOtherContentIsRefused(Func<byte[], byte[]> content)
    {
        using var pki = new TestPki();
        var certificate = pki.Server();
        using var key = SigningKey.FromPkcs8(certificate.Key.Pkcs8);
        var server = Fixture.ServerOptions();
        server.Identities = [TlsIdentity.FromCallback([.. certificate.Chain.Select(der => (ReadOnlyMemory<byte>)der)], (scheme, data, _) => ValueTask.FromResult(key.Sign(scheme, content(data.ToArray()))))];
        var client = Fixture.ClientOptions();
        client.CertificateVerifier = CertificateVerifier.FromRoots([pki.Root]);
        ClientRefuses(TlsError.BadHandshakeSignature, TlsAlert.DecryptError, new Script(), client, server);
    }

    private static byte[] Flipped(ReadOnlyMemory<byte> bytes)
    {
        var copy = bytes.ToArray();
        copy[^1] ^= 1;
        return copy;
    }
}
