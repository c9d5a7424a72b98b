using System.Text;
using LucidTls.TestSupport;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Pkix;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto;
using Org.BouncyCastle.Tls.Crypto.Impl.BC;
using Org.BouncyCastle.X509;
using BcCipherSuite = Org.BouncyCastle.Tls.CipherSuite;
using BcSignatureScheme = Org.BouncyCastle.Tls.SignatureScheme;

namespace LucidTls.Bench.Stacks;

/// <summary>BouncyCastle's TLS, by its interface without I/O.</summary>
internal sealed class BouncyCastleStack(TestPki pki, TestCertificate server) : TlsStack
{
    private readonly BcTlsCrypto _crypto = new(new SecureRandom());
    private readonly AsymmetricKeyParameter _key = PrivateKeyFactory.CreateKey(server.Key.Pkcs8);
    private readonly HashSet<TrustAnchor> _anchors = [new(new X509CertificateParser().ReadCertificate(pki.Root), null)];

    public override string Name => "BouncyCastle";

    public override bool Supports(HandshakeKind kind) => !kind.Resumes && !kind.IsMutual && !kind.IsTls12;

    protected override async Task<Stream> AuthenticateClientAsync(Stream inner, HandshakeKind kind)
    {
        var protocol = new TlsClientProtocol();
        protocol.Connect(new Client(_crypto, kind.Group, _anchors));
        var stream = new BouncyCastleStream(protocol, inner);
        await stream.HandshakeAsync().ConfigureAwait(false);
        return stream;
    }

    protected override async Task<Stream> AuthenticateServerAsync(Stream inner, HandshakeKind kind)
    {
        var protocol = new TlsServerProtocol();
        protocol.Accept(new Server(_crypto, kind.Group, server.Chain, _key));
        var stream = new BouncyCastleStream(protocol, inner);
        await stream.HandshakeAsync().ConfigureAwait(false);
        return stream;
    }

    private sealed class Client(BcTlsCrypto crypto, NamedGroup group, HashSet<TrustAnchor> anchors) : DefaultTlsClient(crypto), TlsAuthentication
    {
        public override TlsAuthentication GetAuthentication() => this;

        public override IList<int> GetEarlyKeyShareGroups() => [group.Value];

        public TlsCredentials? GetClientCredentials(Org.BouncyCastle.Tls.CertificateRequest certificateRequest) => null;

        // BouncyCastle leaves the chain to its user; this is the path validation that it brings along.
        public void NotifyServerCertificate(TlsServerCertificate serverCertificate)
        {
            var parser = new X509CertificateParser();
            var chain = serverCertificate.Certificate.GetCertificateList().Select(certificate => parser.ReadCertificate(certificate.GetEncoded())).ToList();
            new PkixCertPathValidator().Validate(new PkixCertPath(chain), new PkixParameters(anchors) { IsRevocationEnabled = false });
        }

        protected override ProtocolVersion[] GetSupportedVersions() => ProtocolVersion.TLSv13.Only();

        protected override int[] GetSupportedCipherSuites() => [BcCipherSuite.TLS_AES_128_GCM_SHA256];

        protected override IList<int> GetSupportedGroups(IList<int> namedGroupRoles) => [group.Value];

        protected override IList<ServerName> GetSniServerNames() => [new ServerName(NameType.host_name, Encoding.ASCII.GetBytes(HostName))];
    }

    private sealed class Server(BcTlsCrypto crypto, NamedGroup group, IReadOnlyList<byte[]> chain, AsymmetricKeyParameter key) : DefaultTlsServer(crypto)
    {
        public override TlsCredentials GetCredentials()
        {
            var entries = chain.Select(certificate => new CertificateEntry(crypto.CreateCertificate(certificate), null)).ToArray();
            return new BcDefaultTlsCredentialedSigner(
                new TlsCryptoParameters(m_context),
                crypto,
                key,
                new Certificate([], entries),
                BcSignatureScheme.GetSignatureAndHashAlgorithm(BcSignatureScheme.ecdsa_secp256r1_sha256));
        }

        public override int[] GetSupportedGroups() => [group.Value];

        protected override ProtocolVersion[] GetSupportedVersions() => ProtocolVersion.TLSv13.Only();

        protected override int[] GetSupportedCipherSuites() => [BcCipherSuite.TLS_AES_128_GCM_SHA256];
    }
}
