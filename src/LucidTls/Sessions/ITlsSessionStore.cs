namespace LucidTls.Sessions;

/// <summary>
/// Keeps a server's TLS 1.2 sessions under their session ids (RFC 5246 §7.4.1.2), for clients that know no tickets; several machines may share one.
/// Implementations are safe for use by several threads at once.
/// </summary>
public interface ITlsSessionStore
{
    /// <summary>Keeps a session.</summary>
    /// <param name="id">The session id: 32 random bytes.</param>
    /// <param name="session">The session's state, which is secret.</param>
    /// <param name="lifetime">How long it shall be kept at most.</param>
    /// <param name="cancellationToken">Gives up.</param>
    ValueTask StoreAsync(ReadOnlyMemory<byte> id, ReadOnlyMemory<byte> session, TimeSpan lifetime, CancellationToken cancellationToken);

    /// <summary>The state of a session, or null when it is unknown or too old.</summary>
    ValueTask<byte[]?> FindAsync(ReadOnlyMemory<byte> id, CancellationToken cancellationToken);
}
