using System.Collections.Concurrent;
using System.Net;

namespace LucidTls.Http;

/// <summary>Servers of which something was found out, in the order in which it was. When there are too many to remember, all are found out about anew.</summary>
internal sealed class KnownServers
{
    private const int Capacity = 10_000;

    private readonly ConcurrentDictionary<DnsEndPoint, long> _found = new();
    private long _last;

    /// <summary>How much was found out so far.</summary>
    public long Last => Volatile.Read(ref _last);

    public bool Contains(DnsEndPoint server) => _found.ContainsKey(server);

    /// <returns>The place in the order.</returns>
    public long Add(DnsEndPoint server)
    {
        if (_found.TryGetValue(server, out var place))
            return place;
        if (_found.Count >= Capacity)
            _found.Clear();
        return _found.GetOrAdd(server, _ => Interlocked.Increment(ref _last));
    }
}
