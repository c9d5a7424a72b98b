using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Certificates;
using LucidTls.Certificates.Transparency;

namespace LucidTls.TestSupport;

/// <summary>An authority that issues a certificate twice: once to be logged, and once more with the timestamps inside.</summary>
public sealed class LoggingAuthority
{
    private const string TimestampsOid = "1.3.6.1.4.1.11129.2.4.2";

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _root;

    public LoggingAuthority()
    {
        var request = new CertificateRequest("CN=Logging Root", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        _root = request.CreateSelfSigned(Now.AddYears(-1), Now.AddYears(5));
    }

    /// <summary>The time at which everything is verified.</summary>
    public static DateTimeOffset Now { get; } = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    public byte[] Root => _root.RawData;
    public string RootPem => TestPki.Pem(_root.RawData);
    public byte[] Key => _key.ExportSubjectPublicKeyInfo();

    /// <summary>A leaf with the timestamps that <paramref name="log"/> makes of its TBSCertificate.</summary>
    /// <param name="log">Gives the list of timestamps; null for a leaf without.</param>
    /// <param name="days">How long it is valid.</param>
    /// <param name="place">Before which extension the timestamps are put.</param>
    /// <param name="key">Its key; null for one that is thrown away.</param>
    public byte[] Leaf(Func<byte[], byte[]>? log, int days = 90, int place = int.MaxValue, ECDsa? key = null)
    {
        key ??= ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = 1;
        var request = new CertificateRequest("CN=leaf", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("a.example");
        request.CertificateExtensions.Add(names.Build());
        var bare = Issue();
        if (log == null)
            return bare;
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteOctetString(log(Signed(bare)));
        request.CertificateExtensions.Insert(Math.Min(place, request.CertificateExtensions.Count), new X509Extension(TimestampsOid, writer.Encode(), critical: false));
        return Issue();

        byte[] Issue()
        {
            using var certificate = request.Create(_root.SubjectName, X509SignatureGenerator.CreateForECDsa(_key), Now.AddDays(-10), Now.AddDays(days - 10).AddSeconds(-1), serial);
            return certificate.RawData;
        }
    }

    public Task<CertificateVerdict> VerifyAsync(byte[] leaf, string logList, CtPolicy? policy = null, byte[]? handshakeList = null) =>
        VerifyAsync(leaf, new CertificateVerifierOptions
        {
            TrustStore = TrustStore.FromCertificates([_root.RawData]),
            TransparencyLogs = CtLogList.FromJson(logList),
            TransparencyPolicy = policy ?? CtPolicy.Browsers,
        }, handshakeList);

    public static Task<CertificateVerdict> VerifyAsync(byte[] leaf, CertificateVerifierOptions options, byte[]? handshakeList = null, CertificatePurpose purpose = CertificatePurpose.Server) =>
        new CertificateVerifier(options).VerifyAsync(
            new CertificateVerificationRequest { Chain = [leaf], Names = [PeerName.Parse("a.example")], Purpose = purpose, Time = Now, Timestamps = handshakeList },
            CancellationToken.None).AsTask();

    private static byte[] Signed(byte[] certificate) => new AsnReader(certificate, AsnEncodingRules.DER).ReadSequence().ReadEncodedValue().ToArray();
}
