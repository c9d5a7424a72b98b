using System.Collections.Concurrent;
using System.Net.Security;
using LucidTls.Cli.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace LucidTls.Cli.Configuring;

/// <summary>What passes on to the services of a configuration, with the connections to them; it is kept for as long as a configuration names them.</summary>
internal sealed class Backends(WebApplication app) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Entry> _entries = new();
    private readonly Lazy<HealthChecks> _checks = new();

    /// <summary>Makes what is not there yet.</summary>
    /// <exception cref="CliException">A file cannot be used.</exception>
    public void Have(ServeConfiguration configuration)
    {
        foreach (var backend in All(configuration))
            _ = Of(backend);
    }

    /// <summary>Lets go of what this configuration does not name. What is under way goes on.</summary>
    public async Task HaveNoOtherAsync(ServeConfiguration configuration)
    {
        var named = All(configuration).Select(backend => backend.Id).ToHashSet();
        foreach (var id in _entries.Keys.Where(id => !named.Contains(id)))
        {
            if (_entries.TryRemove(id, out var entry))
                await entry.DisposeAsync();
        }
    }

    /// <param name="context">The request.</param>
    /// <param name="backend">What answers it.</param>
    /// <param name="idle">How long that and the client may be silent.</param>
    public Task AnswerAsync(HttpContext context, Backend backend, TimeSpan idle) => Of(backend).Answer(context, idle);

    public Upstreams Tcp(Backend backend) => Of(backend).Upstreams;

    public void Reload()
    {
        foreach (var entry in _entries.Values)
            entry.Upstreams.Tls?.Reload();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var entry in _entries.Values)
            await entry.DisposeAsync();
        if (_checks.IsValueCreated)
            await _checks.Value.DisposeAsync();
    }

    private static IEnumerable<Backend> All(ServeConfiguration configuration) => configuration.Services.SelectMany(service => service.Sites).Select(site => site.Backend);

    private Entry Of(Backend backend)
    {
        if (_entries.TryGetValue(backend.Id, out var entry))
            return entry;
        // Should two make it at once, the other's is not used, and holds nothing but the eye on its files.
        var made = Make(backend);
        entry = _entries.GetOrAdd(backend.Id, made);
        if (entry != made)
            _ = made.DisposeAsync().AsTask();
        else if (backend.HealthCheck is { } check)
            entry.Begin(_checks.Value, backend, check);
        return entry;
    }

    private Entry Make(Backend backend)
    {
        var upstreams = new Upstreams(backend.Targets, backend.HasTls ? TlsOf(backend) : null, backend.StartTls, backend.HealthCheck);
        if (backend is { IsTcp: false, Services.Count: > 0 })
            return new Entry(new HttpForwarding(app, backend, upstreams).AnswerAsync, upstreams);
        var answer = backend.Root is { } root ? FrontEnd.Files(app, root) : FrontEnd.ShowConnectionAsync;
        return new Entry((context, _) => answer(context), upstreams);
    }

    private static ClientTls TlsOf(Backend backend)
    {
        // The name is that of the service's URL, and not what the visitor asked for.
        var options = new TlsClientOptions { TargetHost = backend.VerifyName ?? backend.Targets[0].Host, ApplicationProtocols = [.. backend.Protocols.Select(name => new SslApplicationProtocol(name))] };
        if (!backend.AllowTlsResume)
            options.SessionCache = null;
        return new ClientTls(backend.Tls, options);
    }

    private sealed record Entry(Func<HttpContext, TimeSpan, Task> Answer, Upstreams Upstreams) : IAsyncDisposable
    {
        private IDisposable? _checking;

        public void Begin(HealthChecks checks, Backend backend, HealthCheck check)
        {
            Upstreams.Show(true);
            _checking = checks.Begin(backend, check, Upstreams);
        }

        public ValueTask DisposeAsync()
        {
            _checking?.Dispose();
            Upstreams.Show(false);
            return Upstreams.DisposeAsync();
        }
    }
}
