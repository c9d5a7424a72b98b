namespace LucidTls.StartTls;

/// <summary>A plain connection to a client that can tell, while nobody reads from it, that the client has left.</summary>
internal interface IWatchedClient
{
    /// <summary>Waits until the client says more, which is not taken, or leaves.</summary>
    /// <returns>Whether it has broken off, or has ended when all that it said was read.</returns>
    Task<bool> HasLeftAsync(CancellationToken cancellationToken);
}

/// <summary>What a server is waited for on behalf of a client.</summary>
internal static class WatchedClient
{
    /// <summary>Waits for the server, but no longer than the client is there, where that can be told.</summary>
    /// <exception cref="TlsException">The client left first.</exception>
    public static async Task<T> WhileThereAsync<T>(Stream client, Func<CancellationToken, ValueTask<T>> askServer, CancellationToken cancellationToken)
    {
        if (client is not IWatchedClient watched)
            return await askServer(cancellationToken).ConfigureAwait(false);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var leaving = watched.HasLeftAsync(over.Token);
        var asking = askServer(over.Token).AsTask();
        var isLeft = await Task.WhenAny(asking, leaving).ConfigureAwait(false) == leaving && await leaving.ConfigureAwait(false);
        if (!isLeft)
            await ((Task)asking).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // Neither is read from by two at once, whatever comes next.
        await over.CancelAsync().ConfigureAwait(false);
        await ((Task)leaving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await ((Task)asking).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return isLeft ? throw new TlsException(TlsError.ClosedDuringHandshake, "the client left before the server had answered") : await asking.ConfigureAwait(false);
    }
}
