using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Org.BouncyCastle.Tls;

namespace LucidTls.Bench.Stacks;

/// <summary>Moves bytes between a stream and a BouncyCastle protocol object, which does no I/O itself. The inner stream stays open.</summary>
internal sealed class BouncyCastleStream(TlsProtocol protocol, Stream inner) : Stream
{
    private const int BufferLength = 32 * 1024;

    public override bool CanRead => true;
    public override bool CanWrite => true;
    public override bool CanSeek => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public async Task HandshakeAsync()
    {
        await SendAsync().ConfigureAwait(false);
        while (protocol.IsHandshaking)
        {
            await ReceiveAsync().ConfigureAwait(false);
            await SendAsync().ConfigureAwait(false);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
            return await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        while (protocol.GetAvailableInputBytes() == 0)
            await ReceiveAsync().ConfigureAwait(false);
        var count = Math.Min(buffer.Length, protocol.GetAvailableInputBytes());
        return MemoryMarshal.TryGetArray<byte>(buffer, out var segment)
            ? protocol.ReadInput(segment.Array!, segment.Offset, count)
            : throw new NotSupportedException("The buffer must be an array.");
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        protocol.WriteApplicationData(buffer.Span);
        return SendAsync();
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask ReceiveAsync()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferLength);
        var count = await inner.ReadAsync(buffer).ConfigureAwait(false);
        if (count == 0)
            throw new EndOfStreamException("The peer closed.");
        protocol.OfferInput(buffer, 0, count);
        ArrayPool<byte>.Shared.Return(buffer);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendAsync()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferLength);
        int count;
        while ((count = protocol.ReadOutput(buffer, 0, buffer.Length)) > 0)
            await inner.WriteAsync(buffer.AsMemory(0, count)).ConfigureAwait(false);
        ArrayPool<byte>.Shared.Return(buffer);
    }
}
