using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Certificates;

namespace LucidTls.AspNetCore.Tests;

/// <summary>An authority and a certificate for localhost from it, made for this run.</summary>
internal static class TestPki
{
    private static readonly X509Certificate2 Authority = MakeAuthority(null);

    private static readonly X509Certificate2 Intermediate = MakeAuthority(Authority);

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

    public static ReadOnlyMemory<byte> AuthorityDer => Authority.RawData;

    /// <summary>Of the authority that issues what names a responder: staples need an issuer in the chain, and roots are left out of those.</summary>
    public static string IntermediatePem => Intermediate.ExportCertificatePem();

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
        return Identity(certificate);
    }

    public static TlsIdentity Identity(X509Certificate2 certificate)
    {
        using var key = certificate.GetECDsaPrivateKey()!;
        return TlsIdentity.FromPem(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <param name="subject">The subject.</param>
    /// <param name="name">The DNS name.</param>
    /// <param name="uri">A URI beside it.</param>
    /// <param name="listAt">Where the authority's revocation list is.</param>
    /// <param name="responder">Where the authority's OCSP responder is.</param>
    /// <param name="until">How long it is valid; a day by default.</param>
    public static X509Certificate2 IssueCertificate(string subject, string name = "localhost", Uri? uri = null, Uri? listAt = null, Uri? responder = null, DateTimeOffset? until = null) =>
        Make(responder == null ? Authority : Intermediate, subject, name, uri, listAt, responder, until);

    /// <summary>One that nobody but itself vouches for.</summary>
    public static X509Certificate2 SelfSigned(string subject) => Make(null, subject, "localhost", null, null, null, null);

    private static X509Certificate2 Make(X509Certificate2? issuer, string subject, string name, Uri? uri, Uri? listAt, Uri? responder, DateTimeOffset? until)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        names.AddIpAddress(IPAddress.Loopback);
        if (uri != null)
            names.AddUri(uri);
        request.CertificateExtensions.Add(names.Build());
        if (listAt != null)
            request.CertificateExtensions.Add(CertificateRevocationListBuilder.BuildCrlDistributionPointExtension([listAt.AbsoluteUri]));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        if (responder != null)
            request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension([responder.AbsoluteUri], null));
        var (begin, end) = (DateTimeOffset.UtcNow.AddHours(-1), until ?? DateTimeOffset.UtcNow.AddDays(1));
        using var certificate = issuer == null ? request.CreateSelfSigned(begin, end) : request.Create(issuer, begin.AddMinutes(1), end, RandomNumberGenerator.GetBytes(8));
        using var withKey = issuer == null ? new X509Certificate2(certificate) : certificate.CopyWithPrivateKey(key);
        // SslStream takes keys that came from a file; one that can be exported can be used by LucidTls as well.
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pfx), null, X509KeyStorageFlags.Exportable);
    }

    /// <summary>The authority's revocation list in DER.</summary>
    public static byte[] RevocationList(DateTimeOffset? until = null, params IEnumerable<X509Certificate2> revoked)
    {
        var builder = new CertificateRevocationListBuilder();
        foreach (var certificate in revoked)
            builder.AddEntry(certificate);
        var next = until ?? DateTimeOffset.UtcNow.AddDays(1);
        return builder.Build(Authority, 1, next, HashAlgorithmName.SHA256, thisUpdate: next.AddDays(-2));
    }

    private static X509Certificate2 MakeAuthority(X509Certificate2? issuer)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(issuer == null ? "CN=Test authority" : "CN=Test intermediate", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        var (begin, end) = (DateTimeOffset.UtcNow.AddHours(-2), DateTimeOffset.UtcNow.AddDays(2));
        if (issuer == null)
            return request.CreateSelfSigned(begin, end);
        using var certificate = request.Create(issuer, begin.AddMinutes(1), end.AddHours(-1), RandomNumberGenerator.GetBytes(8));
        return certificate.CopyWithPrivateKey(key);
    }
}
