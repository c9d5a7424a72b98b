using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Certificates;

namespace LucidTls.AspNetCore.Tests;

/// <summary>An authority and a certificate for localhost from it, made for this run.</summary>
internal static class TestPki
{
    private static readonly X509Certificate2 Authority = MakeAuthority();

    public static readonly TlsIdentity Server = Issue("CN=localhost");

    public static readonly CertificateVerifier Verifier = CertificateVerifier.FromRoots([Authority.RawData]);

    /// <summary>A certificate for localhost with its key, as the platform's TLS takes it.</summary>
    public static X509Certificate2 ServerCertificate => IssueCertificate("CN=localhost");

    /// <summary>A certificate for localhost and its key in one text.</summary>
    public static string ServerPem
    {
        get
        {
            using var certificate = ServerCertificate;
            using var key = certificate.GetECDsaPrivateKey()!;
            return certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem();
        }
    }

    public static string AuthorityPem => Authority.ExportCertificatePem();

    public static X509ChainPolicy ChainPolicy()
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificate(Authority.RawData));
        return policy;
    }

    public static TlsIdentity Issue(string subject)
    {
        using var certificate = IssueCertificate(subject);
        using var key = certificate.GetECDsaPrivateKey()!;
        return TlsIdentity.FromPem(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    public static X509Certificate2 IssueCertificate(string subject, string name = "localhost")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        using var certificate = request.Create(Authority, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(1), RandomNumberGenerator.GetBytes(8));
        using var withKey = certificate.CopyWithPrivateKey(key);
        // SslStream takes keys that came from a file; one that can be exported can be used by LucidTls as well.
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pfx), null, X509KeyStorageFlags.Exportable);
    }

    private static X509Certificate2 MakeAuthority()
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-2), DateTimeOffset.UtcNow.AddDays(2));
    }
}
