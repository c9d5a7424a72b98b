using System.Diagnostics.CodeAnalysis;
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
    private readonly Func<CertificateFile, TlsIdentity> _load;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private volatile EndpointSettings _settings;
    private volatile ConfiguredOptions _inUse;
    private HttpProtocols _protocols;
    private string _fingerprint;
    private Task _watching = Task.CompletedTask;

    /// <param name="section">The section.</param>
    /// <param name="contentRoot">Where relative paths begin.</param>
    /// <param name="logger">Told of changes and of what is wrong with them.</param>
    /// <param name="load">Reads an identity; <see cref="CertificateFile.Load"/> by default.</param>
    /// <param name="time">The clock of it all; the system's by default.</param>
    /// <exception cref="InvalidOperationException">Something in the configuration is wrong; the message names the setting.</exception>
    public ConfiguredTls(IConfigurationSection section, string contentRoot, ILogger logger, Func<CertificateFile, TlsIdentity>? load = null, TimeProvider? time = null)
    {
        _section = section;
        _contentRoot = contentRoot;
        _logger = logger;
        _load = load ?? (static file => file.Load());
        _time = time ?? TimeProvider.System;
        Begin(before: null);
    }

    /// <summary>The options for the next connection.</summary>
    public TlsServerOptions Current => _inUse.Server;

    public int? MaxConcurrentHandshakes => _settings.MaxConcurrentHandshakes;

    /// <summary>From now on changes are followed.</summary>
    /// <param name="protocols">What the endpoint speaks, for ALPN.</param>
    public void Start(HttpProtocols protocols)
    {
        _protocols = protocols;
        var before = _inUse;
        Begin(before);
        _ = before.DisposeAsync(but: _inUse).AsTask();
        _watching = WatchAsync();
    }

    [MemberNotNull(nameof(_settings), nameof(_fingerprint), nameof(_inUse))]
    private void Begin(ConfiguredOptions? before)
    {
        // Taken before anything is read: what changes meanwhile is seen as a change by the next look.
        (_settings, _fingerprint) = Read();
        _inUse = new ConfiguredOptions(_settings, _protocols, before, _load, _time);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _watching.ConfigureAwait(false);
        await _inUse.DisposeAsync().ConfigureAwait(false);
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
                await Task.Delay(interval, _time, _stop.Token).ConfigureAwait(false);
                TellProblems();
                var began = _time.GetTimestamp();
                var (settings, fingerprint, failure) = Look();
                // However many files there are, looking at them takes a fiftieth of the time. A single look that took long was kept waiting by others.
                cost = TimeSpan.FromTicks(Math.Clamp(_time.GetElapsedTime(began).Ticks, TimeSpan.TicksPerMillisecond, 2 * cost.Ticks));
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
            var (settings, fingerprint) = Read();
            return (settings, fingerprint, null);
        }
        // Whatever it is, the server goes on with what it has, and looks again.
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return (null, exception.Message, exception.Message);
        }
    }

    private (EndpointSettings Settings, string Fingerprint) Read()
    {
        var words = Words();
        var settings = EndpointSettings.Read(new Settings(_section), _contentRoot);
        return (settings, FingerprintOf(words, settings));
    }

    /// <returns>Whether that is settled: the new options are in use, or the files have changed meanwhile and are looked at again. Otherwise it is logged why not.</returns>
    private async Task<bool> TryChangeAsync(EndpointSettings settings, string fingerprint)
    {
        var before = _inUse;
        try
        {
            var made = new ConfiguredOptions(settings, _protocols, before, _load, _time);
            // A certificate that promises a staple is of no use before it has one.
            await Task.WhenAny(Task.WhenAll(made.Identities.Select(identity => identity.Ready)), Task.Delay(StapleTime, _time, _stop.Token)).ConfigureAwait(false);
            // What was written to while it was read may be one part old and one part new.
            if (Look().Fingerprint != fingerprint)
            {
                await made.DisposeAsync(but: before).ConfigureAwait(false);
                return true;
            }
            (_settings, _inUse, _fingerprint) = (settings, made, fingerprint);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            if (Look().Fingerprint != fingerprint)
                return true;
            _logger.ConfigurationRefused(_section.Path, exception.Message);
            return false;
        }
        _logger.ConfigurationChanged(_section.Path, string.Join(", ", _inUse.Identities.Select(identity => identity.Subject)));
        await before.DisposeAsync(but: _inUse).ConfigureAwait(false);
        return true;
    }

    /// <summary>Says what is wrong with staples and revocation lists, once each.</summary>
    private void TellProblems()
    {
        foreach (var identity in _inUse.Identities)
        {
            if (identity.TakeProblem() is { } problem)
                _logger.StapleMissing(_section.Path, identity.Subject, problem);
        }
        foreach (var list in _inUse.TakeOldLists(_time.GetUtcNow()))
            _logger.RevocationListExpired(_section.Path, list.Issuer, list.NextUpdate);
    }

    /// <summary>What the section says, word for word, and what lies in the files that it names.</summary>
    private string FingerprintOf(string words, EndpointSettings settings) => CertificateFile.Hash(settings.AllSites
        .SelectMany(site => site.Clients.Files.Select(file => CertificateFile.FingerprintOf(file.Path)).Concat(site.Certificate is { } certificate ? CertificateFile.List(certificate).Select(file => file.Fingerprint) : []))
        .Prepend(words));

    private string Words() => CertificateFile.Hash(_section.AsEnumerable(makePathsRelative: true).OrderBy(pair => pair.Key, StringComparer.OrdinalIgnoreCase).SelectMany(pair => (string?[])[pair.Key, pair.Value]));
}
