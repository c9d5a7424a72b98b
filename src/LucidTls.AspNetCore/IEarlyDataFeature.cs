namespace LucidTls.AspNetCore;

/// <summary>
/// There on connections whose first request came as early data (0-RTT, RFC 8446 §2.3): somebody may have recorded it and sent it again, until the handshake is done.
/// <see cref="EarlyDataExtensions.UseEarlyData"/> does what is needed with it.
/// </summary>
public interface IEarlyDataFeature
{
    /// <summary>Whether the client has finished the handshake by now, so that what it has sent is no replay (RFC 8470 §3).</summary>
    bool IsHandshakeDone { get; }

    /// <summary>Waits until it has.</summary>
    /// <param name="cancellationToken">Gives up waiting; nothing else ends.</param>
    /// <exception cref="IOException">The handshake failed: the connection is over, and what it sent must not be acted on.</exception>
    Task WaitForHandshakeAsync(CancellationToken cancellationToken = default);
}
