using LucidTls.TestSupport;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto;
using Org.BouncyCastle.Tls.Crypto.Impl.BC;

namespace LucidTls.Interop.Tests.Peers;

/// <summary>BouncyCastle's TLS, limited to TLS 1.3 and to what a test is about.</summary>
internal sealed class BouncyCastlePeer
{
    /// <summary>The suites it offers or accepts.</summary>
    public int[] Suites { get; init; } = [Org.BouncyCastle.Tls.CipherSuite.TLS_AES_128_GCM_SHA256];

    /// <summary>The groups it offers or accepts.</summary>
    public int[] Groups { get; init; } = [Org.BouncyCastle.Tls.NamedGroup.x25519];

    /// <summary>The groups that it sends shares of as a client; the first one of <see cref="Groups"/> when null.</summary>
    public int[]? EarlyGroups { get; init; }

    public TlsClientProtocol Connect(Stream stream)
    {
        var protocol = new TlsClientProtocol(stream);
        protocol.Connect(new ClientPeer(this));
        return protocol;
    }

    public TlsServerProtocol Accept(Stream stream, TestCertificate certificate, KeyKind kind)
    {
        var protocol = new TlsServerProtocol(stream);
        protocol.Accept(new ServerPeer(this, certificate, kind));
        return protocol;
    }

    private sealed class ClientPeer(BouncyCastlePeer peer) : DefaultTlsClient(new BcTlsCrypto(new SecureRandom()))
    {
        protected override ProtocolVersion[] GetSupportedVersions() => ProtocolVersion.TLSv13.Only();
        protected override int[] GetSupportedCipherSuites() => peer.Suites;
        protected override IList<int> GetSupportedGroups(IList<int> namedGroupRoles) => peer.Groups;
        public override IList<int> GetEarlyKeyShareGroups() => peer.EarlyGroups ?? [peer.Groups[0]];
        protected override IList<SignatureAndHashAlgorithm> GetSupportedSignatureAlgorithms() => [.. Enum.GetValues<KeyKind>().Select(AlgorithmOf)];
        public override TlsAuthentication GetAuthentication() => new AcceptAny();
    }

    private sealed class AcceptAny : TlsAuthentication
    {
        public void NotifyServerCertificate(TlsServerCertificate serverCertificate)
        {
            // Its CertificateVerify is checked all the same; whose certificate it is is not the matter here.
        }

        public TlsCredentials? GetClientCredentials(Org.BouncyCastle.Tls.CertificateRequest certificateRequest) => null;
    }

    private sealed class ServerPeer(BouncyCastlePeer peer, TestCertificate certificate, KeyKind kind) : DefaultTlsServer(new BcTlsCrypto(new SecureRandom()))
    {
        protected override ProtocolVersion[] GetSupportedVersions() => ProtocolVersion.TLSv13.Only();
        protected override int[] GetSupportedCipherSuites() => peer.Suites;
        public override int[] GetSupportedGroups() => peer.Groups;

        public override TlsCredentials GetCredentials()
        {
            var crypto = (BcTlsCrypto)Crypto;
            var entries = certificate.Chain.Select(der => new CertificateEntry(new BcTlsCertificate(crypto, der), null)).ToArray();
            return new BcDefaultTlsCredentialedSigner(new TlsCryptoParameters(m_context), crypto, Key(), new Org.BouncyCastle.Tls.Certificate([], entries), AlgorithmOf(kind));
        }

        private AsymmetricKeyParameter Key() => PrivateKeyFactory.CreateKey(certificate.Key.Pkcs8);
    }

    private static SignatureAndHashAlgorithm AlgorithmOf(KeyKind kind) => kind switch
    {
        KeyKind.EcdsaP256 => SignatureAndHashAlgorithm.GetInstance(HashAlgorithm.sha256, SignatureAlgorithm.ecdsa),
        KeyKind.EcdsaP384 => SignatureAndHashAlgorithm.GetInstance(HashAlgorithm.sha384, SignatureAlgorithm.ecdsa),
        KeyKind.EcdsaP521 => SignatureAndHashAlgorithm.GetInstance(HashAlgorithm.sha512, SignatureAlgorithm.ecdsa),
        KeyKind.Rsa2048 => SignatureAndHashAlgorithm.rsa_pss_rsae_sha256,
        KeyKind.RsaPss2048 => SignatureAndHashAlgorithm.rsa_pss_pss_sha256,
        KeyKind.Ed25519 => SignatureAndHashAlgorithm.ed25519,
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };
}
