using System.Globalization;
using LucidTls.AspNetCore.Configuration;
using Microsoft.Extensions.Configuration;

namespace LucidTls.Cli.Configuring;

/// <summary>What is served as the adapter for Kestrel reads its configuration; what it makes of that follows the files of certificates.</summary>
internal sealed class SiteOptions
{
    /// <summary>The setting of revocation lists.</summary>
    internal const string ListsKey = $"{ClientSettings.RevocationKey}:{RevocationSettings.ListsKey}";

    private readonly IConfigurationRoot _root;
    private readonly Dictionary<string, string> _places = new(StringComparer.OrdinalIgnoreCase);

    public SiteOptions(ServeConfiguration configuration)
    {
        var data = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < configuration.Services.Count; i++)
        {
            _places[Path(i)] = configuration.Services[i].Place;
            // The certificates are the operator's own, so their responders may be inside.
            data[$"{Path(i)}:{EndpointSettings.PrivateRespondersKey}"] = "true";
            data[$"{Path(i)}:{EndpointSettings.StaplingKey}"] = configuration.Services[i].OcspStapling.ToString();
            data[$"{Path(i)}:{EndpointSettings.HandshakeTimeoutKey}"] = configuration.Services[i].HandshakeTimeout?.ToString("c", CultureInfo.InvariantCulture);
            data[$"{Path(i)}:{EndpointSettings.MostHandshakesKey}"] = Text(configuration.Services[i].MaxConcurrentHandshakes);
            foreach (var site in configuration.Services[i].Sites)
            {
                foreach (var name in site.Names.DefaultIfEmpty(""))
                    Add(data, name.Length == 0 ? Path(i) : $"{Path(i)}:Sni:{name}", site);
            }
        }
        _root = new ConfigurationBuilder().AddInMemoryCollection(data).Build();
    }

    /// <summary>The section of a service.</summary>
    public IConfigurationSection Of(int service) => _root.GetSection(Path(service));

    /// <summary>How the place of a setting is called for whoever wrote it.</summary>
    public string Show(string place)
    {
        for (var path = place; path.Length > 0; path = path[..Math.Max(0, path.LastIndexOf(':'))])
        {
            if (_places.TryGetValue(path, out var shown))
                return shown;
        }
        return place;
    }

    private static string Path(int service) => $"services:{service}";

    private void Add(Dictionary<string, string?> data, string path, SiteConfiguration site)
    {
        foreach (var (key, place) in site.Places)
            _places[key.Length == 0 ? path : $"{path}:{key}"] = place;
        if (site.Certificate is { } certificate)
            data[$"{path}:{SiteSettings.CertificateKey}:{(Directory.Exists(certificate) ? "Folder" : "Path")}"] = certificate;
        if (site.Key is not null)
            data[$"{path}:{SiteSettings.CertificateKey}:{CertificateSettings.KeyPathKey}"] = site.Key;
        if (site.PasswordFile is not null)
            data[$"{path}:{SiteSettings.CertificateKey}:{CertificateSettings.PasswordFileKey}"] = site.PasswordFile;
        if (site.Password is not null)
            data[$"{path}:{SiteSettings.CertificateKey}:{CertificateSettings.PasswordKey}"] = site.Password;
        data[$"{path}:{ClientSettings.ModeKey}"] = site.Clients.Mode.ToString();
        data[$"{path}:{ClientSettings.RootsKey}"] = site.Clients.Roots;
        data[$"{path}:{ClientSettings.AuthoritiesKey}"] = site.Clients.Authorities;
        AddList(data, $"{path}:{ListsKey}", site.Clients.RevocationLists);
        Add(data, $"{path}:{ClientSettings.RevocationKey}", site.Clients.Revocation);
        AddList(data, $"{path}:{ClientSettings.UrisKey}", site.Clients.Uris);
        AddList(data, $"{path}:{ClientSettings.DnsNamesKey}", site.Clients.DnsNames);
        AddList(data, $"{path}:{ProtocolSettings.ProtocolsKey}", site.Backend.Protocols);
        Add(data, path, site.Tls);
    }

    private static void Add(Dictionary<string, string?> data, string path, RevocationRules revocation)
    {
        data[$"{path}:{RevocationSettings.ModeKey}"] = revocation.Mode;
        data[$"{path}:{RevocationSettings.ScopeKey}"] = revocation.Scope;
        data[$"{path}:{RevocationSettings.FetchKey}"] = revocation.Fetch.ToString();
        data[$"{path}:{RevocationSettings.PrivateKey}"] = revocation.AllowPrivateAddresses.ToString();
    }

    private static void Add(Dictionary<string, string?> data, string path, TlsRules tls)
    {
        data[$"{path}:{ProtocolSettings.MinimumVersionKey}"] = tls.MinimumVersion;
        data[$"{path}:{ProtocolSettings.MaximumVersionKey}"] = tls.MaximumVersion;
        AddList(data, $"{path}:{ProtocolSettings.CipherSuitesKey}", tls.CipherSuites);
        AddList(data, $"{path}:{ProtocolSettings.GroupsKey}", tls.Groups);
        AddList(data, $"{path}:{ProtocolSettings.SchemesKey}", tls.SignatureSchemes);
        data[$"{path}:{ProtocolSettings.ResumeKey}"] = tls.AllowTlsResume.ToString();
        data[$"{path}:{ProtocolSettings.TicketCountKey}"] = Text(tls.TicketCount);
        data[$"{path}:{ProtocolSettings.TicketLifetimeKey}"] = tls.TicketLifetime?.ToString("c", CultureInfo.InvariantCulture);
        data[$"{path}:{ProtocolSettings.RecordSizeLimitKey}"] = Text(tls.RecordSizeLimit);
        data[$"{path}:{ProtocolSettings.RequireProtocolKey}"] = tls.RequireApplicationProtocol.ToString();
        data[$"{path}:{ProtocolSettings.RequireServerNameKey}"] = tls.RequireKnownServerName.ToString();
    }

    private static string? Text(int? number) => number?.ToString(CultureInfo.InvariantCulture);

    private static void AddList(Dictionary<string, string?> data, string path, IReadOnlyList<string> texts)
    {
        for (var i = 0; i < texts.Count; i++)
            data[$"{path}:{i}"] = texts[i];
    }
}
