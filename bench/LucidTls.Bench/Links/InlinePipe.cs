using System.Buffers;
using System.Threading.Tasks.Sources;

namespace LucidTls.Bench.Links;

/// <summary>One direction in memory. A read that waits is completed inside the write that feeds it, on the writer's thread.</summary>
internal sealed class InlinePipe : IValueTaskSource<int>
{
    private readonly Lock _lock = new();
    private ManualResetValueTaskSourceCore<int> _waiting;
    private Memory<byte> _destination;
    private bool _isWaiting;
    private bool _isComplete;
    private byte[] _buffer = [];
    private int _start;
    private int _end;

    public ValueTask<int> ReadAsync(Memory<byte> destination)
    {
        lock (_lock)
        {
            if (_end > _start || _isComplete)
                return new(Take(destination.Span));
            _waiting.Reset();
            _destination = destination;
            _isWaiting = true;
            return new(this, _waiting.Version);
        }
    }

    public void Write(ReadOnlySpan<byte> data)
    {
        int taken;
        lock (_lock)
        {
            Append(data);
            if (!_isWaiting)
                return;
            taken = EndWait();
        }
        _waiting.SetResult(taken);
    }

    public void Complete()
    {
        lock (_lock)
        {
            _isComplete = true;
            if (!_isWaiting)
                return;
            EndWait();
        }
        _waiting.SetResult(0);
    }

    int IValueTaskSource<int>.GetResult(short token) => _waiting.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _waiting.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _waiting.OnCompleted(continuation, state, token, flags);

    private int EndWait()
    {
        _isWaiting = false;
        var destination = _destination;
        _destination = default;
        return Take(destination.Span);
    }

    private int Take(Span<byte> destination)
    {
        var count = Math.Min(destination.Length, _end - _start);
        _buffer.AsSpan(_start, count).CopyTo(destination);
        _start += count;
        if (_start == _end && _buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
            _start = _end = 0;
        }
        return count;
    }

    private void Append(ReadOnlySpan<byte> data)
    {
        if (_end + data.Length > _buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(_end - _start + data.Length);
            _buffer.AsSpan(_start.._end).CopyTo(larger);
            if (_buffer.Length > 0)
                ArrayPool<byte>.Shared.Return(_buffer);
            (_buffer, _start, _end) = (larger, 0, _end - _start);
        }
        data.CopyTo(_buffer.AsSpan(_end));
        _end += data.Length;
    }
}
