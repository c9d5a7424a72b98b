using System.Net.Security;

namespace LucidTls.Http;

/// <summary>The start of a connection of HTTP/1.1: its first request is one write, and whatever else is done first starts the handshake without early data.</summary>
internal sealed class EarlyStartHttp1(TlsStream tls, TlsClientOptions options, SslApplicationProtocol protocol, Func<bool> isAllowed, Action<TlsSessionInfo> onConnected)
    : EarlyStart(tls, options, protocol, isAllowed, onConnected)
{
    private TaskCompletionSource? _handshake;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        await TryStartAsync(default, cancellationToken).ConfigureAwait(false);
        return await Tls.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        if (!await TryStartAsync(bytes, cancellationToken).ConfigureAwait(false))
            await Tls.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
    }

    protected override bool IsSafe(ReadOnlySpan<byte> bytes) => SafeRequest.IsWhole(bytes);

    /// <returns>False when the handshake had been started already, and is done now: the bytes are still to be sent.</returns>
    private async ValueTask<bool> TryStartAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (Interlocked.CompareExchange(ref _handshake, mine, null) is { } underWay)
        {
            await underWay.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            return false;
        }
        try
        {
            await StartAsync(bytes, cancellationToken).ConfigureAwait(false);
            IsDone = true;
            mine.SetResult();
            return true;
        }
        catch (Exception failure)
        {
            mine.SetException(failure);
            // Perhaps nobody else waits for it.
            _ = mine.Task.Exception;
            throw;
        }
    }
}
