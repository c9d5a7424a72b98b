using LucidTls.AspNetCore.Configuration;
using LucidTls.Cli.Serving;

namespace LucidTls.Cli.Configuring;

/// <summary>Reads the certificates, keys, roots and lists that sites name, with the code that will use them.</summary>
internal static class FilesCheck
{
    public static void Look(Problems problems, ServiceConfiguration service, string folder)
    {
        foreach (var site in service.Sites)
        {
            // Without these two the settings are wrong themselves, which has been said.
            if (site.Certificate is not null && (site.Clients.Mode == ClientCertificateMode.None || site.Clients.Roots is not null))
                LookAtSite(problems, service with { Sites = [site] }, folder);
            if (site.Backend.HasTls)
                LookAtUpstream(problems, site.Backend.Tls);
        }
    }

    private static void LookAtSite(Problems problems, ServiceConfiguration service, string folder)
    {
        var options = new SiteOptions(new ServeConfiguration(folder, null, TimeSpan.Zero, [service]));
        foreach (var finding in ConfigurationCheck.Look(options.Of(0), folder, DateTimeOffset.UtcNow, inherits: false))
        {
            if (finding.IsWarning)
                problems.Warn(options.Show(finding.Place), finding.Sentence);
            else
                problems.Add(options.Show(finding.Place), finding.Sentence);
        }
    }

    private static void LookAtUpstream(Problems problems, ClientFiles files)
    {
        foreach (var one in new[] { files with { Certificate = null }, files with { Roots = null } })
        {
            try
            {
                one.Read(new TlsClientOptions());
            }
            catch (SettingException wrong)
            {
                problems.Add(wrong.Place, wrong.Sentence);
            }
        }
    }
}
