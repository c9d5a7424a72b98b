using LucidTls.Cli.Connecting;
using LucidTls.StartTls;

namespace LucidTls.Cli.Serving;

/// <summary>Servers that do all the same. They take turns; one that takes no connection is passed over for a while, and what was meant for it goes to the next. One whose health checks fail is passed over while another is in.</summary>
/// <param name="servers">Where they are.</param>
/// <param name="tls">What is demanded of them and shown to them; null where there is no TLS.</param>
/// <param name="startTls">How they are asked for TLS; null where it begins with the first byte.</param>
/// <param name="check">How it is found out whether they work; null for not at all.</param>
internal sealed class Upstreams(IReadOnlyList<HostPort> servers, ClientTls? tls = null, StartTlsProtocol? startTls = null, HealthCheck? check = null) : IAsyncDisposable
{
    /// <summary>How long one that took no connection is not asked, if another is there.</summary>
    private static readonly TimeSpan DownTime = TimeSpan.FromSeconds(10);

    private readonly long[] _downUntil = new long[servers.Count];
    private readonly ServerHealth[] _health = check is { } how ? [.. servers.Select(server => new ServerHealth(server, how))] : [];
    private int _last = -1;

    public int Count => servers.Count;

    public ClientTls? Tls => tls;

    public StartTlsProtocol? StartTls => startTls;

    /// <summary>Whose turn it is.</summary>
    public int Next()
    {
        var turn = (int)((uint)Interlocked.Increment(ref _last) % (uint)servers.Count);
        return InOrder(turn).First();
    }

    /// <summary>Shows in the metrics which are in and which are out, or does no more.</summary>
    public void Show(bool isShown)
    {
        foreach (var health in _health)
            health.Show(isShown);
    }

    /// <param name="server">The place of the server.</param>
    /// <param name="problem">What its health check found wrong; null for nothing.</param>
    public void Checked(int server, string? problem) => _health[server].Checked(problem);

    /// <summary>The place of a server; 0 for one that is none of these.</summary>
    public int IndexOf(string host, int port)
    {
        for (var i = 0; i < servers.Count; i++)
        {
            if (servers[i].Port == port && servers[i].Host.Equals(host, StringComparison.OrdinalIgnoreCase))
                return i;
        }
        return 0;
    }

    /// <summary>A connection to a server, or to the next that takes one.</summary>
    /// <exception cref="CliException">None does.</exception>
    public async Task<Dialed> ConnectAsync(int first, CancellationToken cancellationToken)
    {
        CliException? problem = null;
        foreach (var server in InOrder(first))
        {
            try
            {
                var dialed = await Dialer.ConnectAsync(servers[server], cancellationToken);
                Volatile.Write(ref _downUntil[server], 0);
                KeepAlive.On(dialed.Socket);
                return dialed;
            }
            catch (CliException failure)
            {
                Volatile.Write(ref _downUntil[server], Environment.TickCount64 + (long)DownTime.TotalMilliseconds);
                problem = failure;
            }
        }
        throw problem!;
    }

    /// <summary>Follows the files of TLS no more. What is under way goes on.</summary>
    public ValueTask DisposeAsync() => tls?.DisposeAsync() ?? default;

    // Those that are down or out come last, since they may be up again.
    private IEnumerable<int> InOrder(int first)
    {
        var now = Environment.TickCount64;
        return Enumerable.Range(0, servers.Count).Select(i => (first + i) % servers.Count).OrderBy(server => _health.Length > 0 && _health[server].IsOut).ThenBy(server => Volatile.Read(ref _downUntil[server]) > now);
    }
}
