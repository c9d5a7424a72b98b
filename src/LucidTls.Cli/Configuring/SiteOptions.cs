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
            data[$"{Path(i)}:OcspPrivateResponders"] = "true";
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
        data[$"{path}:{ClientSettings.ModeKey}"] = site.Clients.Mode.ToString();
        data[$"{path}:{ClientSettings.RootsKey}"] = site.Clients.Roots;
        data[$"{path}:{ProtocolSettings.MinimumVersionKey}"] = site.MinimumVersion;
        AddList(data, $"{path}:{ListsKey}", site.Clients.RevocationLists);
        AddList(data, $"{path}:{ClientSettings.UrisKey}", site.Clients.Uris);
        AddList(data, $"{path}:{ClientSettings.DnsNamesKey}", site.Clients.DnsNames);
        AddList(data, $"{path}:{ProtocolSettings.ProtocolsKey}", site.Backend.Protocols);
    }

    private static void AddList(Dictionary<string, string?> data, string path, IReadOnlyList<string> texts)
    {
        for (var i = 0; i < texts.Count; i++)
            data[$"{path}:{i}"] = texts[i];
    }
}
