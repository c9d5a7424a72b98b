using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates.Trust;

/// <summary>The roots that the operating system trusts: SSL_CERT_FILE and SSL_CERT_DIR if set, else the distribution's bundle, else the platform's store.</summary>
internal static class SystemStore
{
    private const long MostBytes = 16 * 1024 * 1024;

    /// <summary>Where Linux distributions and BSDs keep their bundle; the first that exists is taken.</summary>
    private static readonly string[] BundleFiles =
    [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
        "/etc/pki/tls/cacert.pem",
        "/usr/local/share/certs/ca-root-nss.crt",
    ];

    public static TrustAnchors Read() => Read(Environment.GetEnvironmentVariable("SSL_CERT_FILE"), Environment.GetEnvironmentVariable("SSL_CERT_DIR"));

    /// <param name="file">A PEM file; null for the distribution's.</param>
    /// <param name="folders">Folders with a certificate a file, separated as in PATH; null for none.</param>
    public static TrustAnchors Read(string? file, string? folders)
    {
        if (string.IsNullOrEmpty(file) && string.IsNullOrEmpty(folders))
        {
            file = FindBundle();
            if (file == null)
                return new TrustAnchors(ReadPlatformStore());
        }
        var files = string.IsNullOrEmpty(file) ? [] : new[] { file };
        var inFolders = (folders ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Where(Directory.Exists).SelectMany(Directory.EnumerateFiles);
        return new TrustAnchors(files.Concat(inFolders).SelectMany(ReadFile));
    }

    /// <summary>The distribution's bundle; null where there is none.</summary>
    public static string? FindBundle() => OperatingSystem.IsWindows() || OperatingSystem.IsMacOS() ? null : Array.Find(BundleFiles, File.Exists);

    // A store is read as far as it can be: one bad file does not take the others away.
    private static IEnumerable<TrustAnchor> ReadFile(string path)
    {
        try
        {
            if (new FileInfo(path).Length > MostBytes)
                return [];
            // Simple on purpose: this is read while somebody waits for a first connection, before anything is compiled.
            var anchors = new List<TrustAnchor>();
            foreach (var block in PemBlock.Read(Encoding.Latin1.GetString(File.ReadAllBytes(path)), PemReader.IsCertificate, passOverMalformed: true))
            {
                if (block.Label != "CERTIFICATE")
                    anchors.AddRange(PemReader.CertificatesIn([block]).Select(Certificate.TryParse).OfType<Certificate>().Select(Settled));
                else if (Certificate.TryParse(block.Data) is { } certificate)
                    anchors.Add(Settled(certificate));
            }
            return anchors;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException)
        {
            return [];
        }
    }

    private static List<TrustAnchor> ReadPlatformStore()
    {
        var anchors = new List<TrustAnchor>();
        foreach (var location in new[] { StoreLocation.CurrentUser, StoreLocation.LocalMachine })
        {
            try
            {
                using var store = new X509Store(StoreName.Root, location, OpenFlags.ReadOnly);
                anchors.AddRange(store.Certificates.Select(certificate => Certificate.TryParse(certificate.RawData)).OfType<Certificate>().Select(Settled));
            }
            catch (CryptographicException)
            {
                // The platform has no such store.
            }
        }
        return anchors;
    }

    private static TrustAnchor Settled(Certificate certificate) => new(certificate, isFormSettled: true);
}
