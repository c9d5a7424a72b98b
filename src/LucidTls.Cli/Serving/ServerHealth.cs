using System.Diagnostics.Metrics;
using LucidTls.Cli.Reporting;

namespace LucidTls.Cli.Serving;

/// <summary>Whether a server is in or out, by its health checks. It is in to begin with.</summary>
/// <param name="server">The server.</param>
/// <param name="check">How many checks it takes.</param>
internal sealed class ServerHealth(HostPort server, HealthCheck check)
{
    private static readonly UpDownCounter<long> Servers = new Meter(RelayMeter.Name).CreateUpDownCounter<long>(
        "lucidtls.upstream.health", unit: "{server}", description: "Which servers behind sites are in and which are out, by their health checks.");

    private readonly Lock _lock = new();
    private bool _isShown;
    private int _against;
    private volatile bool _isOut;

    public bool IsOut => _isOut;

    /// <summary>It is shown in the metrics from now on, or no more.</summary>
    public void Show(bool isShown)
    {
        lock (_lock)
        {
            if (_isShown != isShown)
                Add(isShown ? 1 : -1);
            _isShown = isShown;
        }
    }

    /// <param name="problem">What a check found wrong; null for nothing.</param>
    public void Checked(string? problem)
    {
        lock (_lock)
        {
            _against = problem is null == _isOut ? _against + 1 : 0;
            if (!_isShown || _against < (_isOut ? check.Rise : check.Fall))
                return;
            Add(-1);
            (_isOut, _against) = (!_isOut, 0);
            Add(1);
            Terminal.MarkupLine(problem is null
                ? $"[grey]{DateTime.Now:HH:mm:ss}[/] {Terminal.Escape($"{server} is in again: its health is good.")}"
                : $"[yellow]{DateTime.Now:HH:mm:ss}[/] {Terminal.Escape($"{server} is out, since its health is not good: {problem}")}");
        }
    }

    private void Add(int count) => Servers.Add(count, new KeyValuePair<string, object?>("server", server.ToString()), new KeyValuePair<string, object?>("state", _isOut ? "out" : "in"));
}
