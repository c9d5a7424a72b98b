using CsCheck;
using LucidTls.Protocol;
using LucidTls.Tests.Handshake.Scripting;

namespace LucidTls.Tests.Protocol;

/// <summary>What is written is parsed and written again to the byte; what is cut short is a decode_error and nothing else.</summary>
public sealed class MessageCodecTests
{
    [Fact]
    public void A_ClientHello_survives() => Survives(Generate.ClientHello, ClientHello.Parse);

    [Fact]
    public void A_ServerHello_survives() => Survives(Generate.ServerHello, ServerHello.Parse);

    [Fact]
    public void A_HelloRetryRequest_survives()
    {
        Survives(Generate.HelloRetryRequest, ServerHello.Parse);
        Generate.HelloRetryRequest.Sample(hello => Assert.True(ServerHello.Parse(Wire.Body(hello)).IsHelloRetryRequest));
    }

    [Fact]
    public void EncryptedExtensions_survive() => Survives(Generate.EncryptedExtensions, EncryptedExtensions.Parse);

    [Fact]
    public void A_CertificateRequest_survives() => Survives(Generate.CertificateRequest, CertificateRequest.Parse);

    [Fact]
    public void A_Certificate_survives() => Survives(Generate.Certificate, CertificateMessage.Parse);

    [Fact]
    public void A_CertificateVerify_survives() => Survives(Generate.CertificateVerify, CertificateVerify.Parse);

    [Fact]
    public void A_NewSessionTicket_survives() => Survives(Generate.NewSessionTicket, NewSessionTicket.Parse);

    [Fact]
    public void A_KeyUpdate_survives() => Survives(Generate.KeyUpdate, KeyUpdate.Parse);

    [Theory]
    [InlineData(32)]
    [InlineData(48)]
    public void A_Finished_survives(int length) =>
        Survives(Generate.Bytes(length, length).Select(data => new Finished { VerifyData = data }), body => Finished.Parse(body, length));

    [Fact]
    public void A_cut_ClientHello_is_malformed() => IsMalformedWhenCut(Generate.ClientHello, ClientHello.Parse, ExtensionsStart);

    [Fact]
    public void A_cut_ServerHello_is_malformed() => IsMalformedWhenCut(Generate.ServerHello, ServerHello.Parse, ExtensionsStart);

    [Fact]
    public void A_cut_HelloRetryRequest_is_malformed() => IsMalformedWhenCut(Generate.HelloRetryRequest, ServerHello.Parse, ExtensionsStart);

    [Fact]
    public void Cut_EncryptedExtensions_are_malformed() => IsMalformedWhenCut(Generate.EncryptedExtensions, EncryptedExtensions.Parse);

    [Fact]
    public void A_cut_CertificateRequest_is_malformed() => IsMalformedWhenCut(Generate.CertificateRequest, CertificateRequest.Parse);

    [Fact]
    public void A_cut_Certificate_is_malformed() => IsMalformedWhenCut(Generate.Certificate, CertificateMessage.Parse);

    [Fact]
    public void A_cut_CertificateVerify_is_malformed() => IsMalformedWhenCut(Generate.CertificateVerify, CertificateVerify.Parse);

    [Fact]
    public void A_cut_NewSessionTicket_is_malformed() => IsMalformedWhenCut(Generate.NewSessionTicket, NewSessionTicket.Parse);

    [Fact]
    public void A_cut_KeyUpdate_is_malformed() => IsMalformedWhenCut(Generate.KeyUpdate, KeyUpdate.Parse);

    [Fact]
    public void A_cut_Finished_is_malformed() =>
        IsMalformedWhenCut(Generate.Bytes(32, 32).Select(data => new Finished { VerifyData = data }), body => Finished.Parse(body, 32));

    [Fact]
    public void Random_bytes_are_parsed_or_refused_with_a_TlsException() => Gen.Select(Generate.Bytes(0, 400), Gen.Int[0, 8]).Sample((bytes, which) =>
    {
        Func<ReadOnlyMemory<byte>, IHandshakeBody>[] parsers =
        [
            ClientHello.Parse, ServerHello.Parse, EncryptedExtensions.Parse, CertificateRequest.Parse, CertificateMessage.Parse, CertificateVerify.Parse, NewSessionTicket.Parse, KeyUpdate.Parse, body => Finished.Parse(body, 32),
        ];
        try
        {
            parsers[which](bytes);
        }
        catch (TlsException)
        {
            // The one exception that bytes may cause.
        }
    }, iter: 20_000);

    [Fact]
    public void A_ClientHello_says_what_its_extensions_say() => Gen.Select(Generate.ServerName, Generate.Groups, Generate.Schemes, Generate.Versions, Generate.Protocols, Generate.Share.Array[0, 3], Generate.Authorities, Generate.Psks)
        .Sample((name, groups, schemes, versions, protocols, shares, authorities, psks) =>
        {
            var hello = ClientHello.Parse(Wire.Body(new ClientHello
            {
                Random = new byte[32],
                SessionId = default,
                CipherSuites = [CipherSuite.Aes128GcmSha256],
                Extensions = Wire.Block(
                    (ExtensionType.ServerName, Extensions.BuildServerName(name)),
                    (ExtensionType.SupportedGroups, Extensions.BuildGroups(groups)),
                    (ExtensionType.SignatureAlgorithms, Extensions.BuildSignatureSchemes(schemes)),
                    (ExtensionType.SignatureAlgorithmsCert, Extensions.BuildSignatureSchemes(schemes.Reverse())),
                    (ExtensionType.SupportedVersions, Extensions.BuildOfferedVersions(versions)),
                    (ExtensionType.ApplicationLayerProtocolNegotiation, Extensions.BuildProtocols(protocols)),
                    (ExtensionType.KeyShare, Extensions.BuildClientShares(shares)),
                    (ExtensionType.CertificateAuthorities, Extensions.BuildAuthorities(authorities)),
                    (ExtensionType.PreSharedKey, psks.Build())),
            }));
            Assert.Equal(name, hello.ServerName);
            Assert.Equal(groups, hello.Groups);
            Assert.Equal(schemes, hello.SignatureSchemes);
            Assert.Equal(schemes.Reverse(), hello.CertificateSignatureSchemes);
            Assert.Equal(versions, hello.Versions);
            Assert.Equal(protocols, hello.ApplicationProtocols);
            Assert.Equal(Hex(shares.Select(share => share.KeyExchange)), Hex(hello.KeyShares!.Select(share => share.KeyExchange)));
            Assert.Equal(shares.Select(share => share.Group), hello.KeyShares!.Select(share => share.Group));
            Assert.Equal(Hex(authorities), Hex(hello.CertificateAuthorities));
            Assert.Equal(Hex(psks.Identities.Select(identity => identity.Identity)), Hex(hello.PreSharedKeys!.Identities.Select(identity => identity.Identity)));
            Assert.Equal(psks.Identities.Select(identity => identity.ObfuscatedAge), hello.PreSharedKeys!.Identities.Select(identity => identity.ObfuscatedAge));
            Assert.Equal(Hex(psks.Binders), Hex(hello.PreSharedKeys.Binders));
        }, iter: 300);

    [Fact]
    public void More_certificates_or_extensions_than_anybody_sends_are_malformed()
    {
        var entry = new CertificateEntry(new byte[] { 1 }, new ExtensionBlock());
        Assert.Equal(64, CertificateMessage.Parse(Wire.Body(new CertificateMessage { Entries = [.. Enumerable.Repeat(entry, 64)] })).Entries.Count);
        DemandMalformed(() => CertificateMessage.Parse(Wire.Body(new CertificateMessage { Entries = [.. Enumerable.Repeat(entry, 65)] })));

        var extensions = Enumerable.Range(0x5000, 65).Select(type => new Extension(new ExtensionType((ushort)type), default)).ToArray();
        Assert.Equal(64, EncryptedExtensions.Parse(Wire.Body(new EncryptedExtensions { Extensions = Generate.Block(extensions[..64]) })).Extensions.Items.Count);
        DemandMalformed(() => EncryptedExtensions.Parse(Wire.Body(new EncryptedExtensions { Extensions = Generate.Block(extensions) })));
    }

    private static void Survives<T>(Gen<T> generator, Func<ReadOnlyMemory<byte>, T> parse) where T : IHandshakeBody => generator.Sample(message =>
    {
        var body = Wire.Body(message);
        Assert.Equal(body, Wire.Body(parse(body)));
        DemandMalformed(() => parse((byte[])[.. body, 0]));
    }, iter: 500);

    // A hello may end where its extensions would begin: one of TLS 1.2 does.
    private static void IsMalformedWhenCut<T>(Gen<T> generator, Func<ReadOnlyMemory<byte>, T> parse, Func<T, int>? mayEnd = null) where T : IHandshakeBody => generator.Sample(message =>
    {
        var body = Wire.Body(message);
        for (var length = 0; length < body.Length; length++)
        {
            if (length != mayEnd?.Invoke(message))
                DemandMalformed(() => parse(body.AsMemory(0, length)));
        }
    }, iter: 60);

    private static int ExtensionsStart<T>(T hello) where T : IHandshakeBody
    {
        using var writer = new TlsWriter();
        (hello is ClientHello client ? client.Extensions : ((ServerHello)(object)hello).Extensions).Write(writer);
        return Wire.Body(hello).Length - writer.Length;
    }

    private static void DemandMalformed(Action parse) => Assert.Equal(TlsError.Malformed, Assert.Throws<TlsException>(parse).Error);

    private static IEnumerable<string> Hex(IEnumerable<ReadOnlyMemory<byte>> values) => values.Select(value => Convert.ToHexString(value.Span));
}
