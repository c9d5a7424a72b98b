using System.Security.Cryptography;
using System.Text;
using LucidTls.Certificates.Parsing;

namespace LucidTls.AspNetCore.Configuration;

/// <summary>One identity as it lies on disk or in the configuration, with a fingerprint of what it is made from.</summary>
internal sealed record CertificateFile(string Place, string? Path, string? KeyPath, string? Pem, string? KeyPem, string? Password, string? PasswordPath, string Fingerprint)
{
    /// <summary>Those that the settings speak of, not read yet but for the fingerprint. What cannot be read has a fingerprint of that.</summary>
    public static IEnumerable<CertificateFile> List(CertificateSettings settings)
    {
        var password = settings.PasswordFile is { } file ? FingerprintOf(file) : settings.Password;
        if (settings.Pem is { } pem)
            return [new CertificateFile(settings.Place, null, null, pem, settings.KeyPem, settings.Password, settings.PasswordFile, Hash(pem, settings.KeyPem, password))];
        var pairs = settings.Folder is { } folder ? InFolder(folder) : [(settings.Path!, settings.KeyPath)];
        return pairs.Select(pair => new CertificateFile(settings.Place, pair.Path, pair.KeyPath, null, null, settings.Password, settings.PasswordFile, Hash(FingerprintOf(pair.Path), pair.KeyPath == null ? null : FingerprintOf(pair.KeyPath), password)));
    }

    /// <exception cref="SettingException">They speak of a folder without any.</exception>
    public static IReadOnlyList<CertificateFile> Demand(CertificateSettings settings) => List(settings).ToArray() is { Length: > 0 } files
        ? files
        : throw new SettingException(settings.Place, $"There is no certificate in the folder {settings.Folder}. Here belongs one with fullchain.pem and privkey.pem, tls.crt and tls.key, or NAME.pem and NAME.key.");

    /// <summary>The SHA-256 of a file, or of all files in a folder. Content is compared, since a link that is turned to another file changes neither time nor length.</summary>
    public static string FingerprintOf(string path)
    {
        try
        {
            if (Directory.Exists(path))
                return Hash([.. Directory.EnumerateFiles(path).Order(StringComparer.Ordinal).SelectMany(file => (string[])[file, FingerprintOf(file)])]);
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return Convert.ToHexString(SHA256.HashData(stream));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return exception.GetType().Name;
        }
    }

    /// <exception cref="SettingException">It cannot be used; the message says where it is and why.</exception>
    public TlsIdentity Load()
    {
        var password = PasswordPath is { } file ? PasswordFile.Read($"{Place}:{CertificateSettings.PasswordFileKey}", file).Password : Password;
        try
        {
            return Pem != null ? TlsIdentity.FromPem(Pem, KeyPem ?? Pem, password) : TlsIdentity.FromPemFile(Path!, KeyPath, password);
        }
        catch (Exception exception) when (PasswordException.In(exception) != null)
        {
            throw PasswordPath == null
                ? new SettingException($"{Place}:{CertificateSettings.PasswordKey}", exception.Message, exception)
                : new SettingException($"{Place}:{CertificateSettings.PasswordFileKey}", $"{exception.Message.TrimEnd('.')}; it is from {PasswordPath}.", exception);
        }
        catch (Exception exception) when (NamedFile.IsFault(exception))
        {
            if (Path == null)
                throw new SettingException(Place, exception.Message, exception);
            // What is wrong with the key, or the key not being the certificate's, is to be mended there.
            var keyPlace = $"{Place}:{CertificateSettings.KeyPathKey}";
            if (KeyPath != null && exception is ArgumentException && exception.Message.StartsWith("The private key", StringComparison.Ordinal))
                throw new SettingException(keyPlace, $"{KeyPath}: The private key is not that of {Path}.", exception);
            throw KeyPath != null && exception.Message.Contains(KeyPath, StringComparison.Ordinal) && File.Exists(Path)
                ? new SettingException(keyPlace, NamedFile.Sentence(KeyPath, $"the private key of {Path}, in PEM", exception), exception)
                : new SettingException(Place, NamedFile.Sentence(Path, "a certificate chain with the leaf first and its key, in PEM or PKCS#12", exception), exception);
        }
    }

    /// <summary>Without what is secret.</summary>
    public override string ToString() => Path ?? Place;

    /// <summary>PKCS#12 files; PEM files with the key in them or beside them (.key); and in folders below, the pairs that certbot and Kubernetes write.</summary>
    private static IEnumerable<(string Path, string? KeyPath)> InFolder(string folder)
    {
        if (!Directory.Exists(folder))
            return [];
        if (PairIn(folder) is { } only)
            return [only];
        var found = new List<(string, string?)>();
        foreach (var file in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
        {
            var extension = System.IO.Path.GetExtension(file).ToLowerInvariant();
            if (extension is ".pfx" or ".p12")
                found.Add((file, null));
            else if (extension is ".pem" or ".crt" or ".cer")
                found.Add((file, System.IO.Path.ChangeExtension(file, ".key") is var key && File.Exists(key) ? key : null));
        }
        // Names with a dot in front are Kubernetes' own: what they hold is linked to from above.
        foreach (var below in Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal))
        {
            if (!System.IO.Path.GetFileName(below).StartsWith('.') && PairIn(below) is { } pair)
                found.Add(pair);
        }
        return found;
    }

    private static (string Path, string? KeyPath)? PairIn(string folder)
    {
        foreach (var (certificate, key) in (ReadOnlySpan<(string, string)>)[("fullchain.pem", "privkey.pem"), ("tls.crt", "tls.key")])
        {
            var path = System.IO.Path.Combine(folder, certificate);
            if (File.Exists(path))
                return (path, System.IO.Path.Combine(folder, key));
        }
        return null;
    }

    internal static string Hash(params IEnumerable<string?> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in parts)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(part ?? "\0"));
            hash.AppendData("\n"u8);
        }
        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
