using LucidTls.Certificates.Revocation;
using LucidTls.Sessions;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LucidTls.AspNetCore.Configuration;

/// <summary>An endpoint's options as its settings say, and what they hold. What has not changed since the last ones is taken over: identities with their staples, ticket keys, what was fetched.</summary>
internal sealed class ConfiguredOptions : IAsyncDisposable
{
    private readonly EndpointSettings _settings;
    private readonly HttpProtocols _protocols;
    private readonly ConfiguredOptions? _before;
    private readonly Func<CertificateFile, TlsIdentity> _load;
    private readonly TimeProvider _time;
    private readonly Dictionary<string, ConfiguredIdentity> _identities = [];
    private readonly Dictionary<string, TicketKeyRing> _rings = [];
    private readonly Dictionary<bool, RevocationFetcher> _fetchers;
    private readonly List<CertificateRevocationList> _lists = [];

    /// <param name="settings">What the configuration says.</param>
    /// <param name="protocols">What the endpoint speaks, for ALPN.</param>
    /// <param name="before">The options so far.</param>
    /// <param name="load">Reads an identity.</param>
    /// <param name="time">The clock of what is fetched.</param>
    /// <exception cref="InvalidOperationException">Something cannot be used; the message names the setting.</exception>
    public ConfiguredOptions(EndpointSettings settings, HttpProtocols protocols, ConfiguredOptions? before, Func<CertificateFile, TlsIdentity> load, TimeProvider time)
    {
        (_settings, _protocols, _before, _load, _time) = (settings, protocols, before, load, time);
        _fetchers = before?._fetchers ?? [];
        try
        {
            Server = MakeSite(settings.Default);
            var sites = settings.Sites.ToDictionary(site => site.Key, site => MakeSite(site.Value), StringComparer.Ordinal);
            if (sites.Count > 0)
                Server.OptionsSelector = (hello, _) => new ValueTask<TlsServerOptions?>(EndpointSettings.Find(sites, hello.ServerName));
        }
        catch
        {
            _ = DisposeAsync(but: before);
            throw;
        }
        // What came before that is over.
        _before = null;
    }

    public TlsServerOptions Server { get; }

    public IReadOnlyCollection<ConfiguredIdentity> Identities => _identities.Values;

    /// <summary>The revocation lists that are out of date and were not taken before.</summary>
    public IReadOnlyList<CertificateRevocationList> TakeOldLists(DateTimeOffset now)
    {
        if (!_lists.Exists(IsOld))
            return [];
        var old = _lists.FindAll(IsOld);
        _lists.RemoveAll(IsOld);
        // Several names may have read the same file.
        return [.. old.DistinctBy(list => (list.Issuer, list.NextUpdate))];

        bool IsOld(CertificateRevocationList list) => list.NextUpdate < now;
    }

    public ValueTask DisposeAsync() => DisposeAsync(but: null);

    /// <summary>Ends the staples of those identities that others do not have too.</summary>
    public async ValueTask DisposeAsync(ConfiguredOptions? but)
    {
        foreach (var (key, identity) in _identities)
        {
            if (but?._identities.ContainsKey(key) != true)
                await identity.DisposeAsync().ConfigureAwait(false);
        }
    }

    private TlsServerOptions MakeSite(SiteSettings site)
    {
        var options = new TlsServerOptions
        {
            Identities = site.Certificate == null ? [] : IdentitiesOf(site.Certificate),
            ApplicationProtocols = Alpn.Of(_protocols),
            MaxEarlyDataSize = _settings.MaxEarlyDataSize,
            TicketStore = RingOf(site),
        };
        if (_settings.HandshakeTimeout is { } time)
            options.HandshakeTimeout = time;
        if (_settings.EarlyDataFreshness is { } freshness)
            options.EarlyDataFreshness = freshness;
        site.Clients.Apply(options, Fetcher);
        site.Protocol.Apply(options);
        _lists.AddRange(options.ClientCertificateVerifier?.Options.Revocation.GivenLists ?? []);
        return options;
    }

    // Sessions outlive a new certificate, but not new rules about clients: those who were let in under the old ones prove themselves again.
    private TicketKeyRing RingOf(SiteSettings site)
    {
        var rules = $"{site.Place} {site.Clients.Rules}";
        if (_rings.TryGetValue(rules, out var ring))
            return ring;
        ring = _before?._rings.GetValueOrDefault(rules) ?? new TicketKeyRing();
        _rings.Add(rules, ring);
        return ring;
    }

    private List<TlsIdentity> IdentitiesOf(CertificateSettings certificate)
    {
        var found = new List<TlsIdentity>();
        foreach (var file in CertificateFile.Demand(certificate))
        {
            var key = $"{file.Fingerprint} {_settings.OcspStapling} {_settings.OcspPrivateResponders}";
            if (!_identities.TryGetValue(key, out var one))
            {
                // One that has not changed keeps its staples.
                if (_before?._identities.TryGetValue(key, out one) != true)
                {
                    var identity = _load(file);
                    one = new ConfiguredIdentity(identity, _settings.OcspStapling ? new OcspStapler(identity, Fetcher(_settings.OcspPrivateResponders)) : null);
                }
                _identities.Add(key, one!);
            }
            found.Add(one!.Identity);
        }
        return found;
    }

    /// <summary>One for all, so that what one verifier or stapler has asked for another has too.</summary>
    private RevocationFetcher Fetcher(bool allowPrivateAddresses)
    {
        if (!_fetchers.TryGetValue(allowPrivateAddresses, out var fetcher))
            _fetchers.Add(allowPrivateAddresses, fetcher = new RevocationFetcher { AllowPrivateAddresses = allowPrivateAddresses, TimeProvider = _time });
        return fetcher;
    }
}
