namespace LucidTls.AspNetCore.Configuration;

/// <summary>Where identities come from: files, a folder of them, or the configuration itself.</summary>
internal sealed record CertificateSettings
{
    private const string PathKey = "Path";
    internal const string KeyPathKey = "KeyPath";
    internal const string PasswordKey = "Password";
    internal const string PasswordFileKey = "PasswordFile";
    private const string FolderKey = "Folder";
    private const string PemKey = "Pem";
    private const string KeyPemKey = "KeyPem";

    /// <summary>The place in the configuration, for messages.</summary>
    public required string Place { get; init; }

    public string? Path { get; private init; }

    public string? KeyPath { get; private init; }

    public string? Password { get; private init; }

    /// <summary>The file whose first line is the password.</summary>
    public string? PasswordFile { get; private init; }

    public string? Folder { get; private init; }

    public string? Pem { get; private init; }

    public string? KeyPem { get; private init; }

    /// <exception cref="InvalidOperationException">It does not say where, or in two ways.</exception>
    public static CertificateSettings Read(Settings settings, string contentRoot)
    {
        settings.DemandKnown(PathKey, KeyPathKey, PasswordKey, PasswordFileKey, FolderKey, PemKey, KeyPemKey);
        var read = new CertificateSettings
        {
            Place = settings.Path,
            Path = FullPath(settings.Text(PathKey), contentRoot),
            KeyPath = FullPath(settings.Text(KeyPathKey), contentRoot),
            Password = settings.Text(PasswordKey),
            PasswordFile = FullPath(settings.Text(PasswordFileKey), contentRoot),
            Folder = FullPath(settings.Text(FolderKey), contentRoot),
            Pem = settings.Text(PemKey),
            KeyPem = settings.Text(KeyPemKey),
        };
        if ((read.Path != null ? 1 : 0) + (read.Folder != null ? 1 : 0) + (read.Pem != null ? 1 : 0) != 1)
            throw new InvalidOperationException($"{settings.Path} must have one of {PathKey}, {FolderKey} and {PemKey}.");
        if (read.KeyPath != null && read.Path == null)
            settings.Fail(KeyPathKey, $"goes with {PathKey}.");
        if (read.KeyPem != null && read.Pem == null)
            settings.Fail(KeyPemKey, $"goes with {PemKey}.");
        if (read.PasswordFile != null && read.Password != null)
            settings.Fail(PasswordFileKey, $"goes without {PasswordKey}: one of them says what the password is.");
        return read;
    }

    /// <summary>Without what is secret.</summary>
    public override string ToString() => Place;

    /// <summary>Relative paths begin at the content root, as those of Kestrel's own configuration do.</summary>
    private static string? FullPath(string? path, string contentRoot) => path == null ? null : System.IO.Path.GetFullPath(path, contentRoot);
}
