using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Connections;

namespace LucidTls.AspNetCore;

/// <summary>
/// What was decrypted and is not consumed, in one piece. A connection that waits holds no buffer. Where HTTP says itself how long a request is, as it always does, a
/// connection that ends without close_notify is an end like another (RFC 9112 §9.8): Kestrel finds out whether it came in the middle of a request, and logs that as the client's fault.
/// </summary>
internal sealed class TlsPipeReader(TlsStream stream, PipeTransport transport, EarlyPlaintext? early, bool isHttp) : PipeReader
{
    private const int FirstBuffer = 4096;

    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private ReadOnlySequence<byte> _given;
    private bool _isExamined;
    private bool _isEnd;
    private bool _isCompleted;
    private int _cancel;

    public override bool TryRead(out ReadResult result)
    {
        DemandOpen();
        if (Interlocked.Exchange(ref _cancel, 0) == 1)
        {
            result = Give(isCanceled: true);
            return true;
        }
        var isThere = (_end > _start && !_isExamined) || _isEnd;
        result = isThere ? Give(isCanceled: false) : default;
        return isThere;
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        TryRead(out var result) ? new ValueTask<ReadResult>(result) : ReadMoreAsync(cancellationToken);

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        // In a sequence over one array this is the index in the array.
        _isExamined = _given.GetOffset(examined) == _end;
        _start = (int)_given.GetOffset(consumed);
        _given = default;
        if (_start == _end)
            Release();
    }

    public override void CancelPendingRead()
    {
        Volatile.Write(ref _cancel, 1);
        early?.CancelRead();
        // Before, it is the handshake that reads there.
        if (early is not { IsHandshakeDone: false })
            transport.CancelRead();
    }

    public override void Complete(Exception? exception = null)
    {
        _isCompleted = true;
        Release();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> ReadMoreAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                // Nothing is held while nothing is there: reading into an empty buffer waits. What waits long waits for the transport itself.
                if (_buffer.Length == 0)
                {
                    if (early == null && stream.TryBeginWait())
                    {
                        try
                        {
                            transport.Waited(await transport.WaitAsync(cancellationToken).ConfigureAwait(false));
                        }
                        finally
                        {
                            stream.EndWait();
                        }
                    }
                    await ReadPlainAsync(Memory<byte>.Empty, cancellationToken).ConfigureAwait(false);
                }
                MakeSpace();
                var count = await ReadPlainAsync(_buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false);
                _end += count;
                _isEnd = count == 0;
                return Give(isCanceled: false);
            }
            catch (OperationCanceledException exception) when (exception is not ConnectionAbortedException && !cancellationToken.IsCancellationRequested)
            {
                // The transport may tell of a cancellation that was seen without it.
                if (Interlocked.Exchange(ref _cancel, 0) == 1)
                    return Give(isCanceled: true);
            }
            catch (IOException failure) when (isHttp && failure.InnerException is TlsException { Error: TlsError.Truncated })
            {
                _isEnd = true;
                return Give(isCanceled: false);
            }
        }
    }

    private ValueTask<int> ReadPlainAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
        early == null ? stream.ReadAsync(buffer, cancellationToken) : early.ReadAsync(buffer, cancellationToken);

    private ReadResult Give(bool isCanceled)
    {
        _given = new ReadOnlySequence<byte>(_buffer, _start, _end - _start);
        return new ReadResult(_given, isCanceled, _isEnd);
    }

    private void MakeSpace()
    {
        if (_end < _buffer.Length)
            return;
        var length = _end - _start;
        var target = length * 2 <= _buffer.Length && _buffer.Length > 0 ? _buffer : ArrayPool<byte>.Shared.Rent(Math.Max(FirstBuffer, 2 * _buffer.Length));
        _buffer.AsSpan(_start, length).CopyTo(target);
        if (target != _buffer)
            Return();
        (_buffer, _start, _end) = (target, 0, length);
    }

    private void Release()
    {
        Return();
        (_buffer, _start, _end) = ([], 0, 0);
    }

    // It held plaintext: the next one to rent it must not find it.
    private void Return()
    {
        if (_buffer.Length == 0)
            return;
        CryptographicOperations.ZeroMemory(_buffer.AsSpan(0, _end));
        ArrayPool<byte>.Shared.Return(_buffer);
    }

    private void DemandOpen()
    {
        if (_isCompleted)
            throw new InvalidOperationException("Reading is not allowed after the reader was completed.");
    }
}
