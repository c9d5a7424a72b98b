using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Org.BouncyCastle.Asn1.Oiw;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.Ocsp;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;

namespace LucidTls.Fuzz;

/// <summary>A certificate that its authority calls good, in a revocation list made by the platform and in OCSP responses made by BouncyCastle.</summary>
internal static class RevocationSeeds
{
    private static readonly ECDsa Key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private static readonly X509Certificate2 Authority = MakeAuthority();
    private static readonly X509Certificate2 Certificate = MakeLeaf();

    public static byte[] Root => Authority.RawData;
    public static byte[] Leaf => Certificate.RawData;

    public static byte[] List { get; } = MakeList();

    public static IReadOnlyList<byte[]> Responses { get; } = [MakeResponse(withCertificate: false), MakeResponse(withCertificate: true), [0x30, 3, 0x0A, 1, 3]];

    private static X509Certificate2 MakeAuthority()
    {
        var request = new CertificateRequest("CN=Fuzzed Authority", Key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
    }

    private static X509Certificate2 MakeLeaf()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=leaf", key, HashAlgorithmName.SHA256);
        return request.Create(Authority.SubjectName, X509SignatureGenerator.CreateForECDsa(Key), DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(20), [1, 2, 3, 4, 5, 6, 7, 8]);
    }

    private static byte[] MakeList()
    {
        var builder = new CertificateRevocationListBuilder();
        builder.AddEntry([9, 9, 9], DateTimeOffset.UtcNow.AddDays(-1), X509RevocationReason.KeyCompromise);
        builder.AddEntry([8, 8], DateTimeOffset.UtcNow.AddDays(-1));
        return builder.Build(Authority, 1, DateTimeOffset.UtcNow.AddDays(7), HashAlgorithmName.SHA256, thisUpdate: DateTimeOffset.UtcNow.AddMinutes(-1));
    }

    private static byte[] MakeResponse(bool withCertificate)
    {
        var issuer = new X509CertificateParser().ReadCertificate(Root);
        var generator = new BasicOcspRespGenerator(new RespID(issuer.SubjectDN));
        generator.AddResponse(new CertificateID(new AlgorithmIdentifier(OiwObjectIdentifiers.IdSha1), issuer, new BigInteger(1, Certificate.SerialNumberBytes.ToArray())), CertificateStatus.Good, DateTime.UtcNow.AddMinutes(-1), DateTime.UtcNow.AddDays(7), null);
        var basic = generator.Generate("SHA256WITHECDSA", PrivateKeyFactory.CreateKey(Key.ExportPkcs8PrivateKey()), withCertificate ? [issuer] : null, DateTime.UtcNow.AddMinutes(-1));
        return new OCSPRespGenerator().Generate(OCSPRespGenerator.Successful, basic).GetEncoded();
    }
}
