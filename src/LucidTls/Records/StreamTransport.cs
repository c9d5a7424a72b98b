using System.Runtime.CompilerServices;

namespace LucidTls.Records;

/// <summary>A stream as the transport, asynchronously.</summary>
internal sealed class StreamTransport(Stream stream) : ITransport
{
    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken) => stream.ReadAsync(buffer, cancellationToken);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
    }
}

/// <summary>
/// A stream as the transport, synchronously: every call is complete when it returns, so that the one asynchronous body above it
/// runs to its end on the caller's thread.
/// </summary>
internal sealed class BlockingStreamTransport(Stream stream) : ITransport
{
    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new ValueTask<int>(stream.Read(buffer.Span));
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        stream.Write(buffer.Span);
        stream.Flush();
        return default;
    }
}
