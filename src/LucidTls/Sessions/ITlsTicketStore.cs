namespace LucidTls.Sessions;

/// <summary>
/// Keeps what a server needs to resume a session: sealed inside the ticket itself (<see cref="TicketKeyRing"/>), or in a store that
/// several machines share, with the ticket as the key. Implementations are safe for use by several threads at once.
/// </summary>
public interface ITlsTicketStore
{
    /// <summary>Makes a ticket for a session.</summary>
    /// <param name="session">The session's state, which is secret.</param>
    /// <param name="lifetime">How long the ticket shall be good; seven days at most (RFC 8446 §4.6.1).</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The ticket, 1 to 65,535 bytes, which tells nothing of the state; null to make none.</returns>
    ValueTask<byte[]?> StoreAsync(ReadOnlyMemory<byte> session, TimeSpan lifetime, CancellationToken cancellationToken);

    /// <summary>The state for a ticket that a client shows, or null when it is unknown, too old or not genuine.</summary>
    ValueTask<byte[]?> FindAsync(ReadOnlyMemory<byte> ticket, CancellationToken cancellationToken);
}
