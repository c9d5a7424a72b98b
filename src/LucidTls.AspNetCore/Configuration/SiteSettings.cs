namespace LucidTls.AspNetCore.Configuration;

/// <summary>What an endpoint does for one name, or for all that have no entry of their own.</summary>
internal sealed record SiteSettings
{
    internal const string CertificateKey = "Certificate";
    internal const string ModeKey = "ClientCertificateMode";
    internal const string RootsKey = "ClientCertificateRoots";
    internal const string MinimumVersionKey = "MinimumVersion";

    public static readonly string[] Keys = [CertificateKey, ModeKey, RootsKey, MinimumVersionKey];

    /// <summary>The place in the configuration, for messages.</summary>
    public required string Place { get; init; }

    public CertificateSettings? Certificate { get; private init; }

    public ClientCertificateMode ClientCertificateMode { get; private init; }

    /// <summary>A PEM file or a folder of them.</summary>
    public string? ClientCertificateRoots { get; private init; }

    public TlsVersion? MinimumVersion { get; private init; }

    /// <param name="settings">The section.</param>
    /// <param name="contentRoot">Where relative paths begin.</param>
    /// <param name="inherited">What holds where the section says nothing.</param>
    public static SiteSettings Read(Settings settings, string contentRoot, SiteSettings? inherited)
    {
        var read = new SiteSettings
        {
            Place = settings.Path,
            Certificate = settings.Section(CertificateKey) is { } certificate ? CertificateSettings.Read(certificate, contentRoot) : inherited?.Certificate,
            ClientCertificateMode = settings.Mode(ModeKey) ?? inherited?.ClientCertificateMode ?? ClientCertificateMode.None,
            ClientCertificateRoots = CertificateSettings.FullPath(settings.Text(RootsKey), contentRoot) ?? inherited?.ClientCertificateRoots,
            MinimumVersion = settings.Version(MinimumVersionKey) ?? inherited?.MinimumVersion,
        };
        if (read.ClientCertificateMode != ClientCertificateMode.None && read.ClientCertificateRoots == null)
            settings.Fail(ModeKey, $"is {read.ClientCertificateMode}, so {RootsKey} must name the authorities whose certificates are good: a PEM file, or a folder of them.");
        return read;
    }
}
