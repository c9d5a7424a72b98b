using System.Globalization;
using LucidTls.Certificates.Parsing;
using Microsoft.Extensions.Configuration;

namespace LucidTls.AspNetCore.Configuration;

/// <summary>Reads all that a section names, and says what is wrong with each.</summary>
internal sealed class ConfigurationCheck
{
    private readonly List<Finding> _found = [];
    private readonly DateTimeOffset _now;

    private ConfigurationCheck(DateTimeOffset now) => _now = now;

    /// <returns>Nothing for what is good.</returns>
    /// <exception cref="InvalidOperationException">The section itself is wrong; the message names the setting.</exception>
    public static IEnumerable<Finding> Look(IConfigurationSection section, string contentRoot, DateTimeOffset now, bool inherits)
    {
        var settings = EndpointSettings.Read(new Settings(section), contentRoot, inherits);
        var check = new ConfigurationCheck(now);
        check.LookAt("", settings.Default);
        foreach (var (name, site) in settings.Sites)
            check.LookAt(name, site);
        return check._found.Distinct();
    }

    private void LookAt(string name, SiteSettings site)
    {
        if (site.Certificate is { } certificate)
            LookAtCertificate(name, certificate);
        if (!site.Clients.AsksForCertificate)
            return;
        foreach (var roots in site.Clients.Authorities is { } authorities ? new[] { site.Clients.Roots!, authorities } : [site.Clients.Roots!])
            Try(() => ClientSettings.ReadStore(roots));
        foreach (var file in site.Clients.Revocation.Lists)
        {
            Try(() =>
            {
                foreach (var list in RevocationSettings.ReadLists(file).Where(list => list.NextUpdate < _now))
                    Warn(file.Place, $"The revocation list of {list.Issuer} in {file.Path} is out of date since {Time(list.NextUpdate!.Value)}, and counts no more. Put a new one there.");
            });
        }
    }

    private void LookAtCertificate(string name, CertificateSettings certificate)
    {
        var identities = new List<TlsIdentity>();
        Try(() =>
        {
            foreach (var file in CertificateFile.Demand(certificate))
                Try(() => identities.Add(file.Load()));
        });
        foreach (var leaf in identities.Select(identity => Certificate.TryParse(identity.Chain[0])!))
        {
            if (leaf.NotAfter < _now)
                Warn(certificate.Place, $"The certificate of {leaf.Subject} expired on {Time(leaf.NotAfter)}, and clients will refuse it. Renew it.");
            else if (leaf.NotBefore > _now)
                Warn(certificate.Place, $"The certificate of {leaf.Subject} is good from {Time(leaf.NotBefore)} on, and clients will refuse it until then.");
        }
        // A wildcard stands for any one label.
        if (name.Length > 0 && identities.Count > 0 && !identities.Exists(identity => identity.Matches(name.StartsWith('*') ? $"any{name[1..]}" : name)))
            Warn(certificate.Place, $"The certificate is not for {name}, and clients that ask for that will refuse it.");
    }

    private void Try(Action look)
    {
        try
        {
            look();
        }
        catch (SettingException wrong)
        {
            _found.Add(new Finding(wrong.Place, wrong.Sentence, IsWarning: false));
        }
    }

    private void Warn(string place, string sentence) => _found.Add(new Finding(place, sentence, IsWarning: true));

    private static string Time(DateTimeOffset time) => time.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
}
