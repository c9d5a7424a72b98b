using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace LucidTls.Certificates;

/// <summary>The certificates that are trusted without proof, found by subject.</summary>
internal sealed class TrustAnchors
{
    /// <summary>Where Linux distributions keep their bundle; the first that exists is taken.</summary>
    private static readonly string[] BundleFiles =
    [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ];

    private readonly ILookup<Bytes, Certificate> _bySubject;

    public TrustAnchors(IEnumerable<Certificate> anchors) => _bySubject = anchors.ToLookup(anchor => new Bytes(anchor.Subject));

    public int Count => _bySubject.Sum(group => group.Count());

    public IEnumerable<Certificate> BySubject(ReadOnlyMemory<byte> subject) => _bySubject[new Bytes(subject)];

    public bool Contains(Certificate certificate) => BySubject(certificate.Subject).Any(anchor => anchor.Der.Span.SequenceEqual(certificate.Der.Span));

    /// <summary>The system's store: SSL_CERT_FILE and SSL_CERT_DIR if set, else the distribution's bundle, else the platform's store.</summary>
    public static TrustAnchors FromSystem()
    {
        var file = Environment.GetEnvironmentVariable("SSL_CERT_FILE");
        var folder = Environment.GetEnvironmentVariable("SSL_CERT_DIR");
        if (file == null && folder == null && OperatingSystem.IsLinux())
            file = Array.Find(BundleFiles, File.Exists);
        if (file == null && folder == null)
            return new TrustAnchors(FromPlatformStore());
        var anchors = new Dictionary<Bytes, Certificate>();
        var files = File.Exists(file) ? [file] : Enumerable.Empty<string>();
        foreach (var path in files.Concat((folder ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Where(Directory.Exists).SelectMany(Directory.EnumerateFiles)))
        {
            foreach (var anchor in Read(path))
                anchors.TryAdd(new Bytes(anchor.Der), anchor);
        }
        return new TrustAnchors(anchors.Values);
    }

    // A store is read as far as it can be: one bad file does not take the others away.
    private static IEnumerable<Certificate> Read(string path)
    {
        try
        {
            return [.. PemReader.Certificates(File.ReadAllText(path)).Select(Certificate.TryParse).OfType<Certificate>()];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException)
        {
            return [];
        }
    }

    private static List<Certificate> FromPlatformStore()
    {
        var anchors = new List<Certificate>();
        foreach (var location in new[] { StoreLocation.CurrentUser, StoreLocation.LocalMachine })
        {
            try
            {
                using var store = new X509Store(StoreName.Root, location, OpenFlags.ReadOnly);
                anchors.AddRange(store.Certificates.Select(certificate => Certificate.TryParse(certificate.RawData)).OfType<Certificate>());
            }
            catch (CryptographicException)
            {
                // The platform has no such store.
            }
        }
        return anchors;
    }

    /// <summary>Bytes compared by content.</summary>
    private readonly struct Bytes(ReadOnlyMemory<byte> value) : IEquatable<Bytes>
    {
        private readonly ReadOnlyMemory<byte> _value = value;

        public bool Equals(Bytes other) => _value.Span.SequenceEqual(other._value.Span);

        public override bool Equals(object? obj) => obj is Bytes other && Equals(other);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.AddBytes(_value.Span);
            return hash.ToHashCode();
        }
    }
}
