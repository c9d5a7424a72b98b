using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Certificates;
using LucidTls.Certificates.Revocation;

namespace LucidTls.TestSupport;

/// <summary>An authority whose certificates point to responders and lists as a test wants them to.</summary>
public sealed class TestAuthority
{
    private readonly X509Certificate2 _certificate;

    /// <param name="name">The common name.</param>
    /// <param name="usage">Its key usage; null for none.</param>
    /// <param name="issuer">Who issues it; null for a root.</param>
    /// <param name="key">Its key; null for a new one.</param>
    /// <param name="extensions">Further extensions.</param>
    public TestAuthority(string name = "Root", X509KeyUsageFlags? usage = X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, TestAuthority? issuer = null, ECDsa? key = null, params X509Extension[] extensions)
    {
        Key = key ?? ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", Key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        if (usage is { } flags)
            request.CertificateExtensions.Add(new X509KeyUsageExtension(flags, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        foreach (var extension in extensions)
            request.CertificateExtensions.Add(extension);
        _certificate = issuer == null ? request.CreateSelfSigned(Now.AddYears(-1), Now.AddYears(5)) : issuer.Sign(request);
    }

    /// <summary>The time at which everything is verified.</summary>
    public static DateTimeOffset Now { get; } = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    public ECDsa Key { get; }
    public X509Certificate2 Certificate => _certificate;
    public byte[] Der => _certificate.RawData;
    public X500DistinguishedName Name => _certificate.SubjectName;
    public byte[] KeyIdentifier => _certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Single().SubjectKeyIdentifierBytes.ToArray();

    /// <summary>The bits of the public key, without the BIT STRING's header.</summary>
    public byte[] KeyBits => _certificate.PublicKey.EncodedKeyValue.RawData;

    /// <summary>A server's certificate for a.example.</summary>
    public X509Certificate2 Leaf(params X509Extension[] extensions) => Leaf(ECDsa.Create(ECCurve.NamedCurves.nistP256), "a.example", extensions);

    public X509Certificate2 Leaf(ECDsa key, string name, params X509Extension[] extensions)
    {
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        foreach (var extension in extensions)
            request.CertificateExtensions.Add(extension);
        return Sign(request);
    }

    /// <summary>A certificate for signing OCSP responses, with or without what makes it one.</summary>
    public X509Certificate2 Responder(ECDsa key, bool hasUsage = true, DateTimeOffset? notAfter = null, bool hasNoCheck = true)
    {
        var request = new CertificateRequest("CN=Responder", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(hasUsage ? "1.3.6.1.5.5.7.3.9" : CertificateSpec.ServerAuthentication)], false));
        if (hasNoCheck)
            request.CertificateExtensions.Add(new X509Extension("1.3.6.1.5.5.7.48.1.5", [5, 0], false));
        return Sign(request, notAfter);
    }

    public byte[] SignData(ReadOnlySpan<byte> data) => Key.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

    /// <summary>RFC 7633: the promise of a staple.</summary>
    public static X509Extension MustStaple { get; } = new("1.3.6.1.5.5.7.1.24", [0x30, 3, 2, 1, 5], false);

    /// <summary>A cRLDistributionPoints with one point.</summary>
    /// <param name="address">Its full name; null for none.</param>
    /// <param name="reasons">Its reasons, by bit; null for all.</param>
    /// <param name="crlIssuer">Who signs the list when it is another; null for none.</param>
    public static X509Extension ListAt(string? address, X509Extensions.Reasons? reasons = null, X500DistinguishedName? crlIssuer = null) => X509Extensions.DistributionPoints(address, reasons, crlIssuer);

    public static X509Extension ResponderAt(string address) => new X509AuthorityInformationAccessExtension([address], null);

    /// <summary>What a verifier that trusts this root says at <see cref="Now"/>.</summary>
    public async Task<CertificateVerdict> VerifyAsync(RevocationOptions options, X509Certificate2 leaf, params byte[][] authorities) =>
        await VerifyAsync(options, new CertificateVerificationRequest { Chain = [leaf.RawData, .. authorities.Select(der => (ReadOnlyMemory<byte>)der)] });

    public async Task<CertificateVerdict> VerifyAsync(RevocationOptions options, CertificateVerificationRequest request) =>
        await new CertificateVerifier(new CertificateVerifierOptions { TrustStore = TrustStore.FromCertificates([Der]), Revocation = options })
            .VerifyAsync(request with { Names = [PeerName.Parse("a.example")], Time = request.Time ?? Now });

    private X509Certificate2 Sign(CertificateRequest request, DateTimeOffset? notAfter = null)
    {
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = 1;
        return request.Create(_certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(Key), Now.AddDays(-10), notAfter ?? Now.AddDays(80), serial);
    }
}
