namespace LucidTls.Http;

/// <summary>
/// A handshake that waits for the first bytes to send, which go along with it as early data (0-RTT, RFC 8446 §2.3) if they are all of a request that may happen twice. Whatever else is done first with the
/// connection starts the handshake without.
/// </summary>
internal sealed class EarlyStart(TlsStream tls, TlsClientOptions options, Func<bool> isAllowed, Action<TlsSessionInfo> onConnected)
{
    private TaskCompletionSource? _handshake;

    public bool IsDone => Volatile.Read(ref _handshake) is { Task.IsCompletedSuccessfully: true };

    /// <summary>Waits for the handshake, which carries no early data if it starts here.</summary>
    public async ValueTask ReadyAsync(CancellationToken cancellationToken) => await StartAsync(default, cancellationToken).ConfigureAwait(false);

    /// <summary>Waits for the handshake, and sends these bytes along with it if it starts here and they are fit for it.</summary>
    /// <returns>Whether the server has taken the bytes; if not, they are still to be sent.</returns>
    public async ValueTask<bool> TrySendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var early = SafeRequest.IsWhole(bytes.Span) && isAllowed() ? bytes : default;
        return await StartAsync(early, cancellationToken).ConfigureAwait(false) && tls.Session.EarlyData == TlsEarlyDataStatus.Accepted;
    }

    /// <returns>Whether the early data is what was given here.</returns>
    private async ValueTask<bool> StartAsync(ReadOnlyMemory<byte> early, CancellationToken cancellationToken)
    {
        var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (Interlocked.CompareExchange(ref _handshake, mine, null) is { } underWay)
        {
            await underWay.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            return false;
        }
        try
        {
            var once = options.Clone();
            once.EarlyData = early;
            await tls.AuthenticateAsClientAsync(once, cancellationToken).ConfigureAwait(false);
            onConnected(tls.Session);
            mine.SetResult();
            return !early.IsEmpty;
        }
        catch (Exception failure)
        {
            // The connection may have been kept for long, and been closed by the server meanwhile.
            var told = failure.InnerException is TlsException { Source: TlsFailureSource.Transport } ? new LostWhileWaitingException(failure) : failure;
            mine.SetException(told);
            // Perhaps nobody else waits for it.
            _ = mine.Task.Exception;
            if (told == failure)
                throw;
            throw told;
        }
    }
}

/// <summary>The transport ended before a handshake that had waited for its request: nothing was sent that may not be sent again.</summary>
internal sealed class LostWhileWaitingException(Exception cause) : IOException(cause.Message, cause);
