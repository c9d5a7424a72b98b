using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace LucidTls.Cli.Serving;

/// <summary>YARP's active health checks, for services of TCP as well: it sends the probes in time, and what comes of them is for <see cref="ServerHealth"/> to weigh.</summary>
internal sealed class HealthChecks : IActiveHealthCheckPolicy, IAsyncDisposable
{
    private readonly ServiceProvider _yarp;
    private readonly ConcurrentDictionary<ClusterState, Upstreams> _checked = new();

    public HealthChecks()
    {
        // By itself, as it brings with it much that a host would start.
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddReverseProxy();
        services.AddSingleton<IActiveHealthCheckPolicy>(this);
        _yarp = services.BuildServiceProvider();
    }

    public string Name => nameof(LucidTls);

    /// <summary>Checks these until the result is disposed.</summary>
    /// <param name="backend">What they are.</param>
    /// <param name="check">How they are checked.</param>
    /// <param name="upstreams">Told what was found.</param>
    public IDisposable Begin(Backend backend, HealthCheck check, Upstreams upstreams)
    {
        var config = new ClusterConfig
        {
            ClusterId = backend.Id,
            HttpRequest = HttpForwarding.RequestOf(backend),
            HealthCheck = new HealthCheckConfig { Active = new ActiveHealthCheckConfig { Enabled = true, Interval = check.Interval, Timeout = check.Timeout, Path = check.Path, Policy = Name } },
        };
        var client = HealthProbe.ClientOf(backend, upstreams.Tls);
        var cluster = new ClusterState(backend.Id, new ClusterModel(config, client));
        var addresses = backend.Addresses;
        for (var i = 0; i < addresses.Count; i++)
        {
            var id = i.ToString(CultureInfo.InvariantCulture);
            cluster.Destinations[id] = new DestinationState(id, new DestinationModel(new DestinationConfig { Address = backend.IsTcp ? $"http://{backend.Targets[i]}" : addresses[i] }));
        }
        _yarp.GetRequiredService<IClusterDestinationsUpdater>().UpdateAllDestinations(cluster);
        _checked[cluster] = upstreams;
        var monitor = _yarp.GetRequiredService<IActiveHealthCheckMonitor>();
        // The first at once, the others as the monitor has them scheduled.
        _ = monitor.CheckHealthAsync([cluster]);
        foreach (var listener in _yarp.GetServices<IClusterChangeListener>())
            listener.OnClusterAdded(cluster);
        return new Running(this, cluster, client);
    }

    public void ProbingCompleted(ClusterState cluster, IReadOnlyList<DestinationProbingResult> probingResults)
    {
        if (!_checked.TryGetValue(cluster, out var upstreams))
            return;
        var timeout = cluster.Model.Config.HealthCheck!.Active!.Timeout!.Value;
        foreach (var result in probingResults)
            upstreams.Checked(int.Parse(result.Destination.DestinationId, CultureInfo.InvariantCulture), Problem(result, timeout));
    }

    public ValueTask DisposeAsync() => _yarp.DisposeAsync();

    private static string? Problem(DestinationProbingResult result, TimeSpan timeout) => result switch
    {
        { Response: { } response } => (int)response.StatusCode is >= 200 and < 400 ? null : $"it answers {(int)response.StatusCode}.",
        { Exception: OperationCanceledException } => $"there is no answer within {timeout.TotalSeconds:0} seconds.",
        { Exception: var failure } => failure?.Message ?? "it could not be asked.",
    };

    private void End(ClusterState cluster)
    {
        foreach (var listener in _yarp.GetServices<IClusterChangeListener>())
            listener.OnClusterRemoved(cluster);
        _checked.TryRemove(cluster, out _);
    }

    private sealed class Running(HealthChecks checks, ClusterState cluster, HttpMessageInvoker client) : IDisposable
    {
        public void Dispose()
        {
            checks.End(cluster);
            client.Dispose();
        }
    }
}
