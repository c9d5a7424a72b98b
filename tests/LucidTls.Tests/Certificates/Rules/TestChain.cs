using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Certificates;
using LucidTls.TestSupport;

namespace LucidTls.Tests.Certificates.Rules;

/// <summary>A chain of three that keeps all rules of the web's profile, and what is asked of it. A test changes one thing about it.</summary>
internal sealed record TestChain
{
    public const string Name = "www.site.example";
    public const string ServerAuthentication = CertificateSpec.ServerAuthentication;
    public const string ClientAuthentication = CertificateSpec.ClientAuthentication;

    private static readonly ECDsa RootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private static readonly ECDsa IntermediateKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private static readonly ECDsa LeafKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public static readonly DateTimeOffset Now = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    public CertificateBuilder Root { get; init; } = Authority("CN=Root", "CN=Root", RootKey, Identifier(RootKey)).With(RawExtensions.BasicConstraints(true));
    public CertificateBuilder Intermediate { get; init; } = Authority("CN=Root", "CN=Intermediate", IntermediateKey, Identifier(RootKey)).With(RawExtensions.BasicConstraints(true, 0));
    public CertificateBuilder Leaf { get; init; } = LeafFor(Name);

    /// <summary>What is trusted in place of the root.</summary>
    public Func<byte[], TrustAnchor> Anchor { get; init; } = root => new TrustAnchor(root);
    public CertificateVerifierOptions Options { get; init; } = new();
    public CertificatePurpose Purpose { get; init; } = CertificatePurpose.Server;
    public IReadOnlyList<PeerName> Names { get; init; } = [PeerName.Parse(Name)];


    /// <summary>Certificates that come after those of the chain.</summary>
    public IReadOnlyList<byte[]> Surplus { get; init; } = [];

    /// <summary>What the chain needs changed in the profile that it is judged by.</summary>
    public Func<CertificateProfile, CertificateProfile> Profile { get; init; } = profile => profile;

    public static byte[] Identifier(ECDsa key) => SHA1.HashData(new PublicKey(key).EncodedKeyValue.RawData);

    public static CertificateBuilder Authority(string issuer, string subject, ECDsa key, byte[] issuerIdentifier) => new()
    {
        Issuer = new X500DistinguishedName(issuer),
        Subject = new X500DistinguishedName(subject),
        NotBefore = Now.AddYears(-2),
        NotAfter = Now.AddYears(5),
        SubjectPublicKeyInfo = key.ExportSubjectPublicKeyInfo(),
        Extensions =
        [
            RawExtensions.BasicConstraints(true),
            RawExtensions.KeyUsage(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign),
            RawExtensions.SubjectKeyIdentifier(Identifier(key)),
            RawExtensions.AuthorityKeyIdentifier(issuerIdentifier),
        ],
    };

    public static CertificateBuilder LeafFor(params string[] names) => new()
    {
        Issuer = new X500DistinguishedName("CN=Intermediate"),
        Subject = new X500DistinguishedName("CN=" + names[0]),
        NotBefore = Now.AddDays(-10),
        NotAfter = Now.AddDays(80),
        SubjectPublicKeyInfo = LeafKey.ExportSubjectPublicKeyInfo(),
        Extensions =
        [
            RawExtensions.BasicConstraints(false),
            RawExtensions.KeyUsage(X509KeyUsageFlags.DigitalSignature),
            RawExtensions.ExtendedKeyUsage(ServerAuthentication),
            RawExtensions.AuthorityKeyIdentifier(Identifier(IntermediateKey)),
            RawExtensions.AlternativeNames([.. names.Select(name => "dns:" + name)]),
        ],
    };

    public static ECDsa IntermediateSigner => IntermediateKey;

    public static ECDsa RootSigner => RootKey;

    public static ECDsa LeafSigner => LeafKey;

    public async Task<CertificateVerdict> VerifyAsync(CertificateProfile profile)
    {
        var anchor = Anchor(Root.Sign(RootKey));
        var verifier = new CertificateVerifier(Options with { TrustStore = TrustStore.FromAnchors([anchor]), Profile = Profile(profile) });
        return await verifier.VerifyAsync(new CertificateVerificationRequest
        {
            Chain = [Leaf.Sign(IntermediateKey), Intermediate.Sign(RootKey), .. Surplus.Select(der => (ReadOnlyMemory<byte>)der)],
            Names = Names,
            Purpose = Purpose,
            Time = Now,
        }, TestContext.Current.CancellationToken);
    }
}
