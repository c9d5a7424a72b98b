using LucidTls.Certificates;

namespace LucidTls.AspNetCore.Configuration;

/// <summary>The section LucidTls of an endpoint.</summary>
internal sealed record EndpointSettings
{
    private const string SniKey = "Sni";
    internal const string HandshakeTimeoutKey = "HandshakeTimeout";
    internal const string MostHandshakesKey = "MaxConcurrentHandshakes";
    private const string MostEarlyDataKey = "MaxEarlyDataSize";
    private const string EarlyDataFreshnessKey = "EarlyDataFreshness";
    internal const string StaplingKey = "OcspStapling";
    internal const string PrivateRespondersKey = "OcspPrivateResponders";

    public required SiteSettings Default { get; init; }

    /// <summary>By name as <see cref="TryNormalize"/> gives it; "*.example.com" for names with one label more.</summary>
    public required IReadOnlyDictionary<string, SiteSettings> Sites { get; init; }

    public TimeSpan? HandshakeTimeout { get; private init; }

    public int? MaxConcurrentHandshakes { get; private init; }

    public int MaxEarlyDataSize { get; private init; }

    public TimeSpan? EarlyDataFreshness { get; private init; }

    public bool OcspStapling { get; private init; }

    public bool OcspPrivateResponders { get; private init; }

    public IEnumerable<SiteSettings> AllSites => Sites.Values.Prepend(Default);

    /// <param name="settings">The section.</param>
    /// <param name="contentRoot">Where relative paths begin.</param>
    /// <param name="inherits">Whether what an entry for a name does not say is as at the endpoint; by default otherwise.</param>
    /// <exception cref="InvalidOperationException">Something is wrong; the message names the setting.</exception>
    public static EndpointSettings Read(Settings settings, string contentRoot, bool inherits)
    {
        settings.DemandKnown([.. SiteSettings.Keys, SniKey, HandshakeTimeoutKey, MostHandshakesKey, MostEarlyDataKey, EarlyDataFreshnessKey, StaplingKey, PrivateRespondersKey]);
        var fallback = SiteSettings.Read(settings, contentRoot, null);
        var sites = new Dictionary<string, SiteSettings>(StringComparer.Ordinal);
        foreach (var (key, site) in settings.Section(SniKey)?.Children() ?? [])
        {
            // Kestrel's own name for it, in a section that was taken over perhaps.
            if (key == "*")
                throw new InvalidOperationException($"{site.Path} is no name. All names without an entry of their own get the endpoint's own {SiteSettings.CertificateKey}: write {settings.Path}:{SiteSettings.CertificateKey}, and other settings for them beside it.");
            if (TryNormalize(key) is not { } name)
                throw new InvalidOperationException($"{site.Path} is for no name that clients can ask for. Write a DNS name such as www.example.com, or *.example.com for one label more.");
            site.DemandKnown(SiteSettings.Keys);
            var own = SiteSettings.Read(site, contentRoot, inherits ? fallback : null);
            if (own.Certificate == null)
                throw new InvalidOperationException($"{site.Path} must have a {SiteSettings.CertificateKey}, since the endpoint has none.");
            own.Clients.DemandAsking(site);
            if (!sites.TryAdd(name, own))
                throw new InvalidOperationException($"{site.Path} is the name {name}, which has another entry. Leave one of them.");
        }
        // What is said there may be meant for the entries.
        if (!sites.Values.Any(site => site.Clients.AsksForCertificate))
            fallback.Clients.DemandAsking(settings);
        var read = new EndpointSettings
        {
            Default = fallback,
            Sites = sites,
            HandshakeTimeout = settings.Time(HandshakeTimeoutKey),
            MaxConcurrentHandshakes = settings.Count(MostHandshakesKey, least: 1),
            MaxEarlyDataSize = settings.Count(MostEarlyDataKey, least: 0) ?? 0,
            EarlyDataFreshness = settings.Time(EarlyDataFreshnessKey, TimeSpan.Zero, TimeSpan.FromDays(1)),
            OcspStapling = settings.Flag(StaplingKey) ?? true,
            OcspPrivateResponders = settings.Flag(PrivateRespondersKey) ?? false,
        };
        if (read.Default.Certificate == null && sites.Count == 0)
            throw new InvalidOperationException($"{settings.Path} must have a {SiteSettings.CertificateKey}, or entries of {SniKey} that have one.");
        return read;
    }

    /// <summary>A DNS name as clients ask for it, A-labels in lower case, or "*." with one; null for what is neither.</summary>
    public static string? TryNormalize(string name) => !name.StartsWith("*.", StringComparison.Ordinal)
        ? ServerNames.TryNormalize(name)
        : ServerNames.TryNormalize(name[2..]) is { } parent ? $"*.{parent}" : null;

    /// <summary>The entry for a name that a client asks for; null when there is none, and the endpoint's own settings hold.</summary>
    public static T? Find<T>(IReadOnlyDictionary<string, T> sites, string? name) where T : class
    {
        if (name == null)
            return null;
        var lower = name.ToLowerInvariant();
        if (sites.TryGetValue(lower, out var site))
            return site;
        // One label, as in certificates (RFC 9525 §6.3).
        var dot = lower.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && sites.TryGetValue(string.Concat("*", lower.AsSpan(dot)), out site) ? site : null;
    }
}
