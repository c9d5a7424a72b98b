using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Cli.Inspecting;
using LucidTls.TestSupport;

namespace LucidTls.Cli.Tests;

/// <summary>A certificate that breaks one rule in one way.</summary>
internal sealed record LintCase(LintRule Rule, LintSeverity Severity, string Way, CertificateBuilder Certificate);

/// <summary>A leaf, an authority and a root that keep all rules of <c>cert lint</c>, and for each rule certificates that differ from one of them in what breaks it.</summary>
internal static class LintCertificates
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private const string AnyUsage = "2.5.29.37.0";
    private const string AuthorityInformationOid = "1.3.6.1.5.5.7.1.1";
    private const string DistributionPointsOid = "2.5.29.31";
    private const X509KeyUsageFlags Signing = X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign;

    private static readonly DateTimeOffset From = new(2026, 4, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly ECDsa Key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private static readonly X500DistinguishedName AuthorityName = new("CN=Issuing authority");

    public static CertificateBuilder Leaf { get; } = new()
    {
        Issuer = AuthorityName,
        NotBefore = From,
        NotAfter = From.AddDays(90).AddSeconds(-1),
        SubjectPublicKeyInfo = Key.ExportSubjectPublicKeyInfo(),
        Extensions =
        [
            RawExtensions.BasicConstraints(isAuthority: false),
            RawExtensions.KeyUsage(X509KeyUsageFlags.DigitalSignature),
            RawExtensions.ExtendedKeyUsage(ServerAuthentication),
            RawExtensions.AlternativeNames(["dns:www.lucidtls.dev", "dns:*.lucidtls.dev", "ip:9.9.9.9"], isCritical: true),
            RawExtensions.SubjectKeyIdentifier([1, 2, 3]),
            RawExtensions.AuthorityKeyIdentifier([4, 5, 6]),
            RawExtensions.Policies("2.23.140.1.2.1"),
            Access(ocsp: true, issuer: true),
            DistributionPoints(),
        ],
    };

    public static CertificateBuilder Authority { get; } = Leaf with
    {
        Issuer = new X500DistinguishedName("CN=Root"),
        Subject = AuthorityName,
        NotAfter = From.AddYears(5),
        Extensions =
        [
            RawExtensions.BasicConstraints(isAuthority: true, pathLength: 0),
            RawExtensions.KeyUsage(Signing),
            RawExtensions.ExtendedKeyUsage(ServerAuthentication),
            RawExtensions.SubjectKeyIdentifier([4, 5, 6]),
            RawExtensions.AuthorityKeyIdentifier([7, 8, 9]),
            RawExtensions.Policies("2.23.140.1.2.1"),
            DistributionPoints(),
        ],
    };

    public static CertificateBuilder Root { get; } = Leaf with
    {
        Issuer = new X500DistinguishedName("CN=Root"),
        Subject = new X500DistinguishedName("CN=Root"),
        Serial = [1],
        NotAfter = From.AddYears(20),
        Extensions = [RawExtensions.BasicConstraints(isAuthority: true), RawExtensions.KeyUsage(Signing), RawExtensions.SubjectKeyIdentifier([7, 8, 9])],
    };

    /// <summary>What may look as if it broke a rule, and keeps it.</summary>
    public static IReadOnlyList<(string Way, CertificateBuilder Certificate)> Good { get; } =
    [
        ("a leaf", Leaf),
        ("an authority", Authority),
        ("a root", Root),
        ("a leaf with a subject, whose common name is one of the others", Named("www.lucidtls.dev")),
        ("a leaf for seven days without a pointer to revocation", Without(Leaf, DistributionPointsOid).With(Access(ocsp: false, issuer: true)) with { NotAfter = From.AddDays(7).AddSeconds(-1) }),
        ("a leaf with an RSA key", Leaf with { SubjectPublicKeyInfo = Rsa(2048) }),
        ("a serial number of 20 bytes", Leaf with { Serial = [0x7F, .. new byte[19]] }),
        ("a wildcard below a name below a public suffix", WithNames("dns:*.lucidtls.co.uk")),
    ];

    public static IReadOnlyList<LintCase> Broken { get; } =
    [
        Error(LintRule.WellFormed, "an extension that stands twice", Leaf with { Extensions = [.. Leaf.Extensions, RawExtensions.SubjectKeyIdentifier([1, 2, 3])] }),
        Error(LintRule.WellFormed, "an extension that cannot be read", Leaf.With(new RawExtension("2.5.29.18", false, [0x30, 1]))),
        Error(LintRule.Version, "version 2", Leaf with { Version = 2 }),
        Error(LintRule.TimeEncoding, "GeneralizedTime", Leaf with { HasLongTimes = true }),
        Error(LintRule.Validity, "an end before the beginning", Leaf with { NotAfter = From.AddDays(-1) }),
        Error(LintRule.UniqueIdentifiers, "a unique identifier", Leaf with { HasUniqueIdentifiers = true }),
        Error(LintRule.SignatureAlgorithm, "SHA-1", Leaf with { Algorithm = CertificateBuilder.Sha1WithEcdsa }),
        Error(LintRule.SignatureAlgorithm, "Ed25519", Leaf with { Algorithm = "1.3.101.112" }),
        Error(LintRule.SignatureAlgorithm, "ML-DSA-65", Leaf with { Algorithm = "2.16.840.1.101.3.4.3.18" }),
        Error(LintRule.SignatureAlgorithmAgreement, "another algorithm inside", Leaf with { AlgorithmInside = "1.2.840.10045.4.3.3" }),
        Error(LintRule.AuthorityKeyIdentifier, "a leaf without", Without(Leaf, RawExtensions.AuthorityKeyIdentifierOid)),
        Error(LintRule.AuthorityKeyIdentifier, "an authority without", Without(Authority, RawExtensions.AuthorityKeyIdentifierOid)),
        Error(LintRule.Criticality, "a critical subject key identifier", Leaf.With(RawExtensions.SubjectKeyIdentifier([1, 2, 3], isCritical: true))),
        Error(LintRule.Criticality, "a critical authority key identifier", Leaf.With(RawExtensions.AuthorityKeyIdentifier([4, 5, 6], isCritical: true))),
        Error(LintRule.Criticality, "a critical authority information access", Leaf.With(Access(ocsp: true, issuer: true) with { IsCritical = true })),
        Error(LintRule.SerialPositive, "zero", Leaf with { Serial = [0] }),
        Error(LintRule.SerialPositive, "a negative number", Leaf with { Serial = [0x80, .. new byte[15]] }),
        Error(LintRule.SerialLength, "21 bytes", Leaf with { Serial = [1, .. new byte[20]] }),
        Error(LintRule.SerialEntropy, "56 bits", Leaf with { Serial = [0, 0xFF, .. new byte[6]] }),
        Error(LintRule.KeyKind, "Ed25519", Leaf with { SubjectPublicKeyInfo = PublicKey("1.3.101.112", new byte[32]) }),
        Error(LintRule.KeyKind, "RSASSA-PSS", Leaf with { SubjectPublicKeyInfo = Rsa(2048, algorithm: "1.2.840.113549.1.1.10") }),
        Error(LintRule.KeyKind, "an algorithm that nobody knows", Leaf with { SubjectPublicKeyInfo = PublicKey("1.2.3", new byte[32]) }),
        Error(LintRule.KeySize, "1024 bits", Leaf with { SubjectPublicKeyInfo = Rsa(1024) }),
        Error(LintRule.KeySize, "no whole number of bytes", Leaf with { SubjectPublicKeyInfo = Rsa(2049) }),
        Warning(LintRule.RsaExponent, "3", Leaf with { SubjectPublicKeyInfo = Rsa(2048, exponent: 3) }),
        Error(LintRule.RsaModulus, "a factor of 751", Leaf with { SubjectPublicKeyInfo = Rsa(2048, factor: 751) }),
        Error(LintRule.ExtendedKeyUsage, "a leaf without", Without(Leaf, RawExtensions.ExtendedKeyUsageOid)),
        Error(LintRule.ExtendedKeyUsage, "a leaf for clients", Leaf.With(RawExtensions.ExtendedKeyUsage(ClientAuthentication))),
        Error(LintRule.ExtendedKeyUsage, "an authority without", Without(Authority, RawExtensions.ExtendedKeyUsageOid)),
        Error(LintRule.ExtendedKeyUsageAny, "a leaf", Leaf.With(RawExtensions.ExtendedKeyUsage(ServerAuthentication, AnyUsage))),
        Warning(LintRule.ExtendedKeyUsageAny, "an authority", Authority.With(RawExtensions.ExtendedKeyUsage(ServerAuthentication, AnyUsage))),
        Warning(LintRule.KeyUsage, "a leaf without", Without(Leaf, RawExtensions.KeyUsageOid)),
        Warning(LintRule.KeyUsage, "a leaf that may not sign", Leaf.With(RawExtensions.KeyUsage(X509KeyUsageFlags.KeyAgreement))),
        Error(LintRule.KeyUsage, "a leaf that may sign certificates", Leaf.With(RawExtensions.KeyUsage(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyCertSign))),
        Error(LintRule.KeyUsage, "encipherment with an EC key", Leaf.With(RawExtensions.KeyUsage(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment))),
        Error(LintRule.KeyUsage, "an authority without", Without(Authority, RawExtensions.KeyUsageOid)),
        Error(LintRule.KeyUsage, "an authority that may not sign CRLs", Authority.With(RawExtensions.KeyUsage(X509KeyUsageFlags.KeyCertSign))),
        Warning(LintRule.KeyUsageCriticality, "a leaf", Leaf.With(RawExtensions.KeyUsage(X509KeyUsageFlags.DigitalSignature) with { IsCritical = false })),
        Error(LintRule.KeyUsageCriticality, "an authority", Authority.With(RawExtensions.KeyUsage(Signing) with { IsCritical = false })),
        Error(LintRule.BasicConstraints, "a leaf", Leaf.With(RawExtensions.BasicConstraints(isAuthority: false, isCritical: false))),
        Error(LintRule.BasicConstraints, "an authority", Authority.With(RawExtensions.BasicConstraints(isAuthority: true, isCritical: false))),
        Error(LintRule.BasicConstraints, "a root", Root.With(RawExtensions.BasicConstraints(isAuthority: true, isCritical: false))),
        Error(LintRule.SelfSigned, "its own issuer", Named("www.lucidtls.dev") with { Issuer = new X500DistinguishedName("CN=www.lucidtls.dev") }),
        Error(LintRule.AuthorityInformation, "without", Without(Leaf, AuthorityInformationOid)),
        Warning(LintRule.IssuerAddress, "OCSP alone", Leaf.With(Access(ocsp: true, issuer: false))),
        Error(LintRule.RevocationPointer, "a leaf for eight days", Without(Leaf, DistributionPointsOid).With(Access(ocsp: false, issuer: true)) with { NotAfter = From.AddDays(8).AddSeconds(-1) }),
        Error(LintRule.RevocationPointer, "an authority", Without(Authority, DistributionPointsOid)),
        Error(LintRule.Policy, "a leaf without", Without(Leaf, RawExtensions.PoliciesOid)),
        Error(LintRule.Policy, "a leaf with the authority's own alone", Leaf.With(RawExtensions.Policies("1.2.3.4"))),
        Error(LintRule.Policy, "an authority without", Without(Authority, RawExtensions.PoliciesOid)),
        Error(LintRule.Lifetime, "201 days", Leaf with { NotAfter = From.AddDays(201).AddSeconds(-1) }),
        Error(LintRule.AlternativeName, "without", Without(Leaf, RawExtensions.AlternativeNamesOid)),
        Error(LintRule.AlternativeNameCriticality, "not critical without a subject", Leaf.With(RawExtensions.AlternativeNames(["dns:www.lucidtls.dev"]))),
        Error(LintRule.AlternativeNameCriticality, "critical with a subject", Leaf with { Subject = new X500DistinguishedName("CN=www.lucidtls.dev") }),
        Error(LintRule.AlternativeNameKind, "a mailbox", WithNames("dns:www.lucidtls.dev", "mail:somebody@lucidtls.dev")),
        Error(LintRule.Wildcard, "half a label", WithNames("dns:w*.lucidtls.dev")),
        Error(LintRule.Underscore, "in a label", WithNames("dns:w_w.lucidtls.dev")),
        Error(LintRule.NameForm, "a hyphen at the beginning", WithNames("dns:-www.lucidtls.dev")),
        Error(LintRule.NameForm, "an address as a name", WithNames("dns:9.9.9.9")),
        Error(LintRule.RegistryWildcard, "below co.uk", WithNames("dns:*.co.uk")),
        Error(LintRule.RegistryWildcard, "below dev", WithNames("dns:*.dev")),
        Error(LintRule.InternalName, "a single label", WithNames("dns:server")),
        Error(LintRule.InternalName, "below local", WithNames("dns:server.local")),
        Error(LintRule.ReservedAddress, "IPv4", WithNames("ip:192.168.1.1")),
        Error(LintRule.ReservedAddress, "IPv6", WithNames("ip:fd00::1")),
        Error(LintRule.CommonName, "another name", Named("lucidtls.dev")),
        Error(LintRule.SubjectKeyIdentifier, "an authority without", Without(Authority, RawExtensions.SubjectKeyIdentifierOid)),
        Error(LintRule.AuthorityName, "without", Authority with { Subject = new X500DistinguishedName("") }),
        Error(LintRule.RootExtendedKeyUsage, "with one", Root.With(RawExtensions.ExtendedKeyUsage(ServerAuthentication))),
        Warning(LintRule.RootPathLength, "with one", Root.With(RawExtensions.BasicConstraints(isAuthority: true, pathLength: 1))),
    ];

    public static byte[] Sign(CertificateBuilder certificate) => certificate.Sign(Key);

    private static LintCase Error(LintRule rule, string way, CertificateBuilder certificate) => new(rule, LintSeverity.Error, way, certificate);

    private static LintCase Warning(LintRule rule, string way, CertificateBuilder certificate) => new(rule, LintSeverity.Warning, way, certificate);

    private static CertificateBuilder Without(CertificateBuilder certificate, string oid) => certificate.Without(oid);

    private static CertificateBuilder WithNames(params string[] names) => Leaf.With(RawExtensions.AlternativeNames(names, isCritical: true));

    /// <summary>A leaf with a subject.</summary>
    private static CertificateBuilder Named(string commonName) =>
        Leaf.With(RawExtensions.AlternativeNames(["dns:www.lucidtls.dev"])) with { Subject = new X500DistinguishedName($"CN={commonName}") };

    private static RawExtension Access(bool ocsp, bool issuer) => Sequence(AuthorityInformationOid, writer =>
    {
        foreach (var (isThere, method, address) in new[] { (ocsp, "1.3.6.1.5.5.7.48.1", "http://ocsp.lucidtls.dev/"), (issuer, "1.3.6.1.5.5.7.48.2", "http://ca.lucidtls.dev/ca.cer") })
        {
            if (!isThere)
                continue;
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(method);
                writer.WriteCharacterString(UniversalTagNumber.IA5String, address, new Asn1Tag(TagClass.ContextSpecific, 6));
            }
        }
    });

    private static RawExtension DistributionPoints() => new(DistributionPointsOid, false, CertificateRevocationListBuilder.BuildCrlDistributionPointExtension(["http://crl.lucidtls.dev/list.crl"]).RawData);

    private static RawExtension Sequence(string oid, Action<AsnWriter> write)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
            write(writer);
        return new RawExtension(oid, false, writer.Encode());
    }

    /// <summary>A public key of RSA by its numbers, for which nobody has the private one.</summary>
    /// <param name="bits">Of the modulus.</param>
    /// <param name="exponent">The public exponent.</param>
    /// <param name="factor">Its only factor below 752; 1 for none.</param>
    /// <param name="algorithm">What the key says that it is for.</param>
    private static byte[] Rsa(int bits, int exponent = 65537, int factor = 1, string algorithm = "1.2.840.113549.1.1.1")
    {
        var modulus = BigInteger.Pow(2, bits - 1) + 1;
        while (Enumerable.Range(2, 750).Any(divisor => modulus % divisor == 0 && divisor != factor) || modulus % factor != 0)
            modulus += 2;
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(modulus);
            writer.WriteInteger(exponent);
        }
        return PublicKey(algorithm, writer.Encode());
    }

    private static byte[] PublicKey(string algorithm, byte[] key)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
                writer.WriteObjectIdentifier(algorithm);
            writer.WriteBitString(key);
        }
        return writer.Encode();
    }
}
