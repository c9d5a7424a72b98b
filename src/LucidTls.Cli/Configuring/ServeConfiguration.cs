using System.Net;
using LucidTls.Cli.Reporting;
using LucidTls.Cli.Serving;
using LucidTls.StartTls;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace LucidTls.Cli.Configuring;

/// <summary>One name, or several that are served alike.</summary>
/// <param name="Names">DNS names, "*.example.com" for one label more; none for whoever asks for no name of another site.</param>
/// <param name="Certificate">A file, or a folder of them.</param>
/// <param name="Key">The private key's file, if the certificate's does not hold it.</param>
/// <param name="Backend">What lies behind.</param>
/// <param name="ClientCertificates">Whether clients must prove themselves.</param>
/// <param name="ClientRoots">Whose certificates of clients are good.</param>
/// <param name="MinimumVersion">"1.2" or "1.3".</param>
internal sealed record SiteConfiguration(IReadOnlyList<string> Names, string Certificate, string? Key, Backend Backend, ClientCertificateMode ClientCertificates, string? ClientRoots, string MinimumVersion);

/// <summary>An address and what is served there.</summary>
/// <param name="Listen">The address.</param>
/// <param name="StartTls">The protocol that begins in plain text; null for TLS from the first byte.</param>
/// <param name="ExpectsProxyHeader">Whether each connection comes from a proxy that says first whose it is.</param>
/// <param name="Sites">By name; all of them HTTP, or all of them TCP.</param>
internal sealed record ServiceConfiguration(IPEndPoint Listen, StartTlsProtocol? StartTls, bool ExpectsProxyHeader, IReadOnlyList<SiteConfiguration> Sites)
{
    public bool IsTcp => Sites[0].Backend.Tcp is not null;
}

/// <summary>What <c>serve --config</c> reads; <c>docs/serve.schema.json</c> describes the same.</summary>
/// <param name="Folder">Where relative paths begin: the file's own.</param>
/// <param name="Metrics">Where metrics are shown; null for nowhere.</param>
/// <param name="Services">At least one.</param>
internal sealed record ServeConfiguration(string Folder, IPEndPoint? Metrics, IReadOnlyList<ServiceConfiguration> Services)
{
    public static readonly string[] Keys = ["metrics", "services"];
    public static readonly string[] ServiceKeys = ["listen", "starttls", "proxy-protocol", "sites"];
    public static readonly string[] SiteKeys = ["names", "certificate", "key", "to", "send-proxy-protocol", "root", "client-certificates", "minimum-version"];
    public static readonly string[] ClientKeys = ["mode", "roots"];

    private const int MostBytes = 1 << 20;

    /// <exception cref="CliException">The file cannot be read, or something in it is wrong.</exception>
    public static ServeConfiguration Read(string file)
    {
        var document = Load(file);
        var settings = YamlSettings.Of(file, document, Keys);
        var services = settings.List("services").Select(node => Service(file, node)).ToArray();
        foreach (var group in services.GroupBy(service => service.Listen).Where(group => group.Key.Port != 0 && group.Count() > 1))
            settings.Fail("services", $"{group.Key} is listened on by one service, with all its sites.");
        return new ServeConfiguration(Path.GetDirectoryName(Path.GetFullPath(file))!, settings.Parse("metrics", Address, "Write ADDR:PORT with an IP address."), services);
    }

    private static YamlNode Load(string file)
    {
        try
        {
            if (new FileInfo(file).Length > MostBytes)
                throw new CliException(ExitCode.Usage, $"{file} has more than {MostBytes} bytes.");
            using var reader = File.OpenText(file);
            var stream = new YamlStream();
            stream.Load(reader);
            return stream.Documents.Count == 1 ? stream.Documents[0].RootNode : throw new CliException(ExitCode.Usage, $"{file} must hold one document of YAML; it holds {stream.Documents.Count}.");
        }
        catch (YamlException failure)
        {
            throw new CliException(ExitCode.Usage, $"{file}:{failure.Start.Line}:{failure.Start.Column}: {failure.Message}", failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"The configuration cannot be read: {failure.Message}", failure);
        }
    }

    private static ServiceConfiguration Service(string file, YamlNode node)
    {
        var settings = YamlSettings.Of(file, node, ServiceKeys);
        var startTls = settings.Parse("starttls", StartTlsProtocol.Find, $"Write one of {string.Join(", ", StartTlsProtocol.All.Where(protocol => protocol.HasServerSide).Select(protocol => protocol.Name))}.");
        if (startTls is { HasServerSide: false })
            settings.Fail("starttls", $"{startTls.Name} has no server's side.");
        var nodes = settings.List("sites");
        var sites = nodes.Select(site => Site(file, site)).ToArray();
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < sites.Length; i++)
        {
            if ((sites[i].Backend.Tcp is null) != (sites[0].Backend.Tcp is null))
                throw YamlSettings.Wrong(file, nodes[i], "The sites of a service are all HTTP or all TCP: one address cannot speak both.");
            if (startTls is not null && sites[i].Backend.Tcp is null)
                throw YamlSettings.Wrong(file, nodes[i], "A service with starttls passes on to tcp://HOST:PORT.");
            if (startTls is { NeedsServerToAccept: true } && (sites.Length > 1 || sites[i].Names.Count > 0))
                throw YamlSettings.Wrong(file, nodes[i], $"A service with starttls: {startTls.Name} has one site, without names: its server greets before the client says whom it wants.");
            foreach (var name in sites[i].Names.DefaultIfEmpty(""))
            {
                if (!names.Add(name))
                    throw YamlSettings.Wrong(file, nodes[i], name.Length == 0 ? "One site of a service can do without names." : $"{name} is the name of another site of this service.");
            }
        }
        return new ServiceConfiguration(
            settings.Parse("listen", Address, "Write ADDR:PORT with an IP address.") ?? throw settings.Missing("listen"),
            startTls,
            settings.Parse("proxy-protocol", text => text is "true" or "false" ? text : null, "Write true or false.") == "true",
            sites);
    }

    private static SiteConfiguration Site(string file, YamlNode node)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        var settings = YamlSettings.Of(file, node, SiteKeys);
        var names = settings.Texts("names").Select(name => IsName(name.Text) ? name.Text.ToLowerInvariant() : throw YamlSettings.Wrong(file, name.Node, $"'{Printable.Line(name.Text)}' is no DNS name.")).ToArray();
        var (mode, roots) = Clients(file, settings, folder);
        return new SiteConfiguration(
            names,
            settings.Text("certificate") ?? throw settings.Missing("certificate"),
            settings.Text("key"),
            BackendOf(settings, folder),
            mode,
            roots,
            settings.Parse("minimum-version", text => text is "1.2" or "1.3" ? text : null, "Write \"1.2\" or \"1.3\".") ?? "1.2");
    }

    private static Backend BackendOf(YamlSettings settings, string folder)
    {
        if (settings.Text("root") is { } root)
        {
            if (settings.Node("to") is not null)
                settings.Fail("to", "There is one thing behind a site: to or root.");
            if (settings.Node("send-proxy-protocol") is not null)
                settings.Fail("send-proxy-protocol", "A folder is told nothing: it is for services of tcp://.");
            var path = Path.GetFullPath(root, folder);
            if (!Directory.Exists(path))
                settings.Fail("root", $"The folder {path} is not there.");
            return new Backend(null, null, path);
        }
        var backend = settings.Parse("to", Backend.TryParse, "Write http://HOST:PORT or tcp://HOST:PORT.") ?? throw settings.Missing("to or root");
        ProxyVersion? sent = settings.Parse("send-proxy-protocol", text => text is "v1" or "v2" ? text : null, "Write v1 or v2.") switch { null => null, "v1" => ProxyVersion.V1, _ => ProxyVersion.V2 };
        if (sent is not null && backend.Tcp is null)
            settings.Fail("send-proxy-protocol", "It is for services of tcp://; HTTP ones are told by X-Forwarded-For.");
        return backend with { SendProxyHeader = sent };
    }

    private static (ClientCertificateMode Mode, string? Roots) Clients(string file, YamlSettings site, string folder)
    {
        if (site.Node("client-certificates") is not { } node)
            return (ClientCertificateMode.None, null);
        var settings = YamlSettings.Of(file, node, ClientKeys);
        var mode = settings.Text("mode") switch
        {
            "none" => ClientCertificateMode.None,
            "optional" => ClientCertificateMode.Optional,
            "required" => ClientCertificateMode.Required,
            null => throw settings.Missing("mode"),
            _ => throw YamlSettings.Wrong(file, settings.Node("mode")!, "Write none, optional or required."),
        };
        if (mode != ClientCertificateMode.None && settings.Text("roots") is null)
            throw settings.Missing("roots: whose certificates of clients are good");
        return (mode, settings.Text("roots") is { } roots ? Path.GetFullPath(roots, folder) : null);
    }

    private static IPEndPoint? Address(string text) => ServeCommand.TryParseListen(text, out var endpoint) ? endpoint : null;

    private static bool IsName(string name) => Uri.CheckHostName(name.StartsWith("*.", StringComparison.Ordinal) ? name[2..] : name) == UriHostNameType.Dns;
}
