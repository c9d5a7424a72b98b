using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using LucidTls.Certificates;
using LucidTls.Certificates.Revocation;
using LucidTls.Sessions;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace LucidTls.AspNetCore.Configuration;

/// <summary>
/// An endpoint's options, made from configuration and made again when that or a file that it names changes. Connections take <see cref="Current"/> as they
/// begin; those that are open go on with what they have. What cannot be used is logged, and what was used before stays.
/// </summary>
internal sealed class ConfiguredTls : IAsyncDisposable
{
    /// <summary>How often files are looked at. A change counts when it is the same the next time, so that no file is read half written.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    /// <summary>How long a renewed identity waits for its first staple.</summary>
    private static readonly TimeSpan StapleTime = TimeSpan.FromSeconds(5);

    private readonly IConfigurationSection _section;
    private readonly string _contentRoot;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<string, TicketKeyRing> _rings = [];
    private Dictionary<string, ConfiguredIdentity> _identities = [];
    private volatile EndpointSettings _settings;
    private RevocationFetcher? _fetcher;
    private HttpProtocols _protocols;
    private string _fingerprint;
    private volatile TlsServerOptions _current;
    private Task _watching = Task.CompletedTask;

    /// <exception cref="InvalidOperationException">Something in the configuration is wrong; the message names the setting.</exception>
    public ConfiguredTls(IConfigurationSection section, string contentRoot, ILogger logger)
    {
        _section = section;
        _contentRoot = contentRoot;
        _logger = logger;
        _settings = EndpointSettings.Read(new Settings(section), contentRoot);
        Begin();
    }

    /// <summary>The options for the next connection.</summary>
    public TlsServerOptions Current => _current;

    public int? MaxConcurrentHandshakes => _settings.MaxConcurrentHandshakes;

    /// <summary>From now on changes are followed.</summary>
    /// <param name="protocols">What the endpoint speaks, for ALPN.</param>
    public void Start(HttpProtocols protocols)
    {
        _protocols = protocols;
        Begin();
        _watching = WatchAsync();
    }

    [MemberNotNull(nameof(_fingerprint), nameof(_current))]
    private void Begin()
    {
        // Taken before anything is read: what changes meanwhile is seen as a change by the next look.
        _fingerprint = FingerprintOf(_settings);
        (_current, _identities) = Make(_settings);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _watching.ConfigureAwait(false);
        await DisposeAsync(_identities, but: []).ConfigureAwait(false);
    }

    private async Task WatchAsync()
    {
        var interval = Interval;
        var cost = TimeSpan.FromMilliseconds(1);
        var changing = "";
        var failed = "";
        try
        {
            while (true)
            {
                await Task.Delay(interval, _stop.Token).ConfigureAwait(false);
                foreach (var identity in _identities.Values)
                {
                    if (identity.TakeProblem() is { } problem)
                        _logger.StapleMissing(_section.Path, identity.Subject, problem);
                }
                var began = TimeProvider.System.GetTimestamp();
                var (settings, fingerprint, failure) = Look();
                // However many files there are, looking at them takes a fiftieth of the time. A single look that took long was kept waiting by others.
                cost = TimeSpan.FromTicks(Math.Clamp(TimeProvider.System.GetElapsedTime(began).Ticks, TimeSpan.TicksPerMillisecond, 2 * cost.Ticks));
                interval = TimeSpan.FromTicks(Math.Max(Interval.Ticks, 50 * cost.Ticks));
                var isSettled = fingerprint == changing;
                changing = fingerprint;
                if (!isSettled || fingerprint == _fingerprint || fingerprint == failed)
                    continue;
                failed = failure == null && await TryChangeAsync(settings!, fingerprint).ConfigureAwait(false) ? "" : fingerprint;
                if (failure != null)
                    _logger.ConfigurationRefused(_section.Path, failure);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The server has stopped.
        }
    }

    /// <summary>What the configuration says now, and a fingerprint of that and of the files; or what is wrong.</summary>
    private (EndpointSettings? Settings, string Fingerprint, string? Failure) Look()
    {
        try
        {
            var settings = EndpointSettings.Read(new Settings(_section), _contentRoot);
            return (settings, FingerprintOf(settings), null);
        }
        // Whatever it is, the server goes on with what it has, and looks again.
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return (null, exception.Message, exception.Message);
        }
    }

    /// <returns>Whether that is settled: the new options are in use, or the files have changed meanwhile and are looked at again. Otherwise it is logged why not.</returns>
    private async Task<bool> TryChangeAsync(EndpointSettings settings, string fingerprint)
    {
        var before = _identities;
        try
        {
            var (options, identities) = Make(settings);
            // A certificate that promises a staple is of no use before it has one.
            await Task.WhenAny(Task.WhenAll(identities.Values.Select(identity => identity.Ready)), Task.Delay(StapleTime, _stop.Token)).ConfigureAwait(false);
            // What was written to while it was read may be one part old and one part new.
            if (Look().Fingerprint != fingerprint)
            {
                await DisposeAsync(identities, but: before).ConfigureAwait(false);
                return true;
            }
            (_settings, _current, _fingerprint, _identities) = (settings, options, fingerprint, identities);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            if (Look().Fingerprint != fingerprint)
                return true;
            _logger.ConfigurationRefused(_section.Path, exception.Message);
            return false;
        }
        _logger.ConfigurationChanged(_section.Path, string.Join(", ", _identities.Values.Select(identity => identity.Subject)));
        await DisposeAsync(before, but: _identities).ConfigureAwait(false);
        return true;
    }

    private static async Task DisposeAsync(Dictionary<string, ConfiguredIdentity> identities, Dictionary<string, ConfiguredIdentity> but)
    {
        foreach (var (key, identity) in identities)
        {
            if (!but.ContainsKey(key))
                await identity.DisposeAsync().ConfigureAwait(false);
        }
    }

    private (TlsServerOptions Options, Dictionary<string, ConfiguredIdentity> Identities) Make(EndpointSettings settings)
    {
        var identities = new Dictionary<string, ConfiguredIdentity>();
        try
        {
            var options = MakeSite(settings, settings.Default, identities);
            var sites = settings.Sites.ToDictionary(site => site.Key, site => MakeSite(settings, site.Value, identities), StringComparer.Ordinal);
            if (sites.Count > 0)
                options.OptionsSelector = (hello, _) => new ValueTask<TlsServerOptions?>(EndpointSettings.Find(sites, hello.ServerName));
            return (options, identities);
        }
        catch
        {
            _ = DisposeAsync(identities, but: _identities);
            throw;
        }
    }

    private TlsServerOptions MakeSite(EndpointSettings settings, SiteSettings site, Dictionary<string, ConfiguredIdentity> identities)
    {
        var options = new TlsServerOptions
        {
            Identities = site.Certificate == null ? [] : Identities(settings, site.Certificate, identities),
            ClientCertificateMode = site.ClientCertificateMode,
            ApplicationProtocols = Alpn.Of(_protocols),
            MaxEarlyDataSize = settings.MaxEarlyDataSize,
        };
        if (site.MinimumVersion is { } version)
            options.MinimumVersion = version;
        if (settings.HandshakeTimeout is { } time)
            options.HandshakeTimeout = time;
        var rules = $"{site.Place} {site.ClientCertificateMode}";
        if (site.ClientCertificateMode != ClientCertificateMode.None)
        {
            var roots = site.ClientCertificateRoots!;
            rules += CertificateFile.FingerprintOf(roots);
            options.ClientCertificateVerifier = new CertificateVerifier(new CertificateVerifierOptions { TrustStore = Roots(site) });
        }
        // Sessions outlive a new certificate, but not new rules about clients: those who were let in under the old ones prove themselves again.
        if (!_rings.TryGetValue(rules, out var ring))
            _rings.Add(rules, ring = new TicketKeyRing());
        options.TicketStore = ring;
        return options;
    }

    private List<TlsIdentity> Identities(EndpointSettings settings, CertificateSettings certificate, Dictionary<string, ConfiguredIdentity> identities)
    {
        var found = new List<TlsIdentity>();
        foreach (var file in CertificateFile.List(certificate))
        {
            var key = $"{file.Fingerprint} {settings.OcspStapling} {settings.OcspPrivateResponders}";
            if (!identities.TryGetValue(key, out var one))
            {
                // One that has not changed keeps its staples.
                if (!_identities.TryGetValue(key, out one))
                {
                    var identity = file.Load();
                    one = new ConfiguredIdentity(identity, settings.OcspStapling ? new OcspStapler(identity, Fetcher(settings)) : null);
                }
                identities.Add(key, one);
            }
            found.Add(one.Identity);
        }
        return found.Count > 0 ? found : throw new InvalidOperationException($"{certificate.Place}: there is no certificate in the folder {certificate.Folder}.");
    }

    private RevocationFetcher Fetcher(EndpointSettings settings) => _fetcher is { } fetcher && fetcher.AllowPrivateAddresses == settings.OcspPrivateResponders
        ? fetcher
        : _fetcher = new RevocationFetcher { AllowPrivateAddresses = settings.OcspPrivateResponders };

    private static TrustStore Roots(SiteSettings site)
    {
        var path = site.ClientCertificateRoots!;
        try
        {
            return Directory.Exists(path) ? TrustStore.FromFolder(path) : TrustStore.FromPemFile(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new InvalidOperationException($"{site.Place}:{SiteSettings.RootsKey}: {path}: {exception.Message}", exception);
        }
    }

    private static string FingerprintOf(EndpointSettings settings)
    {
        var parts = new List<string> { settings.HandshakeTimeout.ToString() ?? "", settings.MaxConcurrentHandshakes.ToString() ?? "", settings.MaxEarlyDataSize.ToString(CultureInfo.InvariantCulture), settings.OcspStapling.ToString(), settings.OcspPrivateResponders.ToString() };
        foreach (var (name, site) in settings.Sites.Prepend(new KeyValuePair<string, SiteSettings>("", settings.Default)))
        {
            parts.AddRange([name, site.ClientCertificateMode.ToString(), site.MinimumVersion.ToString() ?? ""]);
            if (site.ClientCertificateRoots is { } roots)
                parts.Add(CertificateFile.FingerprintOf(roots));
            if (site.Certificate is { } certificate)
                parts.AddRange(CertificateFile.List(certificate).Select(file => file.Fingerprint));
        }
        return CertificateFile.Hash(parts);
    }
}
