using System.Net.Security;

namespace LucidTls.Http;

/// <summary>
/// The start of a connection of HTTP/2, as a session says that the server speaks it. The engine writes its preface and then the first requests; the preface is held back until they are there, and both go
/// along with the handshake if all of the requests are safe. When the server turns out to be another than the session says, or gone, the engine is told so in its own language: a GOAWAY frame that says that no
/// stream was looked at (RFC 9113 §6.8), upon which it sends all requests again on another connection, which gets no early data.
/// </summary>
internal sealed class EarlyStartHttp2(TlsStream tls, TlsClientOptions options, Func<bool> isAllowed, Action<TlsSessionInfo> onConnected, Action forgo)
    : EarlyStart(tls, options, SslApplicationProtocol.Http2, isAllowed, onConnected)
{
    /// <summary>How long the handshake waits for a request: less than servers wait for the ClientHello.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly TaskCompletionSource<bool> _isUsable = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isStarted;
    private byte[]? _preface;
    private ReadOnlyMemory<byte> _farewell = Http2Frames.NothingWasProcessed;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (!await WaitAsync(cancellationToken).ConfigureAwait(false))
            return await ReadFarewellAsync(buffer, cancellationToken).ConfigureAwait(false);
        return await Tls.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        if (TryHold(bytes))
            return;
        if (TryTake(bytes, out var all))
            await RunAsync(all).ConfigureAwait(false);
        // What is written to a connection that the engine has to leave is written again to another.
        else if (await _isUsable.Task.WaitAsync(cancellationToken).ConfigureAwait(false))
            await Tls.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
    }

    public override void Close() => _closed.TrySetResult();

    protected override bool IsSafe(ReadOnlySpan<byte> bytes) => Http2Frames.AreSafeRequests(bytes);

    protected override void DemandProtocol(SslApplicationProtocol agreed)
    {
        if (agreed != SslApplicationProtocol.Http2)
            throw new OtherProtocolException();
    }

    /// <summary>The first bytes, which say nothing that the server must know before there are more.</summary>
    private bool TryHold(ReadOnlyMemory<byte> bytes)
    {
        lock (_lock)
        {
            if (_isStarted || _preface != null)
                return false;
            _preface = bytes.ToArray();
            return true;
        }
    }

    /// <summary>Makes the caller the one who shakes hands, if there is none yet.</summary>
    private bool TryTake(ReadOnlyMemory<byte> more, out byte[] all)
    {
        lock (_lock)
        {
            all = [.. _preface ?? [], .. more.Span];
            if (_isStarted)
                return false;
            _isStarted = true;
            return true;
        }
    }

    /// <summary>Waits for the handshake, and begins it when no request comes.</summary>
    /// <returns>Whether the connection is to be used.</returns>
    private async ValueTask<bool> WaitAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAny(_isUsable.Task, _closed.Task).WaitAsync(Patience, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            if (TryTake(default, out var all))
                await RunAsync(all).ConfigureAwait(false);
        }
        ObjectDisposedException.ThrowIf(_closed.Task.IsCompleted && !_isUsable.Task.IsCompleted, typeof(TlsStream));
        return await _isUsable.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task RunAsync(byte[] bytes)
    {
        try
        {
            // The options have a limit of time for it.
            await StartAsync(bytes, CancellationToken.None).ConfigureAwait(false);
            IsDone = true;
            _isUsable.SetResult(true);
        }
        catch (Exception failure) when (failure is LostWhileWaitingException or OtherProtocolException || HttpFailures.Find<TlsException>(failure) is { Error: TlsError.EarlyDataNeedsTls13 })
        {
            forgo();
            _isUsable.SetResult(false);
        }
        catch (Exception failure)
        {
            _isUsable.SetException(failure);
            // Perhaps nobody else waits for it.
            _ = _isUsable.Task.Exception;
            throw;
        }
    }

    private async ValueTask<int> ReadFarewellAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        // The end of the stream would be a failure for requests that the engine has not written yet; it closes the connection by itself.
        if (_farewell.IsEmpty)
            await _closed.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        var count = Math.Min(buffer.Length, _farewell.Length);
        _farewell[..count].CopyTo(buffer);
        _farewell = _farewell[count..];
        return count;
    }

    private sealed class OtherProtocolException() : IOException("The server no longer speaks HTTP/2.");
}
