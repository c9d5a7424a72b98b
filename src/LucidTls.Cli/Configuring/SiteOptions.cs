using Microsoft.Extensions.Configuration;

namespace LucidTls.Cli.Configuring;

/// <summary>The services of the file as the adapter for Kestrel reads its configuration; what it makes of that follows the files of certificates.</summary>
internal sealed class SiteOptions : ConfigurationProvider, IConfigurationSource
{
    private readonly ConfigurationRoot _root;

    public SiteOptions(ServeConfiguration configuration)
    {
        Write(configuration);
        _root = new ConfigurationRoot([this]);
    }

    /// <summary>The section of a service.</summary>
    public IConfigurationSection Of(int service) => _root.GetSection(Path(service));

    /// <summary>From now on it says this. What was read from it before is read again.</summary>
    public void Write(ServeConfiguration configuration)
    {
        var data = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < configuration.Services.Count; i++)
        {
            foreach (var site in configuration.Services[i].Sites)
            {
                foreach (var name in site.Names.DefaultIfEmpty(""))
                    Add(data, name.Length == 0 ? Path(i) : $"{Path(i)}:Sni:{name}", site, configuration.Folder);
            }
        }
        Data = data;
    }

    public IConfigurationProvider Build(IConfigurationBuilder builder) => this;

    private static string Path(int service) => $"services:{service}";

    private static void Add(Dictionary<string, string?> data, string path, SiteConfiguration site, string folder)
    {
        var certificate = System.IO.Path.GetFullPath(site.Certificate, folder);
        data[$"{path}:Certificate:{(Directory.Exists(certificate) ? "Folder" : "Path")}"] = certificate;
        if (site.Key is not null)
            data[$"{path}:Certificate:KeyPath"] = System.IO.Path.GetFullPath(site.Key, folder);
        data[$"{path}:ClientCertificateMode"] = site.ClientCertificates.ToString();
        data[$"{path}:ClientCertificateRoots"] = site.ClientRoots;
        data[$"{path}:MinimumVersion"] = site.MinimumVersion;
    }
}
