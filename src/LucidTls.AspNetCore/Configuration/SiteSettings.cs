namespace LucidTls.AspNetCore.Configuration;

/// <summary>What an endpoint does for one name, or for all that have no entry of their own.</summary>
internal sealed record SiteSettings
{
    internal const string CertificateKey = "Certificate";

    public static readonly string[] Keys = [CertificateKey, .. ClientSettings.Keys, .. ProtocolSettings.Keys];

    /// <summary>The place in the configuration, for messages.</summary>
    public required string Place { get; init; }

    public required CertificateSettings? Certificate { get; init; }

    public required ClientSettings Clients { get; init; }

    public required ProtocolSettings Protocol { get; init; }

    /// <param name="settings">The section.</param>
    /// <param name="contentRoot">Where relative paths begin.</param>
    /// <param name="inherited">What holds where the section says nothing.</param>
    /// <exception cref="InvalidOperationException">Something is wrong; the message names the setting.</exception>
    public static SiteSettings Read(Settings settings, string contentRoot, SiteSettings? inherited) => new()
    {
        Place = settings.Path,
        Certificate = settings.Section(CertificateKey) is { } certificate ? CertificateSettings.Read(certificate, contentRoot) : inherited?.Certificate,
        Clients = ClientSettings.Read(settings, contentRoot, inherited?.Clients),
        Protocol = ProtocolSettings.Read(settings, inherited?.Protocol),
    };
}
