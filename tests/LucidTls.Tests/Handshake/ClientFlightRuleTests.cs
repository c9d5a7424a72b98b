using LucidTls.Certificates;
using LucidTls.Cryptography;
using LucidTls.Handshake;
using LucidTls.Protocol;
using LucidTls.Tests.Connections;
using LucidTls.Tests.Handshake.Scripting;
using LucidTls.TestSupport;
using static LucidTls.Tests.Handshake.Scripting.Demand;

namespace LucidTls.Tests.Handshake;

/// <summary>What a server checks in the client's second flight (RFC 8446 §4.4).</summary>
public sealed class ClientFlightRuleTests
{
    [Fact]
    public void A_client_that_proves_itself_is_accepted()
    {
        var session = ServerAccepts(new Script(), Asking(ClientCertificateMode.Required), Known()).Session!;
        Assert.Equal(SignatureScheme.EcdsaSecp256r1Sha256, session.ClientSignatureScheme);
        Assert.Equal(Fixture.ClientIdentity.Chain[0].ToArray(), session.PeerCertificates[0].ToArray());
        Assert.True(session.PeerVerdict!.IsAccepted);
    }

    [Fact]
    public void A_client_without_a_certificate_is_let_in_where_it_is_optional()
    {
        var session = ServerAccepts(new Script(), Asking(ClientCertificateMode.Optional)).Session!;
        Assert.Empty(session.PeerCertificates);
        Assert.Null(session.PeerVerdict);
    }

    [Fact]
    public void A_client_without_a_certificate_is_refused_where_it_is_required() =>
        ServerRefuses(TlsError.NoClientCertificate, TlsAlert.CertificateRequired, new Script(), Asking(ClientCertificateMode.Required));

    [Fact]
    public void A_certificate_that_nobody_asked_for_is_refused() =>
        ServerRefuses(TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage, Script.Encoding(HandshakeType.Finished, finished => [.. Wire.Message(HandshakeType.Certificate, 0, 0, 0, 0), .. finished]));

    [Fact]
    public void A_Certificate_with_a_context_is_refused() => ServerRefuses(
        TlsError.IllegalValue, TlsAlert.IllegalParameter, Script.Changing<CertificateMessage>(message => new CertificateMessage { Context = new byte[] { 1 }, Entries = message.Entries }), Asking(ClientCertificateMode.Required), Known());

    [Fact]
    public void An_extension_that_was_not_asked_for_is_refused() => ServerRefuses(
        TlsError.UnsolicitedExtension, TlsAlert.UnsupportedExtension, ChangingLeaf(entry => entry with { Extensions = Wire.Block((ExtensionType.StatusRequest, [1, 0, 0, 1, 0])) }), Asking(ClientCertificateMode.Required), Known());

    [Fact]
    public void A_certificate_that_is_no_DER_is_refused() => ServerRefuses(
        TlsError.CertificateMalformed, TlsAlert.BadCertificate, ChangingLeaf(entry => entry with { Certificate = new byte[] { 1, 2, 3 } }), Asking(ClientCertificateMode.Required), Known());

    [Theory]
    [InlineData(ClientCertificateMode.Optional)]
    [InlineData(ClientCertificateMode.Required)]
    public void A_certificate_of_an_unknown_authority_is_refused(ClientCertificateMode mode)
    {
        using var stranger = new TestPki();
        var client = Fixture.ClientOptions();
        client.Identity = stranger.Client().Identity();
        ServerRefuses(TlsError.CertificateUnknownIssuer, TlsAlert.UnknownCA, new Script(), Asking(mode), client);
    }

    [Fact]
    public void A_certificate_that_is_not_for_clients_is_refused()
    {
        using var pki = new TestPki();
        var client = Fixture.ClientOptions();
        client.Identity = pki.Leaf(new CertificateSpec { Names = ["client.example"], ExtendedKeyUsages = [CertificateSpec.ServerAuthentication] }).Identity();
        var server = Asking(ClientCertificateMode.Required);
        server.ClientCertificateVerifier = CertificateVerifier.FromRoots([pki.Root]);
        ServerRefuses(TlsError.CertificateUnsuitable, TlsAlert.UnsupportedCertificate, new Script(), server, client);
    }

    [Fact]
    public void A_certificate_without_CertificateVerify_is_refused() =>
        ServerRefuses(TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage, Script.Omitting(HandshakeType.CertificateVerify), Asking(ClientCertificateMode.Required), Known());

    [Fact]
    public void A_CertificateVerify_without_a_certificate_is_refused() => ServerRefuses(
        TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage, Script.Changing<CertificateMessage>(_ => new CertificateMessage { Entries = [] }), Asking(ClientCertificateMode.Optional), Known());

    [Fact]
    public void A_signature_that_does_not_verify_is_refused() => ServerRefuses(
        TlsError.BadHandshakeSignature, TlsAlert.DecryptError, Script.Changing<CertificateVerify>(proof => new CertificateVerify { Scheme = proof.Scheme, Signature = Flipped(proof.Signature.ToArray()) }), Asking(ClientCertificateMode.Required), Known());

    [Fact]
    public void A_signature_of_a_server_is_none_of_a_client() => SignatureOverOtherContentIsRefused(content =>
        CertificateProof.SignedContent(byServer: true, content.AsSpan(^32..)));

    [Fact]
    public void A_signature_over_another_handshake_is_refused() => SignatureOverOtherContentIsRefused(_ =>
        CertificateProof.SignedContent(byServer: false, new byte[32]));

    [Theory]
    [InlineData(0x0807)]
    [InlineData(0x0401)]
    [InlineData(0x0203)]
    public void A_scheme_that_does_not_fit_the_key_is_refused(ushort scheme) => ServerRefuses(
        TlsError.WrongSignatureScheme, TlsAlert.IllegalParameter, Script.Changing<CertificateVerify>(proof => new CertificateVerify { Scheme = new SignatureScheme(scheme), Signature = proof.Signature }), Asking(ClientCertificateMode.Required), Known());

    [Fact]
    public void A_Finished_that_does_not_match_is_refused() =>
        ServerRefuses(TlsError.BadFinished, TlsAlert.DecryptError, ChangingFinished(data => Flipped(data)));

    [Fact]
    public void A_Finished_of_another_length_is_a_decode_error() =>
        ServerRefuses(TlsError.Malformed, TlsAlert.DecodeError, ChangingFinished(data => [.. data, 0]));

    [Fact]
    public void EndOfEarlyData_without_early_data_is_refused() =>
        ServerRefuses(TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage, Script.Encoding(HandshakeType.Finished, finished => [.. Wire.Message(HandshakeType.EndOfEarlyData), .. finished]));

    [Fact]
    public void A_KeyUpdate_in_front_of_Finished_is_refused() =>
        ServerRefuses(TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage, Script.Encoding(HandshakeType.Finished, finished => [.. Wire.Message(HandshakeType.KeyUpdate, 0), .. finished]));

    [Fact]
    public void Application_data_in_front_of_Finished_is_refused() =>
        ServerRefuses(TlsError.EarlyApplicationData, TlsAlert.UnexpectedMessage, Script.Framing(HandshakeType.Finished, (channel, _) => channel.Write(ContentType.ApplicationData, "hello"u8)));

    [Fact]
    public void A_Finished_without_protection_is_refused() =>
        ServerRefuses(TlsError.UnexpectedRecordType, TlsAlert.UnexpectedMessage, Script.Framing(HandshakeType.Finished, (channel, finished) => channel.WritePlain(ContentType.Handshake, finished)));

    [Fact]
    public void Application_data_under_the_handshakes_keys_does_not_decrypt() => ServerRefuses(TlsError.BadRecordMac, TlsAlert.BadRecordMac, new Script
    {
        KeepsOldKeysInPlaceOf = TlsProtection.Application,
        Afterwards = channel => channel.Write(ContentType.ApplicationData, "hello"u8),
    });

    private static TlsServerOptions Asking(ClientCertificateMode mode)
    {
        var options = Fixture.ServerOptions();
        options.ClientCertificateMode = mode;
        options.ClientCertificateVerifier = Fixture.Verifier;
        return options;
    }

    private static TlsClientOptions Known()
    {
        var options = Fixture.ClientOptions();
        options.Identity = Fixture.ClientIdentity;
        return options;
    }

    private static Script ChangingLeaf(Func<CertificateEntry, CertificateEntry> change) =>
        Script.Changing<CertificateMessage>(message => new CertificateMessage { Entries = [change(message.Entries[0]), .. message.Entries.Skip(1)] });

    private static Script ChangingFinished(Func<byte[], byte[]> change) => Script.Changing<Finished>(message => new Finished { VerifyData = change(message.VerifyData.ToArray()) });

    private static void SignatureOverOtherContentIsRefused(Func<byte[], byte[]> content)
    {
        using var pki = new TestPki();
        var certificate = pki.Client();
        using var key = SigningKey.FromPkcs8(certificate.Key.Pkcs8);
        var client = Fixture.ClientOptions();
        client.Identity = TlsIdentity.FromCallback([.. certificate.Chain.Select(der => (ReadOnlyMemory<byte>)der)], (scheme, data, _) => ValueTask.FromResult(key.Sign(scheme, content(data.ToArray()))));
        var server = Asking(ClientCertificateMode.Required);
        server.ClientCertificateVerifier = CertificateVerifier.FromRoots([pki.Root]);
        ServerRefuses(TlsError.BadHandshakeSignature, TlsAlert.DecryptError, new Script(), server, client);
    }

    private static byte[] Flipped(byte[] bytes)
    {
        bytes[^1] ^= 1;
        return bytes;
    }
}
