using System.Text;
using System.Text.RegularExpressions;
using LucidTls.AspNetCore.Configuration;
using LucidTls.Certificates;
using LucidTls.Cli.Serving;
using LucidTls.StartTls;
using YamlDotNet.RepresentationModel;

namespace LucidTls.Cli.Configuring;

/// <summary>Reads the sites of a service.</summary>
/// <param name="problems">What is wrong is noted there.</param>
/// <param name="folder">Where relative paths begin.</param>
internal sealed partial class SiteReader(Problems problems, string folder)
{
    private const string PasswordKey = "key-password-file";

    public static readonly string[] Keys = ["names", "certificate", "key", PasswordKey, "to", "upstream", "health-check", "send-proxy-protocol", "root", "client-certificates", .. TlsReader.Keys, "alpn", "hsts"];
    public static readonly string[] UpstreamKeys = ["starttls", "roots", "name", "certificate", "key", PasswordKey, "allow-tls-resume"];
    public static readonly string[] HealthKeys = ["interval", "timeout", "path", "fall", "rise"];

    public SiteConfiguration? Read(YamlNode node)
    {
        if (YamlSettings.Of(problems, node, Keys) is not { } settings)
            return null;
        var passwordPlace = PasswordPlace(settings);
        var places = new Dictionary<string, string>
        {
            [""] = problems.Place(node),
            [SiteSettings.CertificateKey] = problems.Place(settings.Place("certificate")),
            [$"{SiteSettings.CertificateKey}:{CertificateSettings.KeyPathKey}"] = problems.Place(settings.Place("key")),
            [$"{SiteSettings.CertificateKey}:{CertificateSettings.PasswordKey}"] = passwordPlace,
            [$"{SiteSettings.CertificateKey}:{CertificateSettings.PasswordFileKey}"] = passwordPlace,
        };
        var (clients, forwards) = settings.Node("client-certificates") is { } rules ? new ClientReader(problems, folder).Read(rules, places) : (new ClientRules(), false);
        var backend = BackendOf(settings, forwards);
        return new SiteConfiguration
        {
            Names = [.. settings.ParseAll("names", EndpointSettings.TryNormalize, "It is no DNS name: write example.com, or *.example.com for one label more. A site without names is for all others.").Select(name => name.Value)],
            Certificate = FullPath(settings.Needed("certificate")),
            Key = FullPath(settings.Text("key")),
            PasswordFile = FullPath(settings.Text(PasswordKey)),
            Backend = backend,
            Clients = clients,
            Tls = TlsReader.Read(settings, hasProtocols: !backend.IsTcp || backend.Protocols.Count > 0),
            Hsts = Hsts(settings, backend),
            Places = places,
        };
    }

    private Backend BackendOf(YamlSettings settings, bool forwards)
    {
        var backend = settings.Node("root") is null ? Services(settings) : Folder(settings);
        var isHttp = backend is { IsTcp: false, Services.Count: > 0 };
        if (settings.Node("send-proxy-protocol") is not null && !backend.IsTcp)
            settings.Fail("send-proxy-protocol", backend.Root is null ? "It is for services of tcp:// and tls://; HTTP ones are told by X-Forwarded-For." : "A folder is told nothing: it is for services of tcp:// and tls://.");
        if (settings.Node("upstream") is not null && !backend.HasTls)
            settings.Fail("upstream", "It is for services of https:// and tls://, to which there is TLS.");
        if (settings.Node("health-check") is not null && backend.Root is not null)
            settings.Fail("health-check", "A folder has no health: it is for services.");
        if (forwards && !isHttp)
            settings.Fail("client-certificates", "forward is for services of http://, https:// and h2c://, which are told in a header.");
        ProxyVersion? sent = settings.Word("send-proxy-protocol", "v1", "v2") switch { null => null, "v1" => ProxyVersion.V1, _ => ProxyVersion.V2 };
        return backend with { HealthCheck = Health(settings, backend), Protocols = Protocols(settings, backend), SendProxyHeader = sent, SendClientCertificate = forwards };
    }

    private Backend Folder(YamlSettings settings)
    {
        if (settings.Node("to") is not null)
            settings.Fail("to", "There is one thing behind a site: to or root.");
        var path = FullPath(settings.Text("root"));
        if (path is not null && !Directory.Exists(path))
            settings.Fail("root", $"The folder {path} is not there.");
        return new Backend { Root = path ?? folder };
    }

    private Backend Services(YamlSettings settings)
    {
        if (settings.Node("to") is null)
            settings.Missing("to or root");
        var services = settings.ParseAll("to", Backend.TryParse, Backend.Right).Select(service => service.Value).ToArray();
        var backend = Upstream(settings, new Backend { Services = services });
        if (services.Length > 0 && Backend.Problem(services, backend.VerifyName) is { } problem)
            settings.Fail("to", problem);
        return backend;
    }

    private Backend Upstream(YamlSettings site, Backend backend)
    {
        if (site.Node("upstream") is not { } node || YamlSettings.Of(problems, node, UpstreamKeys) is not { } settings)
            return backend;
        if (settings.Node("key") is not null && settings.Node("certificate") is null)
            settings.Fail("key", "A private key alone says nothing about who this client is: write certificate too.");
        if (settings.Node(PasswordKey) is not null && settings.Node("certificate") is null)
            settings.Fail(PasswordKey, "It opens the key of certificate: write that too.");
        if (settings.Node("starttls") is not null && backend is { HasTls: true, IsTcp: false })
            settings.Fail("starttls", "It is for services of tls://; those of https:// begin with TLS.");
        string Place(string key) => problems.Place(settings.Place(key));
        return backend with
        {
            StartTls = settings.Parse("starttls", StartTlsProtocol.Find, $"Write one of {string.Join(", ", StartTlsProtocol.All.Select(protocol => protocol.Name))}."),
            VerifyName = settings.Parse("name", text => ServerNames.IsName(text) ? text : null, "Write a DNS name or an IP address."),
            AllowTlsResume = settings.Flag("allow-tls-resume", otherwise: true),
            Tls = new ClientFiles
            {
                Roots = FullPath(settings.Text("roots")),
                Certificate = FullPath(settings.Text("certificate")),
                Key = FullPath(settings.Text("key")),
                PasswordFile = FullPath(settings.Text(PasswordKey)),
                Places = (Place("roots"), Place("certificate"), Place("key"), PasswordPlace(settings)),
            },
        };
    }

    private HealthCheck? Health(YamlSettings site, Backend backend)
    {
        if (site.Node("health-check") is not { } node || YamlSettings.Of(problems, node, HealthKeys) is not { } settings)
            return null;
        if (settings.Node("path") is not null && backend.IsTcp)
            settings.Fail("path", "It is for services of http://, https:// and h2c://; those of tcp:// and tls:// are connected to, and asked nothing.");
        var interval = settings.Number("interval", 1, HealthCheck.MostSeconds, "seconds") ?? HealthCheck.DefaultInterval;
        var timeout = settings.Number("timeout", 1, HealthCheck.MostSeconds, "seconds") ?? Math.Min(HealthCheck.DefaultTimeout, interval);
        if (timeout > interval)
            settings.Fail("timeout", $"A check may take {timeout} seconds, and the next is to come after {interval}: write {interval} at most.");
        return new HealthCheck(
            TimeSpan.FromSeconds(interval),
            TimeSpan.FromSeconds(timeout),
            settings.Parse("path", text => text.StartsWith('/') && Uri.IsWellFormedUriString(text, UriKind.Relative) && !text.Contains('?', StringComparison.Ordinal) ? text : null, "Write the path of a URL, without a query: /health for example.") ?? "/",
            settings.Number("fall", 1, HealthCheck.MostChecks, "checks") ?? HealthCheck.DefaultFall,
            settings.Number("rise", 1, HealthCheck.MostChecks, "checks") ?? HealthCheck.DefaultRise);
    }

    private static IReadOnlyList<string> Protocols(YamlSettings settings, Backend backend)
    {
        var names = settings.ParseAll("alpn", text => Encoding.UTF8.GetByteCount(text) <= byte.MaxValue ? text : null, "A protocol's name has 1 to 255 bytes.");
        if (names.Count > 0 && !backend.IsTcp)
            settings.Fail("alpn", "It is for services of tcp:// and tls://; with HTTP it is h2 and http/1.1.");
        return [.. names.Select(name => name.Value)];
    }

    private static string? Hsts(YamlSettings settings, Backend backend)
    {
        var value = settings.Parse("hsts", text => HstsValue().IsMatch(text) ? text : null, "Write the value of the header Strict-Transport-Security: max-age=31536000, or max-age=31536000; includeSubDomains for example.");
        if (value is not null && backend.IsTcp)
            settings.Fail("hsts", "It is for HTTP.");
        return value;
    }

    private string PasswordPlace(YamlSettings settings) => problems.Place(settings.Place(PasswordKey), settings.Node(PasswordKey) is null ? PasswordKey : null);

    private string? FullPath(string? path) => path is null ? null : Path.GetFullPath(path, folder);

    // RFC 6797 §6.1, with preload, which browsers' lists ask for.
    [GeneratedRegex(@"^max-age=\d{1,10}(; ?includeSubDomains)?(; ?preload)?$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex HstsValue();
}
