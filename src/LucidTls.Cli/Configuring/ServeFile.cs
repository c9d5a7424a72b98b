using System.Net;
using LucidTls.Cli.Serving;
using LucidTls.StartTls;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace LucidTls.Cli.Configuring;

/// <summary>Reads the file of <c>serve --config</c>; <c>docs/serve.schema.json</c> describes the same.</summary>
internal sealed class ServeFile
{
    public static readonly string[] Keys = ["metrics", "drain", "services"];
    public static readonly string[] ServiceKeys = ["listen", "redirect", "starttls", "proxy-protocol", "idle", "half-closed", "handshake-timeout", "max-concurrent-handshakes", "ocsp-stapling", "sites"];

    private const int LongestHandshake = 300;
    private const int MostHandshakes = 1_000_000;
    private const int MostBytes = 1 << 20;
    private const int MostLevels = 30;

    private readonly Problems _problems;
    private readonly string _folder;
    private readonly List<(IPEndPoint Address, YamlNode Node)> _addresses = [];

    private ServeFile(string file)
    {
        _problems = new Problems(file);
        _folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
    }

    /// <summary>What the file says, when all that it names can be used. What should not stay so is said on standard error.</summary>
    /// <exception cref="CliException">The file cannot be read, or something in it or in a file that it names is wrong; all of it is said.</exception>
    public static ServeConfiguration Read(string file)
    {
        var reader = new ServeFile(file);
        var configuration = reader.Whole(Load(file));
        reader._problems.Settle();
        return configuration!;
    }

    private static YamlNode Load(string file)
    {
        try
        {
            if (new FileInfo(file).Length > MostBytes)
                throw new CliException(ExitCode.Usage, $"{file} has more than {MostBytes} bytes.");
            var text = File.ReadAllText(file);
            DemandYaml(file, text);
            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            return stream.Documents.Count == 1 ? stream.Documents[0].RootNode : throw new CliException(ExitCode.Usage, $"{file} must hold one document of YAML; it holds {stream.Documents.Count}.");
        }
        catch (YamlException failure)
        {
            throw NoYaml(file, failure.Start, failure.Message, failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"The configuration cannot be read: {failure.Message}", failure);
        }
    }

    /// <summary>Goes through the file before it is made a tree, which takes a call for each level, and more than the stack has for a file of brackets.</summary>
    private static void DemandYaml(string file, string text)
    {
        var parser = new Parser(new StringReader(text));
        try
        {
            for (var depth = 0; parser.MoveNext(); depth += parser.Current!.NestingIncrease)
            {
                if (depth > MostLevels)
                    throw NoYaml(file, parser.Current!.Start, $"It has more than {MostLevels} levels.", null);
            }
        }
        // The parser has no exception of its own for some of what is wrong.
        catch (Exception failure) when (failure is InvalidOperationException or ArgumentException)
        {
            throw NoYaml(file, parser.Current?.End ?? Mark.Empty, "What follows cannot be read.", failure);
        }
    }

    private static CliException NoYaml(string file, Mark place, string why, Exception? inner) => new(ExitCode.Usage, $"{file}:{place.Line}:{place.Column}: this is no YAML. {why}", inner);

    private ServeConfiguration? Whole(YamlNode document)
    {
        if (YamlSettings.Of(_problems, document, Keys) is not { } settings)
            return null;
        var services = settings.List("services").Select(Service).OfType<ServiceConfiguration>().ToArray();
        var drain = TimeSpan.FromSeconds(settings.Number("drain", 0, CommonOptions.LongestDrain, "seconds") ?? CommonOptions.DefaultDrain);
        var configuration = new ServeConfiguration(_folder, Address(settings, "metrics"), drain, services);
        for (var i = 0; i < _addresses.Count; i++)
        {
            if (_addresses.Take(i).FirstOrDefault(other => Overlap(other.Address, _addresses[i].Address)) is { Node: { } first })
                _problems.Add(_addresses[i].Node, $"{_addresses[i].Address} is listened on already, as {_problems.Place(first)} says. An address belongs to one service, with all its sites.");
        }
        return configuration;
    }

    private ServiceConfiguration? Service(YamlNode node)
    {
        if (YamlSettings.Of(_problems, node, ServiceKeys) is not { } settings)
            return null;
        if (settings.Node("listen") is null)
            settings.Missing("listen");
        var listen = Address(settings, "listen");
        var startTls = settings.Parse("starttls", StartTlsProtocol.Find, $"Write one of {string.Join(", ", StartTlsProtocol.All.Where(protocol => protocol.HasServerSide).Select(protocol => protocol.Name))}.");
        if (startTls is { HasServerSide: false })
            settings.Fail("starttls", $"{startTls.Name} has no server's side here.");
        var nodes = settings.List("sites");
        var reader = new SiteReader(_problems, _folder);
        var sites = nodes.Select(site => (Node: site, Site: reader.Read(site))).Where(site => site.Site is not null).ToArray();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (place, site) in sites)
        {
            var backend = site!.Backend;
            if (backend.IsTcp != sites[0].Site!.Backend.IsTcp)
                _problems.Add(place, "The sites of a service are all HTTP or all TCP: one address cannot speak both.");
            if (startTls is not null && !backend.IsTcp)
                _problems.Add(place, "A service with starttls passes on to tcp://HOST:PORT or tls://HOST:PORT.");
            if (startTls is not null && backend.StartTls is { } behind && Backend.StartTlsProblem(startTls, behind) is { } problem)
                _problems.Add(place, problem);
            foreach (var name in site.Names.DefaultIfEmpty(""))
            {
                if (!names.Add(name))
                    _problems.Add(place, name.Length == 0 ? "One site of a service can do without names." : $"{name} is the name of another site of this service.");
            }
        }
        if (startTls is { NeedsServerToAccept: true } && (sites.Length > 1 || sites.Any(site => site.Site!.Names.Count > 0)))
            settings.Fail("starttls", $"A service with starttls: {startTls.Name} has one site, without names: its server greets before the client says whom it wants.");
        var isTcp = sites.Any(site => site.Site!.Backend.IsTcp);
        if (settings.Node("idle") is not null && sites.Length > 0 && sites.All(site => site.Site!.Backend.Services.Count == 0))
            settings.Fail("idle", "A folder is never silent: idle is for sites that pass on to services.");
        if (settings.Node("half-closed") is not null && sites.Length > 0 && !isTcp)
            settings.Fail("half-closed", "half-closed is for services of tcp:// and tls://; with HTTP no side ends before the other.");
        if (settings.Node("redirect") is not null && isTcp)
            settings.Fail("redirect", "Requests can be sent on to HTTP services alone, not to those of tcp:// and tls://.");
        var limits = isTcp ? RelayLimits.Default : RelayLimits.DefaultHttp;
        if (settings.Number("idle", 0, RelayLimits.MostSeconds, "seconds") is { } idle)
            limits = limits with { Idle = RelayLimits.Of(idle) };
        if (settings.Number("half-closed", 0, RelayLimits.MostSeconds, "seconds") is { } halfClosed)
            limits = limits with { HalfClosed = RelayLimits.Of(halfClosed) };
        var service = new ServiceConfiguration
        {
            Listen = listen ?? new IPEndPoint(IPAddress.Loopback, 0),
            Redirect = Address(settings, "redirect"),
            StartTls = startTls,
            ExpectsProxyHeader = settings.Flag("proxy-protocol"),
            Limits = limits,
            HandshakeTimeout = settings.Number("handshake-timeout", 1, LongestHandshake, "seconds") is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            MaxConcurrentHandshakes = settings.Number("max-concurrent-handshakes", 1, MostHandshakes, "handshakes"),
            OcspStapling = settings.Flag("ocsp-stapling", otherwise: true),
            Sites = [.. sites.Select(site => site.Site!)],
            Place = _problems.Place(node),
        };
        FilesCheck.Look(_problems, service, _folder);
        return service;
    }

    private IPEndPoint? Address(YamlSettings settings, string key)
    {
        var address = settings.Parse(key, text => ServeCommand.TryParseListen(text, out var endpoint) ? endpoint : null, "Write ADDR:PORT with an IP address, *:PORT for every address, or a port alone for 127.0.0.1.");
        if (address is not null)
            _addresses.Add((address, settings.Node(key)!));
        return address;
    }

    private static bool Overlap(IPEndPoint one, IPEndPoint other) =>
        one.Port == other.Port && one.Port != 0 && (one.Address.Equals(other.Address) || IsAny(one.Address) || IsAny(other.Address));

    private static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
}
