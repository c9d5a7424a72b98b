using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace LucidTls.AspNetCore;

/// <summary>
/// Gathers plaintext and seals it when it is flushed, so that what is written together travels in as few records as can be; completing says close_notify. What is written to
/// a connection that broke is lost without a word, as it is on Kestrel's own transports: the reading side reports it, and Kestrel logs a flush that throws as an error of the server.
/// </summary>
internal sealed class TlsPipeWriter(TlsStream stream, PipeTransport transport, EarlyPlaintext? early) : PipeWriter
{
    private const int FirstBuffer = 4096;

    /// <summary>Larger pieces are not put together.</summary>
    private const int MostGathered = 64 * 1024;

    private Queue<(byte[] Buffer, int Length)>? _full;
    private byte[] _buffer = [];
    private int _length;
    private long _fullBytes;
    private bool _isCompleted;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _fullBytes + _length;

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _buffer.AsMemory(_length);
    }

    public override Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _buffer.AsSpan(_length);
    }

    public override void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, _buffer.Length - _length);
        _length += bytes;
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (UnflushedBytes == 0)
            return new ValueTask<FlushResult>(default(FlushResult));
        if (_full is { Count: > 0 })
            return FlushAllAsync(default, cancellationToken);
        var writing = WritePlainAsync(_buffer.AsMemory(0, _length), cancellationToken);
        if (!writing.IsCompletedSuccessfully)
            return AwaitAsync(writing);
        writing.GetAwaiter().GetResult();
        Release();
        return new ValueTask<FlushResult>(new FlushResult(transport.TakeFlushWasCancelled(), isCompleted: false));
    }

    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        DemandOpen();
        if (source.Length > FirstBuffer)
            return FlushAllAsync(source, cancellationToken);
        source.Span.CopyTo(GetSpan(source.Length));
        Advance(source.Length);
        return FlushAsync(cancellationToken);
    }

    public override void CancelPendingFlush() => transport.CancelFlush();

    /// <summary>What is not flushed, and close_notify, are left to <see cref="CompleteAsync"/> or the stream's own end, which follow.</summary>
    public override void Complete(Exception? exception = null) => _isCompleted = true;

    public override async ValueTask CompleteAsync(Exception? exception = null)
    {
        _isCompleted = true;
        try
        {
            await FlushAsync().ConfigureAwait(false);
            if (early != null)
                await early.WaitForHandshakeAsync(CancellationToken.None).ConfigureAwait(false);
            if (stream.CanWrite)
                await stream.ShutdownAsync().ConfigureAwait(false);
        }
        catch (IOException)
        {
            // The connection broke; see above.
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FlushResult> AwaitAsync(ValueTask writing)
    {
        try
        {
            await writing.ConfigureAwait(false);
        }
        catch (IOException)
        {
            // The connection broke; see above.
        }
        finally
        {
            Release();
        }
        return new FlushResult(transport.TakeFlushWasCancelled(), isCompleted: false);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FlushResult> FlushAllAsync(ReadOnlyMemory<byte> more, CancellationToken cancellationToken)
    {
        try
        {
            while (_full is { Count: > 0 })
            {
                var (buffer, length) = _full.Peek();
                await WritePlainAsync(buffer.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
                _full.Dequeue();
                _fullBytes -= length;
                Return(buffer, length);
            }
            if (_length > 0)
                await WritePlainAsync(_buffer.AsMemory(0, _length), cancellationToken).ConfigureAwait(false);
            Release();
            await WritePlainAsync(more, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException)
        {
            Discard();
        }
        return new FlushResult(transport.TakeFlushWasCancelled(), isCompleted: false);
    }

    private ValueTask WritePlainAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) =>
        early == null ? stream.WriteAsync(data, cancellationToken) : early.WriteAsync(data, cancellationToken);

    private void Reserve(int sizeHint)
    {
        DemandOpen();
        var wanted = Math.Max(sizeHint, 1);
        if (_buffer.Length - _length >= wanted)
            return;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(FirstBuffer, Math.Max(wanted, Math.Min(2 * _buffer.Length, MostGathered))));
        if (_length + wanted <= larger.Length && _length < MostGathered / 2)
        {
            _buffer.AsSpan(0, _length).CopyTo(larger);
            Return(_buffer, _length);
        }
        else
        {
            (_full ??= new()).Enqueue((_buffer, _length));
            _fullBytes += _length;
            _length = 0;
        }
        _buffer = larger;
    }

    private void Discard()
    {
        while (_full is { Count: > 0 })
        {
            var (buffer, length) = _full.Dequeue();
            Return(buffer, length);
        }
        _fullBytes = 0;
        Release();
    }

    private void Release()
    {
        Return(_buffer, _length);
        (_buffer, _length) = ([], 0);
    }

    // It held plaintext: the next one to rent it must not find it.
    private static void Return(byte[] buffer, int length)
    {
        if (buffer.Length == 0)
            return;
        CryptographicOperations.ZeroMemory(buffer.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(buffer);
    }

    private void DemandOpen()
    {
        if (_isCompleted)
            throw new InvalidOperationException("Writing is not allowed after the writer was completed.");
    }
}
