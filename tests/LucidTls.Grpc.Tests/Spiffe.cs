using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Certificates;

namespace LucidTls.Grpc.Tests;

/// <summary>A trust domain made for this run: an authority, and services whose certificates have a URI and no other name.</summary>
internal static class Spiffe
{
    private static readonly X509Certificate2 Authority = MakeAuthority();

    public static readonly TrustStore TrustDomain = TrustStore.FromCertificates([Authority.RawData]);

    public static string AuthorityPem => Authority.ExportCertificatePem();

    /// <param name="uri">Who it is.</param>
    /// <param name="host">The host's name, for peers that ask for it.</param>
    public static TlsIdentity Service(string uri, string? host = null)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = Issue(uri, key, host);
        return TlsIdentity.FromKey([certificate.RawData], key);
    }

    /// <summary>The same as files have it.</summary>
    public static (string Certificate, string Key) ServicePem(string uri, string? host = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = Issue(uri, key, host);
        return (certificate.ExportCertificatePem() + "\n", key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    private static X509Certificate2 Issue(string uri, ECDsa key, string? host = null)
    {
        var request = new CertificateRequest("O=Services", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri(uri));
        if (host != null)
            names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        return request.Create(Authority, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1), RandomNumberGenerator.GetBytes(8));
    }

    private static X509Certificate2 MakeAuthority()
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("O=Trust domain prod.example", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-2), DateTimeOffset.UtcNow.AddDays(2));
    }
}
