namespace LucidTls.Sessions;

/// <summary>
/// Remembers which tickets early data came under, so that a recording of it is not taken a second time (RFC 8446 §8.1). All servers
/// that take the same tickets must share one: what one of them has seen, another may be shown.
/// Implementations are safe for use by several threads at once.
/// </summary>
public interface ITlsReplayGuard
{
    /// <summary>Remembers a ticket's use, in one step with the look whether it was used before.</summary>
    /// <param name="id">What tells the ticket from others: 32 bytes that say nothing of its content.</param>
    /// <param name="issued">When the ticket was given.</param>
    /// <param name="window">How long the use must be remembered: a replay after that time is refused for its age.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>True for the first use. False for a further one, and whenever that cannot be told for sure; the connection then goes on without its early data.</returns>
    ValueTask<bool> TryUseAsync(ReadOnlyMemory<byte> id, DateTimeOffset issued, TimeSpan window, CancellationToken cancellationToken);
}
