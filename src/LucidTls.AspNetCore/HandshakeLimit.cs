using System.Diagnostics.Metrics;

namespace LucidTls.AspNetCore;

/// <summary>How many handshakes of an endpoint are under way, and how many may be.</summary>
/// <param name="most">Asked for each connection, since configuration may change it; null for any number.</param>
internal sealed class HandshakeLimit(Func<int?> most)
{
    private static readonly Meter Meter = new("LucidTls");

    private static readonly Counter<long> Refused = Meter.CreateCounter<long>("lucidtls.kestrel.refused_connections", unit: "{connection}",
        description: "How many connections were closed since too many handshakes were under way.");

    private int _active;

    /// <summary>Whether there may be one more; <see cref="Leave"/> must follow.</summary>
    public bool TryEnter()
    {
        if (Interlocked.Increment(ref _active) <= (most() ?? int.MaxValue))
            return true;
        Leave();
        Refused.Add(1);
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref _active);
}
