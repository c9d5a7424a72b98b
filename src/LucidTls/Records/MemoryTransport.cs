using System.Buffers;
using System.Threading.Tasks.Sources;

namespace LucidTls.Records;

/// <summary>Memory as the transport: what is given goes to whoever reads, what is written waits to be taken.</summary>
internal sealed class MemoryTransport : ITransport, IValueTaskSource<int>
{
    private readonly Lock _lock = new();
    private readonly ArrayBufferWriter<byte> _input = new();
    private readonly ArrayBufferWriter<byte> _output = new();
    private ManualResetValueTaskSourceCore<int> _read;
    private TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Memory<byte> _waiting;
    private bool _isWaiting;
    private bool _ended;
    private int _inputTaken;
    private int _outputTaken;

    /// <summary>Bytes that wait to be sent to the peer.</summary>
    public int PendingOutput
    {
        get
        {
            lock (_lock)
                return _output.WrittenCount - _outputTaken;
        }
    }

    /// <summary>Complete while somebody waits for bytes that were not given yet.</summary>
    public Task Settled
    {
        get
        {
            lock (_lock)
                return _settled.Task;
        }
    }

    /// <summary>Gives bytes from the peer. Whoever waits for them goes on within this call.</summary>
    public void Give(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
            _input.Write(bytes);
        Serve();
    }

    /// <summary>The peer's bytes have ended.</summary>
    public void End()
    {
        lock (_lock)
            _ended = true;
        Serve();
    }

    public int Take(Span<byte> destination)
    {
        lock (_lock)
            return TakeFrom(_output, ref _outputTaken, destination);
    }

    /// <summary>Input that is there, or 0.</summary>
    public int TakeInput(Span<byte> destination, out bool ended)
    {
        lock (_lock)
        {
            ended = _ended;
            return TakeFrom(_input, ref _inputTaken, destination);
        }
    }

    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var count = TakeFrom(_input, ref _inputTaken, buffer.Span);
            if (count > 0 || _ended)
                return new ValueTask<int>(count);
            _read.Reset();
            _waiting = buffer;
            _isWaiting = true;
            _settled.TrySetResult();
            return new ValueTask<int>(this, _read.Version);
        }
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        lock (_lock)
            _output.Write(buffer.Span);
        return default;
    }

    public ValueTask LingerAsync(CancellationToken cancellationToken) => default;

    int IValueTaskSource<int>.GetResult(short token) => _read.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _read.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _read.OnCompleted(continuation, state, token, flags);

    private void Serve()
    {
        int count;
        lock (_lock)
        {
            if (!_isWaiting)
                return;
            count = TakeFrom(_input, ref _inputTaken, _waiting.Span);
            if (count == 0 && !_ended)
                return;
            _isWaiting = false;
            _waiting = default;
            _settled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        _read.SetResult(count);
    }

    private static int TakeFrom(ArrayBufferWriter<byte> source, ref int taken, Span<byte> destination)
    {
        var available = source.WrittenSpan[taken..];
        var count = Math.Min(available.Length, destination.Length);
        available[..count].CopyTo(destination);
        taken += count;
        if (taken == source.WrittenCount)
        {
            source.ResetWrittenCount();
            taken = 0;
        }
        return count;
    }
}
