using System.Buffers;
using System.IO.Pipelines;

namespace LucidTls.AspNetCore;

/// <summary>
/// A connection's plaintext from its early data on (RFC 8446 §2.3): until the client's part of the handshake is there, what it sent along with its ClientHello is read and
/// answered; then everything is the stream's.
/// </summary>
internal sealed class EarlyPlaintext(TlsStream stream) : IEarlyDataFeature, IDisposable
{
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<bool> _handshake = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // As much as the options allow a client to send may wait here.
    private readonly Pipe _received = new(new PipeOptions(pauseWriterThreshold: 0, useSynchronizationContext: false));
    private readonly SemaphoreSlim _writing = new(1);
    private TlsEarlyDataExchange? _exchange;
    private bool _isOver;
    private bool _isDrained;
    private bool _isCancelled;

    /// <summary>For a connection whose options take early data; null for others. The handler is the connection's own, so the options are a copy.</summary>
    public static EarlyPlaintext? Of(ref TlsServerOptions options, TlsStream stream)
    {
        if (options.MaxEarlyDataSize == 0 || options.EarlyDataHandler != null)
            return null;
        var early = new EarlyPlaintext(stream);
        options = early.HandledHere(options);
        if (options.OptionsSelector is { } select)
        {
            options.OptionsSelector = async (hello, cancellationToken) => await select(hello, cancellationToken).ConfigureAwait(false) is { } selected
                ? selected is { MaxEarlyDataSize: > 0, EarlyDataHandler: null } ? early.HandledHere(selected) : selected
                : null;
        }
        return early;
    }

    /// <summary>For a connection whose handshake is done and that has early data which nobody has read.</summary>
    public static EarlyPlaintext OfRest(TlsStream stream)
    {
        var early = new EarlyPlaintext(stream);
        early._received.Writer.Write(stream.EarlyData.Span);
        early.Finish(isDone: true);
        return early;
    }

    /// <summary>Ends when the client's early data is taken; never, when it is not.</summary>
    public Task Started => _started.Task;

    /// <summary>What was agreed on and asked for, while the session is not known.</summary>
    public TlsEarlyDataExchange? Exchange => _exchange;

    public bool IsHandshakeDone => _handshake.Task is { IsCompletedSuccessfully: true, Result: true };

    public async Task WaitForHandshakeAsync(CancellationToken cancellationToken)
    {
        if (!await _handshake.Task.WaitAsync(cancellationToken).ConfigureAwait(false))
            throw new IOException("The TLS handshake failed after early data.");
    }

    private TlsServerOptions HandledHere(TlsServerOptions options)
    {
        var copy = options.Clone();
        copy.EarlyDataHandler = HandleAsync;
        return copy;
    }

    /// <summary>The handshake has ended.</summary>
    public void Finish(bool isDone)
    {
        _received.Writer.Complete();
        _handshake.TrySetResult(isDone);
    }

    /// <summary>The handler for <see cref="TlsServerOptions.EarlyDataHandler"/>.</summary>
    public async ValueTask HandleAsync(TlsEarlyDataExchange exchange, CancellationToken cancellationToken)
    {
        _exchange = exchange;
        _started.TrySetResult();
        try
        {
            while (true)
            {
                var count = await exchange.ReadAsync(_received.Writer.GetMemory(), cancellationToken).ConfigureAwait(false);
                if (count == 0)
                    return;
                _received.Writer.Advance(count);
                await _received.Writer.FlushAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            // An answer that is being sent goes out whole before anything else is.
            await _writing.WaitAsync(CancellationToken.None).ConfigureAwait(false);
            _isOver = true;
            _writing.Release();
            await _received.Writer.CompleteAsync().ConfigureAwait(false);
        }
    }

    /// <summary>As <see cref="TlsStream.ReadAsync(Memory{byte}, CancellationToken)"/>; an empty buffer waits for data or the end.</summary>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (!_isDrained)
        {
            var result = await _received.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            var taken = result.Buffer.Slice(0, result.IsCanceled ? 0 : Math.Min(result.Buffer.Length, buffer.Length));
            var count = (int)taken.Length;
            _isDrained = result is { IsCompleted: true, IsCanceled: false, Buffer.IsEmpty: true };
            taken.CopyTo(buffer.Span);
            // What is left is not examined, so that the next read has it at once.
            _received.Reader.AdvanceTo(taken.End);
            if (result.IsCanceled)
            {
                Volatile.Write(ref _isCancelled, false);
                throw new OperationCanceledException();
            }
            if (!_isDrained)
                return count;
        }
        if (!await _handshake.Task.WaitAsync(cancellationToken).ConfigureAwait(false))
            return 0;
        if (Interlocked.Exchange(ref _isCancelled, false))
            throw new OperationCanceledException();
        return await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Makes the read that is under way, or the next one, end with an <see cref="OperationCanceledException"/>.</summary>
    public void CancelRead()
    {
        Volatile.Write(ref _isCancelled, true);
        _received.Reader.CancelPendingRead();
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!_isOver && _exchange is { } exchange)
            {
                await exchange.WriteAsync(data, cancellationToken).ConfigureAwait(false);
                return;
            }
        }
        catch (TlsException failure)
        {
            throw new IOException(failure.Message, failure);
        }
        finally
        {
            _writing.Release();
        }
        await WaitForHandshakeAsync(cancellationToken).ConfigureAwait(false);
        await stream.WriteAsync(data, cancellationToken).ConfigureAwait(false);
    }

    public void Dispose() => _writing.Dispose();
}
