using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace LucidTls.TestSupport;

/// <summary>A leaf with its chain (DER, leaf first, without the root) and its key.</summary>
public sealed class TestCertificate(IReadOnlyList<byte[]> chain, TestKey key)
{
    public IReadOnlyList<byte[]> Chain { get; } = chain;
    public TestKey Key { get; } = key;

    public string ChainPem => string.Concat(Chain.Select(TestPki.Pem));
    public string KeyPem => PemEncoding.WriteString("PRIVATE KEY", Key.Pkcs8) + "\n";

    public TlsIdentity Identity() => TlsIdentity.FromPem(ChainPem, KeyPem);

    /// <summary>The leaf with its private key for the platform's own classes; not for Ed25519 and RSASSA-PSS keys, which .NET cannot hold.</summary>
    public X509Certificate2 ToPlatform()
    {
        using var certificate = X509Certificate2.CreateFromPem(ChainPem, KeyPem);
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }

    /// <summary>Chain and key as PKCS#12; for the kinds that <see cref="ToPlatform"/> knows.</summary>
    public byte[] ToPkcs12(string password)
    {
        using var leaf = ToPlatform();
        var collection = new X509Certificate2Collection { leaf };
        foreach (var authority in Chain.Skip(1))
            collection.Add(X509CertificateLoader.LoadCertificate(authority));
        return collection.Export(X509ContentType.Pkcs12, password)!;
    }

    /// <summary>Writes chain and key as PEM files into a folder.</summary>
    public (string ChainPath, string KeyPath) WriteTo(string folder, string name = "leaf")
    {
        var paths = (ChainPath: Path.Combine(folder, name + ".pem"), KeyPath: Path.Combine(folder, name + ".key"));
        File.WriteAllText(paths.ChainPath, ChainPem);
        File.WriteAllText(paths.KeyPath, KeyPem);
        return paths;
    }
}
