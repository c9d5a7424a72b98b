using LucidTls.AspNetCore.Configuration;
using LucidTls.Certificates.Names;
using YamlDotNet.RepresentationModel;

namespace LucidTls.Cli.Configuring;

/// <summary>Reads what a site demands of clients.</summary>
/// <param name="problems">What is wrong is noted there.</param>
/// <param name="folder">Where relative paths begin.</param>
internal sealed class ClientReader(Problems problems, string folder)
{
    public static readonly string[] Keys = ["mode", "roots", "authorities", "uris", "dns-names", "crl", "revocation", "forward"];
    public static readonly string[] RevocationKeys = ["mode", "scope", "fetch", "allow-private-addresses"];

    /// <param name="node">The mapping.</param>
    /// <param name="places">Told how the places of settings are called in messages.</param>
    public (ClientRules Rules, bool Forwards) Read(YamlNode node, Dictionary<string, string> places)
    {
        if (YamlSettings.Of(problems, node, Keys) is not { } settings)
            return (new ClientRules(), false);
        if (settings.Node("mode") is null)
            settings.Missing("mode: none, optional or required");
        var mode = settings.Word("mode", "none", "optional", "required") switch
        {
            "optional" => ClientCertificateMode.Optional,
            "required" => ClientCertificateMode.Required,
            _ => ClientCertificateMode.None,
        };
        if (mode != ClientCertificateMode.None && settings.Node("roots") is null)
            settings.Missing("roots: whose certificates of clients are good");
        foreach (var (key, name) in new[] { (ClientSettings.RootsKey, "roots"), (ClientSettings.AuthoritiesKey, "authorities"), (ClientSettings.UrisKey, "uris"), (ClientSettings.DnsNamesKey, "dns-names"), (SiteOptions.ListsKey, "crl") })
            places[key] = problems.Place(settings.Place(name));
        var uris = settings.ParseAll("uris", text => PeerUris.IsOne(text) ? text : null, "Write a URI as it is in the certificate; one that ends in / stands for all that go on after it.");
        var dnsNames = settings.ParseAll("dns-names", text => PeerDnsNames.IsOne(text) ? text : null, "Write a DNS name as it is in the certificate, or *.example.com for one label more.");
        var lists = settings.Texts("crl");
        var rules = new ClientRules
        {
            Mode = mode,
            Roots = FullPath(settings.Text("roots")),
            Authorities = settings.Text("authorities") is var authorities && authorities == ClientSettings.NoAuthorities ? authorities : FullPath(authorities),
            Uris = [.. uris.Select(uri => uri.Value)],
            DnsNames = [.. dnsNames.Select(name => name.Value)],
            RevocationLists = [.. lists.Select(list => FullPath(list.Text)!)],
            Revocation = Revocation(settings, lists.Count > 0),
        };
        return (rules, settings.Flag("forward"));
    }

    private RevocationRules Revocation(YamlSettings clients, bool hasLists)
    {
        if (clients.Node("revocation") is not { } node || YamlSettings.Of(problems, node, RevocationKeys) is not { } settings)
            return new RevocationRules();
        var mode = settings.Word("mode", "off", "soft-fail", "hard-fail");
        var fetch = settings.Flag("fetch");
        var allowsPrivate = settings.Flag("allow-private-addresses");
        if (mode == "hard-fail" && !fetch && !hasLists)
            settings.Fail("mode", "With hard-fail a certificate must be called good, so write crl with revocation lists, or fetch: true.");
        if (allowsPrivate && !fetch)
            settings.Fail("allow-private-addresses", "It goes with fetch: true.");
        return new RevocationRules
        {
            Mode = mode switch { "off" => "Off", "hard-fail" when fetch || hasLists => "HardFail", _ => "SoftFail" },
            Scope = settings.Word("scope", "path", "leaf") == "leaf" ? "Leaf" : "Path",
            Fetch = fetch,
            AllowPrivateAddresses = allowsPrivate && fetch,
        };
    }

    private string? FullPath(string? path) => path is null ? null : Path.GetFullPath(path, folder);
}
