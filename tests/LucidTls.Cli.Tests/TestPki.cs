using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Certificates;
using Org.BouncyCastle.Asn1.Oiw;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.Ocsp;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;

namespace LucidTls.Cli.Tests;

/// <summary>A certificate with its key, both in PEM.</summary>
internal sealed record Issued(string CertificatePem, string KeyPem)
{
    public TlsIdentity Identity => TlsIdentity.FromPem(CertificatePem, KeyPem);

    public X509Certificate2 ForPlatform()
    {
        using var certificate = X509Certificate2.CreateFromPem(CertificatePem, KeyPem);
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }
}

/// <summary>An authority made for this run.</summary>
internal static class TestPki
{
    private static readonly X509Certificate2 Authority = MakeAuthority();

    public static string AuthorityPem => Authority.ExportCertificatePem();

    public static CertificateVerifier Verifier => CertificateVerifier.FromRoots([Authority.RawData]);

    /// <summary>A client's certificate.</summary>
    public static Issued IssueClient(string? uri = null, string? listAt = null) => Issue("client.example", purpose: "1.3.6.1.5.5.7.3.2", uri: uri, listAt: listAt);

    /// <summary>A revocation list in PEM with that certificate in it.</summary>
    public static string Revoke(Issued issued)
    {
        using var certificate = X509Certificate2.CreateFromPem(issued.CertificatePem);
        var list = new CertificateRevocationListBuilder();
        list.AddEntry(certificate);
        return PemEncoding.WriteString("X509 CRL", list.Build(Authority, 1, DateTimeOffset.UtcNow.AddDays(5), HashAlgorithmName.SHA256, thisUpdate: DateTimeOffset.UtcNow.AddDays(-1)));
    }

    /// <summary>An OCSP response about that certificate, to be stapled.</summary>
    /// <param name="issued">The certificate.</param>
    /// <param name="isRevoked">Whether it calls it revoked, or good.</param>
    /// <param name="timestamps">A list of timestamps (RFC 6962 §3.3) to put in; null for none.</param>
    public static byte[] Staple(Issued issued, bool isRevoked = false, byte[]? timestamps = null)
    {
        using var certificate = X509Certificate2.CreateFromPem(issued.CertificatePem);
        using var key = Authority.GetECDsaPrivateKey()!;
        var issuer = new X509CertificateParser().ReadCertificate(Authority.RawData);
        var extensions = new X509ExtensionsGenerator();
        if (timestamps != null)
            extensions.AddExtension(new("1.3.6.1.4.1.11129.2.4.5"), critical: false, new Org.BouncyCastle.Asn1.DerOctetString(timestamps));
        var now = DateTime.UtcNow;
        var generator = new BasicOcspRespGenerator(new RespID(issuer.SubjectDN));
        generator.AddResponse(
            new CertificateID(new AlgorithmIdentifier(OiwObjectIdentifiers.IdSha1), issuer, new BigInteger(1, certificate.SerialNumberBytes.ToArray())),
            isRevoked ? new RevokedStatus(now.AddDays(-1)) : CertificateStatus.Good,
            now.AddHours(-1),
            now.AddDays(1),
            timestamps == null ? null : extensions.Generate());
        var response = generator.Generate("SHA256WITHECDSA", PrivateKeyFactory.CreateKey(key.ExportPkcs8PrivateKey()), null, now.AddHours(-1));
        return new OCSPRespGenerator().Generate(OCSPRespGenerator.Successful, response).GetEncoded();
    }

    public static Issued Issue(string dnsName = "localhost", bool expired = false, string purpose = "1.3.6.1.5.5.7.3.1", string? uri = null, string? listAt = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={dnsName}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(dnsName);
        if (dnsName == "localhost")
            names.AddIpAddress(IPAddress.Loopback);
        if (uri is not null)
            names.AddUri(new Uri(uri));
        request.CertificateExtensions.Add(names.Build());
        if (listAt is not null)
            request.CertificateExtensions.Add(CertificateRevocationListBuilder.BuildCrlDistributionPointExtension([listAt]));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], critical: false));
        var now = DateTimeOffset.UtcNow;
        using var certificate = request.Create(Authority, now.AddDays(-20), expired ? now.AddDays(-10) : now.AddDays(10), RandomNumberGenerator.GetBytes(8));
        return new Issued(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    private static X509Certificate2 MakeAuthority()
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-30), DateTimeOffset.UtcNow.AddDays(30));
    }
}
