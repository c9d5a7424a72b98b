using System.Net.Security;
using LucidTls.Handshake;

namespace LucidTls;

/// <summary>
/// A client's early data as it comes, and the place for an answer before the handshake is done. Whoever recorded the connection can
/// send the same early data again, to another server if not to this one: only what may safely happen twice is an answer to it (RFC 8446 §8).
/// </summary>
public sealed class TlsEarlyDataExchange
{
    private readonly HandshakeChannel _channel;
    private readonly long _limit;
    private ReadOnlyMemory<byte> _piece;
    private TlsException? _failure;
    private bool _ended;
    private bool _over;

    internal TlsEarlyDataExchange(HandshakeChannel channel, long limit, string? serverName, SslApplicationProtocol protocol)
    {
        _channel = channel;
        _limit = limit;
        ServerName = serverName;
        ApplicationProtocol = protocol;
    }

    /// <summary>The DNS name that the client asked for (SNI), or null.</summary>
    public string? ServerName { get; }

    /// <summary>The application protocol agreed on (ALPN), or the default value.</summary>
    public SslApplicationProtocol ApplicationProtocol { get; }

    /// <summary>How many bytes have come so far.</summary>
    internal long Received { get; private set; }

    /// <summary>Reads early data that has come, or waits for more.</summary>
    /// <param name="buffer">Where it goes; not empty.</param>
    /// <param name="cancellationToken">Gives up; the handshake has then failed.</param>
    /// <returns>How many bytes; 0 at their end.</returns>
    /// <exception cref="TlsException">The client broke a rule, or the connection broke.</exception>
    /// <exception cref="InvalidOperationException">The handler that this was given to has returned.</exception>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        DemandUsable();
        if (_piece.IsEmpty && !_ended)
            await NextAsync(cancellationToken).ConfigureAwait(false);
        var count = Math.Min(buffer.Length, _piece.Length);
        _piece.Span[..count].CopyTo(buffer.Span);
        _piece = _piece[count..];
        return count;
    }

    /// <summary>Sends data to the client before the handshake is done (RFC 8446 §2.3). It reads it as any other.</summary>
    /// <param name="data">The data.</param>
    /// <param name="cancellationToken">Gives up; the handshake has then failed.</param>
    /// <exception cref="TlsException">The connection broke.</exception>
    /// <exception cref="InvalidOperationException">The handler that this was given to has returned.</exception>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken = default)
    {
        DemandUsable();
        if (data.IsEmpty)
            return;
        try
        {
            _channel.SendData(data.Span);
            await _channel.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (TlsException exception)
        {
            _failure = exception;
            throw;
        }
    }

    /// <summary>What nobody has read, to the end. Nobody else reads or writes afterwards.</summary>
    internal async ValueTask<byte[]> FinishAsync(CancellationToken cancellationToken)
    {
        DemandUsable();
        _over = true;
        var rest = new List<byte>();
        while (true)
        {
            rest.AddRange(_piece.Span);
            _piece = default;
            if (_ended)
                return [.. rest];
            await NextAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask NextAsync(CancellationToken cancellationToken)
    {
        try
        {
            _piece = await _channel.ReceiveEarlyDataAsync(cancellationToken).ConfigureAwait(false);
            _ended = _piece.IsEmpty;
            Received += _piece.Length;
            // RFC 8446 §4.6.1: "A server receiving more than max_early_data_size bytes of 0-RTT data SHOULD terminate the connection".
            if (Received > _limit)
                throw new TlsException(TlsError.TooMuchEarlyData, $"{Received} bytes; the ticket allows {_limit}");
        }
        catch (TlsException exception)
        {
            _piece = default;
            _failure = exception;
            throw;
        }
    }

    private void DemandUsable()
    {
        if (_failure != null)
            throw _failure;
        if (_over)
            throw new InvalidOperationException("The early data is over: the handler has returned.");
    }
}
