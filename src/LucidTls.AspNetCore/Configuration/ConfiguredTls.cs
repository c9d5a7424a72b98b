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
    /// <summary>How long a renewed identity waits for its first staple.</summary>
    private static readonly TimeSpan StapleTime = TimeSpan.FromSeconds(5);

    private readonly string _contentRoot;
    private readonly ILogger _logger;
    private readonly Func<CertificateFile, TlsIdentity> _load;
    private readonly TimeProvider _time;
    private readonly Func<string, string> _show;
    private readonly bool _inherits;
    private readonly ChangeWatch _watch;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _changing = new(1);
    private volatile IConfigurationSection _section;
    private volatile Made _made;
    private HttpProtocols _protocols;

    /// <param name="section">The section.</param>
    /// <param name="contentRoot">Where relative paths begin.</param>
    /// <param name="logger">Told of changes and of what is wrong with them.</param>
    /// <param name="load">Reads an identity; <see cref="CertificateFile.Load"/> by default.</param>
    /// <param name="time">The clock of it all; the system's by default.</param>
    /// <param name="show">How the place of a setting is called in what is logged; its path of keys by default.</param>
    /// <param name="inherits">As for <see cref="EndpointSettings.Read"/>.</param>
    /// <exception cref="InvalidOperationException">Something in the configuration is wrong; the message names the setting.</exception>
    public ConfiguredTls(IConfigurationSection section, string contentRoot, ILogger logger, Func<CertificateFile, TlsIdentity>? load = null, TimeProvider? time = null, Func<string, string>? show = null, bool inherits = true)
    {
        _section = section;
        _contentRoot = contentRoot;
        _logger = logger;
        _load = load ?? (static file => file.Load());
        _time = time ?? TimeProvider.System;
        _show = show ?? (static place => place);
        _inherits = inherits;
        _watch = new ChangeWatch(Look, ChangeAsync, _time);
        _made = Make(section);
    }

    /// <summary>The options for the next connection.</summary>
    public TlsServerOptions Current => _made.Options.Server;

    public int? MaxConcurrentHandshakes => _made.Settings.MaxConcurrentHandshakes;

    /// <summary>From now on changes are followed.</summary>
    /// <param name="protocols">What the endpoint speaks, for ALPN.</param>
    public void Start(HttpProtocols protocols)
    {
        _protocols = protocols;
        var before = _made;
        _made = Make(_section);
        _ = before.Options.DisposeAsync(but: _made.Options).AsTask();
        _watch.Start(_made.Fingerprint);
    }

    /// <summary>Looks at the files at once.</summary>
    public void Reload() => _watch.Ask();

    /// <summary>Makes what another section says, to be used or not. Until it is disposed nothing else changes the options.</summary>
    /// <exception cref="InvalidOperationException">Something in it is wrong; the message names the setting.</exception>
    public async Task<Replacement> PrepareAsync(IConfigurationSection section)
    {
        await _changing.WaitAsync(_stop.Token).ConfigureAwait(false);
        try
        {
            var made = Make(section);
            await HaveStaplesAsync(made, _stop.Token).ConfigureAwait(false);
            return new Replacement(this, section, made);
        }
        catch
        {
            _changing.Release();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _watch.DisposeAsync().ConfigureAwait(false);
        await _made.Options.DisposeAsync().ConfigureAwait(false);
    }

    private string Look()
    {
        TellProblems();
        return Fingerprint();
    }

    /// <summary>A fingerprint of what the configuration says now and of the files; or what is wrong.</summary>
    private string Fingerprint()
    {
        try
        {
            return Read(_section).Fingerprint;
        }
        // Whatever it is, the server goes on with what it has, and looks again.
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return exception.Message;
        }
    }

    /// <returns>Whether that is settled: the new options are in use, or it is logged why not. If not, the files have changed meanwhile.</returns>
    private async Task<bool> ChangeAsync(string fingerprint, CancellationToken stop)
    {
        await _changing.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            if (fingerprint == _made.Fingerprint)
                return true;
            var (before, made) = (_made, Make(_section));
            await HaveStaplesAsync(made, stop).ConfigureAwait(false);
            // What was written to while it was read may be one part old and one part new.
            if (Fingerprint() != fingerprint)
            {
                await made.Options.DisposeAsync(but: before.Options).ConfigureAwait(false);
                return false;
            }
            _made = made;
            _logger.ConfigurationChanged(_show(_section.Path), string.Join(", ", made.Options.Identities.Select(identity => identity.Subject)));
            await before.Options.DisposeAsync(but: made.Options).ConfigureAwait(false);
            return true;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            if (Fingerprint() != fingerprint)
                return false;
            _logger.ConfigurationRefused(_show(_section.Path), exception is SettingException setting ? $"{_show(setting.Place)}: {setting.Sentence}" : exception.Message);
            return true;
        }
        finally
        {
            _changing.Release();
        }
    }

    // A certificate that promises a staple is of no use before it has one.
    private Task HaveStaplesAsync(Made made, CancellationToken stop) =>
        Task.WhenAny(Task.WhenAll(made.Options.Identities.Select(identity => identity.Ready)), Task.Delay(StapleTime, _time, stop));

    private Made Make(IConfigurationSection section)
    {
        // Taken before anything is read: what changes meanwhile is seen as a change by the next look.
        var (settings, fingerprint) = Read(section);
        return new Made(settings, fingerprint, new ConfiguredOptions(settings, _protocols, _made?.Options, _load, _time));
    }

    private (EndpointSettings Settings, string Fingerprint) Read(IConfigurationSection section)
    {
        var words = section.AsEnumerable(makePathsRelative: true).OrderBy(pair => pair.Key, StringComparer.OrdinalIgnoreCase).SelectMany(pair => (string?[])[pair.Key, pair.Value]).ToArray();
        var settings = EndpointSettings.Read(new Settings(section), _contentRoot, _inherits);
        var files = settings.AllSites.SelectMany(site => site.Clients.Files.Select(file => CertificateFile.FingerprintOf(file.Path)).Concat(site.Certificate is { } certificate ? CertificateFile.List(certificate).Select(file => file.Fingerprint) : []));
        return (settings, CertificateFile.Hash(files.Prepend(CertificateFile.Hash(words))));
    }

    /// <summary>Says what is wrong with staples and revocation lists, once each.</summary>
    private void TellProblems()
    {
        var options = _made.Options;
        foreach (var identity in options.Identities)
        {
            if (identity.TakeProblem() is { } problem)
                _logger.StapleMissing(_show(_section.Path), identity.Subject, problem);
        }
        foreach (var list in options.TakeOldLists(_time.GetUtcNow()))
            _logger.RevocationListExpired(_show(_section.Path), list.Issuer, list.NextUpdate);
    }

    /// <summary>What settings and the files that they name were made into.</summary>
    internal sealed record Made(EndpointSettings Settings, string Fingerprint, ConfiguredOptions Options);

    /// <summary>What an endpoint may be told to use next. Dispose it in any case: nothing else changes the options until then.</summary>
    internal sealed class Replacement(ConfiguredTls owner, IConfigurationSection section, Made made) : IAsyncDisposable
    {
        private ConfiguredOptions _unused = made.Options;
        private ConfiguredOptions _used = owner._made.Options;

        /// <summary>New connections get it from now on.</summary>
        public void Use()
        {
            (_unused, _used) = (_used, _unused);
            (owner._section, owner._made) = (section, made);
        }

        public async ValueTask DisposeAsync()
        {
            await _unused.DisposeAsync(but: _used).ConfigureAwait(false);
            owner._changing.Release();
        }
    }
}
