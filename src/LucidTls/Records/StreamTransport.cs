using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace LucidTls.Records;

/// <summary>A stream as the transport, asynchronously.</summary>
/// <param name="stream">The stream.</param>
/// <param name="isOurs">Whether nobody else writes to the stream when TLS is over.</param>
internal sealed class StreamTransport(Stream stream, bool isOurs) : ITransport
{
    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken) => stream.ReadAsync(buffer, cancellationToken);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask LingerAsync(CancellationToken cancellationToken)
    {
        if (!Lingering.Helps(stream))
            return;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Lingering.MostTime);
        await Lingering.RunAsync(this, isOurs ? stream : null, limit.Token).ConfigureAwait(false);
    }
}

/// <summary>
/// A stream as the transport, synchronously: every call is complete when it returns, so that the one asynchronous body above it
/// runs to its end on the caller's thread.
/// </summary>
/// <param name="stream">The stream.</param>
/// <param name="isOurs">Whether nobody else writes to the stream when TLS is over.</param>
internal sealed class BlockingStreamTransport(Stream stream, bool isOurs) : ITransport
{
    private long _deadline = long.MaxValue;

    /// <summary>Until the scope ends, all calls together may take that long; the stream's own timeouts are put back afterwards.</summary>
    public TimeLimit LimitTo(TimeSpan time) => new(this, time);

    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ApplyLimit(cancellationToken);
        try
        {
            return new ValueTask<int>(stream.Read(buffer.Span));
        }
        catch (IOException exception) when (IsOurLimit(exception))
        {
            throw new OperationCanceledException(exception.Message, exception, cancellationToken);
        }
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        ApplyLimit(cancellationToken);
        try
        {
            stream.Write(buffer.Span);
            stream.Flush();
            return default;
        }
        catch (IOException exception) when (IsOurLimit(exception))
        {
            throw new OperationCanceledException(exception.Message, exception, cancellationToken);
        }
    }

    public ValueTask LingerAsync(CancellationToken cancellationToken)
    {
        if (!Lingering.Helps(stream))
            return default;
        using (LimitTo(Lingering.MostTime))
        {
            // Every read of this transport is complete when it returns, and so is this.
            var lingering = Lingering.RunAsync(this, isOurs ? stream : null, cancellationToken);
            lingering.GetAwaiter().GetResult();
        }
        return default;
    }

    /// <summary>A socket says so when its timeout is up, which may be a few milliseconds before the coarse clock here agrees.</summary>
    private bool IsOurLimit(IOException exception)
        => _deadline != long.MaxValue
            && (exception.InnerException is SocketException { SocketErrorCode: SocketError.TimedOut } || Environment.TickCount64 >= _deadline);

    private void ApplyLimit(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_deadline == long.MaxValue || !stream.CanTimeout)
            return;
        var left = _deadline - Environment.TickCount64;
        if (left <= 0)
            throw new OperationCanceledException(cancellationToken);
        stream.ReadTimeout = stream.WriteTimeout = (int)Math.Min(left, int.MaxValue);
    }

    internal readonly ref struct TimeLimit
    {
        private readonly BlockingStreamTransport _transport;
        private readonly Stream _stream;
        private readonly int _readTimeout;
        private readonly int _writeTimeout;

        public TimeLimit(BlockingStreamTransport transport, TimeSpan time)
        {
            _transport = transport;
            _stream = transport.Stream;
            (_readTimeout, _writeTimeout) = _stream.CanTimeout ? (_stream.ReadTimeout, _stream.WriteTimeout) : default;
            if (time != Timeout.InfiniteTimeSpan)
                transport._deadline = Environment.TickCount64 + (long)time.TotalMilliseconds;
        }

        public void Dispose()
        {
            _transport._deadline = long.MaxValue;
            if (_stream.CanTimeout)
                (_stream.ReadTimeout, _stream.WriteTimeout) = (_readTimeout, _writeTimeout);
        }
    }

    private Stream Stream => stream;
}
