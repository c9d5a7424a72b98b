using System.Net.Security;

namespace LucidTls.Http;

/// <summary>
/// A connection whose handshake waits for the first bytes to send, which go along with it as early data (0-RTT, RFC 8446 §2.3) if they are all of requests that may happen twice. Nothing else is ever sent so: what
/// else is written waits until the handshake is done.
/// </summary>
internal abstract class EarlyStart(TlsStream tls, TlsClientOptions options, SslApplicationProtocol protocol, Func<bool> isAllowed, Action<TlsSessionInfo> onConnected)
{
    private volatile bool _isDone;

    /// <summary>Whether all that was written is sent, and reading and writing are the stream's alone.</summary>
    public bool IsDone
    {
        get => _isDone;
        protected set => _isDone = value;
    }

    protected TlsStream Tls => tls;

    public abstract ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken);

    public abstract ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>The connection is given up.</summary>
    public virtual void Close()
    {
    }

    /// <summary>Whether these bytes may happen twice.</summary>
    protected abstract bool IsSafe(ReadOnlySpan<byte> bytes);

    /// <summary>Shakes hands and sends these bytes, along with the handshake if they are fit for it and the server takes them so, and otherwise when it is done.</summary>
    /// <exception cref="LostWhileWaitingException">The transport ended.</exception>
    protected async Task StartAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var once = options.Clone();
        once.EarlyData = isAllowed() && IsSafe(bytes.Span) ? bytes : default;
        once.EarlyDataProtocol = protocol;
        try
        {
            await tls.AuthenticateAsClientAsync(once, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure.InnerException is TlsException { Source: TlsFailureSource.Transport })
        {
            // The connection may have been kept for long, and been closed by the server meanwhile.
            throw new LostWhileWaitingException(failure);
        }
        DemandProtocol(tls.NegotiatedApplicationProtocol);
        onConnected(tls.Session);
        if (tls.Session.EarlyData != TlsEarlyDataStatus.Accepted && !bytes.IsEmpty)
            await tls.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
    }

    protected virtual void DemandProtocol(SslApplicationProtocol agreed)
    {
    }
}

/// <summary>The transport ended before a handshake that had waited for its request: nothing was sent that may not be sent again.</summary>
internal sealed class LostWhileWaitingException(Exception cause) : IOException(cause.Message, cause);
