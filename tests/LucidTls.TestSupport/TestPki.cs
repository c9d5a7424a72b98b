using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace LucidTls.TestSupport;

/// <summary>A certificate authority made at run time: a root, an intermediate, and leaves of any kind. Nothing of it expires in a test's lifetime.</summary>
public sealed class TestPki : IDisposable
{
    private readonly TestKey _rootKey;
    private readonly TestKey _intermediateKey;

    /// <param name="keyKind">The kind of the authorities' keys.</param>
    /// <param name="name">What the authorities' names begin with.</param>
    public TestPki(KeyKind keyKind = KeyKind.EcdsaP256, string name = "LucidTls Test")
    {
        _rootKey = TestKey.Create(keyKind);
        _intermediateKey = TestKey.Create(keyKind);
        Root = Issue(new CertificateSpec { Subject = $"CN={name} Root", IsAuthority = true }, _rootKey, $"CN={name} Root", _rootKey);
        Intermediate = Issue(new CertificateSpec { Subject = $"CN={name} Intermediate", IsAuthority = true }, _intermediateKey, Subject(Root), _rootKey);
    }

    /// <summary>The root in DER.</summary>
    public byte[] Root { get; }

    /// <summary>The intermediate in DER.</summary>
    public byte[] Intermediate { get; }

    /// <summary>The root in PEM.</summary>
    public string RootPem => Pem(Root);

    /// <summary>The intermediate in PEM.</summary>
    public string IntermediatePem => Pem(Intermediate);

    /// <summary>A leaf for those names, DNS names or IP addresses, signed by the intermediate.</summary>
    public TestCertificate Leaf(KeyKind keyKind, params string[] names) => Leaf(new CertificateSpec { KeyKind = keyKind, Names = names });

    /// <summary>A leaf as described, signed by the intermediate.</summary>
    public TestCertificate Leaf(CertificateSpec spec)
    {
        var key = TestKey.Create(spec.KeyKind);
        var certificate = Issue(spec, key, Subject(Intermediate), _intermediateKey);
        return new TestCertificate([certificate, Intermediate], key);
    }

    /// <summary>A server's leaf for localhost, 127.0.0.1 and ::1.</summary>
    public TestCertificate Server(KeyKind keyKind = KeyKind.EcdsaP256) => Leaf(new CertificateSpec
    {
        KeyKind = keyKind,
        Names = ["localhost", "127.0.0.1", "::1"],
        // NSS wants it of RSA keys, whatever the version.
        KeyUsage = keyKind == KeyKind.Rsa2048 ? X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment : X509KeyUsageFlags.DigitalSignature,
    });

    /// <summary>A client's leaf.</summary>
    public TestCertificate Client(KeyKind keyKind = KeyKind.EcdsaP256) => Leaf(new CertificateSpec { Subject = "CN=client", KeyKind = keyKind, Names = ["client.example"] });

    public void Dispose()
    {
        _rootKey.Dispose();
        _intermediateKey.Dispose();
    }

    internal static string Pem(byte[] certificate) => PemEncoding.WriteString("CERTIFICATE", certificate) + "\n";

    private static string Subject(byte[] certificate)
    {
        using var parsed = X509CertificateLoader.LoadCertificate(certificate);
        return parsed.Subject;
    }

    private static byte[] Issue(CertificateSpec spec, TestKey key, string issuer, TestKey issuerKey)
    {
        var request = new CertificateRequest(new X500DistinguishedName(spec.Subject), PublicKey.CreateFromSubjectPublicKeyInfo(key.SubjectPublicKeyInfo, out _), HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(spec.IsAuthority, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(spec.IsAuthority ? X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign : spec.KeyUsage, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(new X509SubjectKeyIdentifierExtension(PublicKey.CreateFromSubjectPublicKeyInfo(issuerKey.SubjectPublicKeyInfo, out _), false)));
        if (!spec.IsAuthority)
        {
            var usages = new OidCollection();
            foreach (var usage in spec.ExtendedKeyUsages)
                usages.Add(new Oid(usage));
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(usages, false));
            if (spec.Names.Count > 0)
                request.CertificateExtensions.Add(AlternativeNames(spec.Names));
        }
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)(serial[0] & 0x7F | 0x01);
        var now = DateTimeOffset.UtcNow;
        using var certificate = request.Create(new X500DistinguishedName(issuer), issuerKey.Generator, spec.NotBefore ?? now.AddHours(-1), spec.NotAfter ?? now.AddDays(spec.IsAuthority ? 3650 : 30), serial);
        return certificate.RawData;
    }

    private static X509Extension AlternativeNames(IReadOnlyList<string> names)
    {
        var builder = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name, out var address))
                builder.AddIpAddress(address);
            else
                builder.AddDnsName(name);
        }
        return builder.Build();
    }
}

/// <summary>What a leaf shall look like.</summary>
public sealed record CertificateSpec
{
    public const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    public const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    public string Subject { get; init; } = "CN=leaf";
    public KeyKind KeyKind { get; init; } = KeyKind.EcdsaP256;
    public IReadOnlyList<string> Names { get; init; } = [];
    public DateTimeOffset? NotBefore { get; init; }
    public DateTimeOffset? NotAfter { get; init; }
    public X509KeyUsageFlags KeyUsage { get; init; } = X509KeyUsageFlags.DigitalSignature;
    public IReadOnlyList<string> ExtendedKeyUsages { get; init; } = [ServerAuthentication, ClientAuthentication];
    public bool IsAuthority { get; init; }
}
