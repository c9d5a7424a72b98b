using LucidTls.Certificates;
using LucidTls.Certificates.Names;
using LucidTls.Certificates.Revocation;
using LucidTls.Certificates.Trust;

namespace LucidTls.AspNetCore.Configuration;

/// <summary>What is demanded of clients, for one name or for all that have no entry of their own.</summary>
internal sealed record ClientSettings
{
    internal const string ModeKey = "ClientCertificateMode";
    internal const string RootsKey = "ClientCertificateRoots";
    internal const string AuthoritiesKey = "ClientCertificateAuthorities";
    internal const string UrisKey = "ClientCertificateUris";
    internal const string DnsNamesKey = "ClientCertificateDnsNames";
    internal const string RevocationKey = "ClientCertificateRevocation";
    internal const string NoAuthorities = "none";
    private const string LaterKey = "PostHandshakeAuthentication";

    public static readonly string[] Keys = [ModeKey, RootsKey, AuthoritiesKey, UrisKey, DnsNamesKey, RevocationKey, LaterKey];

    /// <summary>Null where nothing is said of it, which asks for nothing.</summary>
    public ClientCertificateMode? Mode { get; private init; }

    /// <summary>Whose certificates are good: a PEM file or a folder of them.</summary>
    public SettingFile? Roots { get; private init; }

    /// <summary>Whose names clients are told, so that they know which certificate to show: a PEM file or a folder of them.</summary>
    public SettingFile? Authorities { get; private init; }

    /// <summary>Whether clients are told no names, those of <see cref="Roots"/> included.</summary>
    public bool HidesAuthorities { get; private init; }

    /// <summary>Who may come, by the URI in the certificate; null for anybody.</summary>
    public IReadOnlyList<string>? Uris { get; private init; }

    /// <summary>Who may come, by a DNS name in the certificate; null for anybody, or for whom <see cref="Uris"/> says.</summary>
    public IReadOnlyList<string>? DnsNames { get; private init; }

    public RevocationSettings Revocation { get; private init; } = new();

    public bool? PostHandshakeAuthentication { get; private init; }

    /// <summary>Whether there is a client to judge.</summary>
    public bool AsksForCertificate => Mode is not (null or ClientCertificateMode.None) || PostHandshakeAuthentication == true;

    /// <summary>A setting of the section itself that says whose certificates are good, where nothing says whether anybody is asked for one; null when there is none.</summary>
    public string? Unasked { get; private init; }

    /// <summary>What is looked at for changes.</summary>
    public IEnumerable<SettingFile> Files => AsksForCertificate ? Revocation.Lists.Concat(new[] { Roots, Authorities }.OfType<SettingFile>()) : [];

    /// <summary>What a session that was begun under it may be resumed under; revocation is not part of it, since it is looked at again then.</summary>
    public string Rules => $"{Mode ?? ClientCertificateMode.None} {(AsksForCertificate ? CertificateFile.FingerprintOf(Roots!.Path) : "")} {string.Join(' ', Uris ?? [])} {string.Join(' ', DnsNames ?? [])}";

    /// <param name="settings">The section.</param>
    /// <param name="contentRoot">Where relative paths begin.</param>
    /// <param name="inherited">What holds where the section says nothing.</param>
    /// <exception cref="InvalidOperationException">Something is wrong; the message names the setting.</exception>
    public static ClientSettings Read(Settings settings, string contentRoot, ClientSettings? inherited)
    {
        inherited ??= new ClientSettings();
        var authorities = settings.Text(AuthoritiesKey);
        // One answer to one question: a name's own is not wider by the endpoint's.
        var saysWho = settings.Has(UrisKey) || settings.Has(DnsNamesKey);
        var read = new ClientSettings
        {
            Mode = settings.Name<ClientCertificateMode>(ModeKey) ?? inherited.Mode,
            Roots = settings.File(RootsKey, contentRoot) ?? inherited.Roots,
            Authorities = authorities switch
            {
                null => inherited.Authorities,
                NoAuthorities => null,
                _ => settings.File(AuthoritiesKey, contentRoot),
            },
            HidesAuthorities = authorities is null ? inherited.HidesAuthorities : authorities == NoAuthorities,
            Uris = saysWho ? ReadPeers(settings, UrisKey, PeerUris.Demand, "URIs such as spiffe://example.org/service, or beginnings of some such as spiffe://example.org/") : inherited.Uris,
            DnsNames = saysWho ? ReadPeers(settings, DnsNamesKey, PeerDnsNames.Demand, "DNS names such as client.example.org, or *.example.org for one label more") : inherited.DnsNames,
            Revocation = settings.Section(RevocationKey) is { } revocation ? RevocationSettings.Read(revocation, contentRoot) : inherited.Revocation,
            PostHandshakeAuthentication = settings.Flag(LaterKey) ?? inherited.PostHandshakeAuthentication,
        };
        if (read is { Mode: null, PostHandshakeAuthentication: null })
            return read with { Unasked = Array.Find(Keys, settings.Has) };
        if (read.AsksForCertificate && read.Roots == null)
        {
            var (key, value) = read.PostHandshakeAuthentication == true ? (LaterKey, "true") : (ModeKey, read.Mode.ToString());
            settings.Fail(key, $"is {value}, so {RootsKey} must name the authorities whose certificates are good: a PEM file, or a folder of them.");
        }
        return read;
    }

    /// <param name="options">Where it goes.</param>
    /// <param name="fetcher">Who asks responders and fetches lists, for whether private addresses are allowed.</param>
    /// <exception cref="InvalidOperationException">A file cannot be used; the message names the setting.</exception>
    public void Apply(TlsServerOptions options, Func<bool, RevocationFetcher> fetcher)
    {
        options.ClientCertificateMode = Mode ?? ClientCertificateMode.None;
        options.PostHandshakeAuthentication = PostHandshakeAuthentication ?? false;
        if (!AsksForCertificate)
            return;
        options.ClientCertificateVerifier = new CertificateVerifier(new CertificateVerifierOptions { TrustStore = ReadStore(Roots!), PeerUris = Uris, PeerDnsNames = DnsNames, Revocation = Revocation.ToOptions(fetcher) });
        if (HidesAuthorities)
            options.CertificateAuthorities = [];
        else if (Authorities != null)
            options.CertificateAuthorities = [.. TrustAnchors.NamesOf(ReadStore(Authorities).Anchors)];
    }

    /// <exception cref="InvalidOperationException">There is such a setting: its writer means clients to be asked, and none would be.</exception>
    public void DemandAsking(Settings settings)
    {
        if (Unasked is { } key)
            settings.Fail(key, $"says whose certificates are good, but no client is asked for one: set {ModeKey} to Optional or Required, or {LaterKey} to true. {ModeKey} None says that nobody is to be asked.");
    }

    /// <exception cref="SettingException">It cannot be used.</exception>
    public static TrustStore ReadStore(SettingFile file) => file.Read("a PEM file of the authorities' certificates, or a folder of such files", path => TrustStore.FromPemFile(path), path => TrustStore.FromFolder(path));

    private static IReadOnlyList<string>? ReadPeers(Settings settings, string key, Action<IReadOnlyList<string>> demand, string right)
    {
        if (settings.List(key) is not { Count: > 0 } peers)
            return null;
        try
        {
            demand(peers);
            return peers;
        }
        catch (ArgumentException)
        {
            throw settings.Wrong(key, string.Join("', '", peers), right);
        }
    }
}
