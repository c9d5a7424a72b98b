using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace LucidTls.Cli.Reporting;

/// <summary>What a person wants to know of a certificate. Never throws for a bad one: <see cref="Problem"/> says what is wrong.</summary>
internal sealed record CertificateFacts
{
    public required string Sha256 { get; init; }
    public string Subject { get; private init; } = "";
    public string Issuer { get; private init; } = "";
    public DateTimeOffset NotBefore { get; private init; }
    public DateTimeOffset NotAfter { get; private init; }
    public string Key { get; private init; } = "";
    public string SignatureAlgorithm { get; private init; } = "";
    public IReadOnlyList<string> Names { get; private init; } = [];
    public bool IsAuthority { get; private init; }
    public string? Problem { get; private init; }

    public string Validity => string.Create(CultureInfo.InvariantCulture, $"{NotBefore:yyyy-MM-dd HH:mm} to {NotAfter:yyyy-MM-dd HH:mm} UTC");

    public static CertificateFacts Of(ReadOnlyMemory<byte> der)
    {
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(der.Span));
        try
        {
            using var certificate = X509CertificateLoader.LoadCertificate(der.Span);
            return new CertificateFacts
            {
                Sha256 = sha256,
                Subject = Printable.Line(certificate.Subject),
                Issuer = Printable.Line(certificate.Issuer),
                NotBefore = certificate.NotBefore.ToUniversalTime(),
                NotAfter = certificate.NotAfter.ToUniversalTime(),
                Key = KeyOf(certificate),
                SignatureAlgorithm = AlgorithmOf(certificate.SignatureAlgorithm),
                Names = NamesOf(certificate),
                IsAuthority = certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(constraints => constraints.CertificateAuthority),
            };
        }
        catch (CryptographicException failure)
        {
            return new CertificateFacts { Sha256 = sha256, Problem = $"It cannot be read: {Printable.Line(failure.Message)}" };
        }
    }

    private static string KeyOf(X509Certificate2 certificate)
    {
        switch (certificate.PublicKey.Oid.Value)
        {
            case "1.2.840.10045.2.1":
                // The curve's name stands in the parameters, as an OBJECT IDENTIFIER.
                return certificate.GetECDsaPublicKey() is { } ecdsa ? Dispose(ecdsa, $"ECDSA P-{ecdsa.KeySize}") : "ECDSA";
            case "1.2.840.113549.1.1.1" or "1.2.840.113549.1.1.10":
                return certificate.GetRSAPublicKey() is { } rsa ? Dispose(rsa, $"RSA {rsa.KeySize} bits") : "RSA";
            case "1.3.101.112":
                return "Ed25519";
            case "1.3.101.113":
                return "Ed448";
            case var oid:
                return Printable.Line(certificate.PublicKey.Oid.FriendlyName ?? oid ?? "unknown");
        }
    }

    private static string Dispose(IDisposable key, string name)
    {
        key.Dispose();
        return name;
    }

    private static string AlgorithmOf(Oid oid) => oid.Value switch
    {
        "1.2.840.10045.4.3.2" => "ECDSA with SHA-256",
        "1.2.840.10045.4.3.3" => "ECDSA with SHA-384",
        "1.2.840.10045.4.3.4" => "ECDSA with SHA-512",
        "1.2.840.113549.1.1.5" => "RSA PKCS#1 with SHA-1",
        "1.2.840.113549.1.1.11" => "RSA PKCS#1 with SHA-256",
        "1.2.840.113549.1.1.12" => "RSA PKCS#1 with SHA-384",
        "1.2.840.113549.1.1.13" => "RSA PKCS#1 with SHA-512",
        "1.2.840.113549.1.1.10" => "RSA-PSS",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        var other => Printable.Line(oid.FriendlyName ?? other ?? "unknown"),
    };

    private static List<string> NamesOf(X509Certificate2 certificate)
    {
        var names = new List<string>();
        foreach (var extension in certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>())
        {
            names.AddRange(extension.EnumerateDnsNames().Select(Printable.Line));
            names.AddRange(extension.EnumerateIPAddresses().Select(address => address.ToString()));
        }
        return names;
    }
}
