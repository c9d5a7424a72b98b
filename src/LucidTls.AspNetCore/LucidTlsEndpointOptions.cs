namespace LucidTls.AspNetCore;

/// <summary>What an endpoint does around TLS; <see cref="TlsServerOptions"/> say what TLS does.</summary>
public sealed class LucidTlsEndpointOptions
{
    private int? _maxConcurrentHandshakes;

    /// <summary>
    /// How many handshakes may be under way at once; null, the default, for any number. A connection beyond that is closed at once, and counted. Open connections
    /// are limited by Kestrel's own MaxConcurrentConnections.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is below 1.</exception>
    public int? MaxConcurrentHandshakes
    {
        get => _maxConcurrentHandshakes;
        set
        {
            if (value is { } number)
                ArgumentOutOfRangeException.ThrowIfLessThan(number, 1, nameof(value));
            _maxConcurrentHandshakes = value;
        }
    }
}
