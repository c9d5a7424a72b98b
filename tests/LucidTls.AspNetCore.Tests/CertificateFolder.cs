using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace LucidTls.AspNetCore.Tests;

/// <summary>A folder with certificates, each new one in place of the last, written as the tools that renew them do.</summary>
internal sealed class CertificateFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("lucidtls-kestrel-");

    public string Folder => _folder.FullName;

    public string Path(string name) => System.IO.Path.Combine(Folder, name);

    /// <summary>Issues a certificate into NAME.pem and its key into NAME.key.</summary>
    /// <returns>The leaf in DER.</returns>
    public byte[] Issue(string file, string subject, string name = "localhost")
    {
        using var certificate = TestPki.IssueCertificate(subject, name);
        using var key = certificate.GetECDsaPrivateKey()!;
        Write(file + ".key", key.ExportPkcs8PrivateKeyPem());
        Write(file + ".pem", certificate.ExportCertificatePem());
        return certificate.RawData;
    }

    /// <summary>The same with the key encrypted.</summary>
    public byte[] IssueEncrypted(string file, string subject, string password, string name = "localhost")
    {
        using var certificate = TestPki.IssueCertificate(subject, name);
        using var key = certificate.GetECDsaPrivateKey()!;
        Write(file + ".key", key.ExportEncryptedPkcs8PrivateKeyPem(password, new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 2000)));
        Write(file + ".pem", certificate.ExportCertificatePem());
        return certificate.RawData;
    }

    public string IssuePkcs12(string file, string subject, string password, string name = "localhost")
    {
        using var certificate = TestPki.IssueCertificate(subject, name);
        File.WriteAllBytes(Path(file), certificate.ExportPkcs12(Pkcs12ExportPbeParameters.Pbes2Aes256Sha256, password));
        return Path(file);
    }

    /// <summary>In one step, as a tool that takes care does.</summary>
    public void Write(string file, string text) => Write(file, Encoding.UTF8.GetBytes(text));

    /// <summary>In one step, as a tool that takes care does.</summary>
    public void Write(string file, byte[] content)
    {
        File.WriteAllBytes(Path(file) + ".new", content);
        File.Move(Path(file) + ".new", Path(file), overwrite: true);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
