using System.Security.Cryptography.X509Certificates;
using LucidTls.Certificates.Revocation;
using LucidTls.TestSupport;
using Org.BouncyCastle.Asn1.Oiw;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.Ocsp;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;
using static LucidTls.TestSupport.X509Extensions;
using CertificateStatus = Org.BouncyCastle.Ocsp.CertificateStatus;

namespace LucidTls.Fuzz;

/// <summary>A certificate that OCSP responses, made by BouncyCastle, and revocation lists call good: lists of its authority, and of somebody who signs lists for it.</summary>
internal static class RevocationSeeds
{
    private const string Address = "http://lists.example/all.crl";

    public static TestAuthority Authority { get; } = new("Fuzzed Authority");
    public static TestAuthority Lister { get; } = new("Lister", X509KeyUsageFlags.CrlSign, Authority);

    private static readonly X509Certificate2 Certificate = Authority.Leaf(TestAuthority.ListAt(Address, crlIssuer: Lister.Name));
    private static readonly X509Certificate2 Other = Authority.Leaf();

    public static byte[] Leaf => Certificate.RawData;

    /// <summary>A direct and an indirect one, on which the certificate is on hold. They are out of date without a delta list.</summary>
    public static IReadOnlyList<byte[]> CompleteLists { get; } =
    [
        new TestList(Authority) { NextUpdate = TestAuthority.Now.AddHours(-1), Extensions = [DeltasAt(Address)] }
            .Listing(Other, null).Listing(Certificate, RevocationReason.CertificateHold).Encode(),
        new TestList(Lister) { NextUpdate = TestAuthority.Now.AddHours(-1), Extensions = [Scope(Address, flag: 4)] }
            .Listing(Other, null).ListingOf(new X500DistinguishedName("CN=Other"), Certificate).ListingOf(Authority.Name, Other).Listing(Certificate, RevocationReason.CertificateHold).Encode(),
    ];

    /// <summary>The delta lists to them, which lift the hold.</summary>
    public static IReadOnlyList<byte[]> DeltaLists { get; } =
    [
        new TestList(Authority) { Number = TestList.NumberOf(8), Extensions = [DeltaFrom(7)] }
            .Listing(Other).Listing(Certificate, RevocationReason.RemoveFromCrl).Encode(),
        new TestList(Lister) { Number = TestList.NumberOf(8), Extensions = [DeltaFrom(6), Scope(Address, flag: 4)] }
            .ListingOf(new X500DistinguishedName("CN=Other"), Certificate).ListingOf(Authority.Name, Certificate, RevocationReason.RemoveFromCrl).Encode(),
    ];

    public static IReadOnlyList<byte[]> Responses { get; } = [MakeResponse(withCertificate: false), MakeResponse(withCertificate: true), [0x30, 3, 0x0A, 1, 3]];

    private static byte[] MakeResponse(bool withCertificate)
    {
        var issuer = new X509CertificateParser().ReadCertificate(Authority.Der);
        var generator = new BasicOcspRespGenerator(new RespID(issuer.SubjectDN));
        generator.AddResponse(new CertificateID(new AlgorithmIdentifier(OiwObjectIdentifiers.IdSha1), issuer, new BigInteger(1, Certificate.SerialNumberBytes.ToArray())), CertificateStatus.Good, TestAuthority.Now.UtcDateTime.AddMinutes(-1), TestAuthority.Now.UtcDateTime.AddDays(7), null);
        var basic = generator.Generate("SHA256WITHECDSA", PrivateKeyFactory.CreateKey(Authority.Key.ExportPkcs8PrivateKey()), withCertificate ? [issuer] : null, TestAuthority.Now.UtcDateTime.AddMinutes(-1));
        return new OCSPRespGenerator().Generate(OCSPRespGenerator.Successful, basic).GetEncoded();
    }
}
