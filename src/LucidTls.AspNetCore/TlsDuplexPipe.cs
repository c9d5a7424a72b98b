using System.Buffers;
using System.IO.Pipelines;

namespace LucidTls.AspNetCore;

/// <summary>The plaintext of a connection as the pair of pipes that takes the transport's place. Completing the output says close_notify.</summary>
internal sealed class TlsDuplexPipe(TlsStream stream, MemoryPool<byte> pool) : IDuplexPipe
{
    // Reads of zero bytes, so that a connection that waits holds no buffer.
    public PipeReader Input { get; } = PipeReader.Create(stream, new StreamPipeReaderOptions(pool, leaveOpen: true, useZeroByteReads: true));

    public PipeWriter Output { get; } = PipeWriter.Create(new HalfClosingStream(stream), new StreamPipeWriterOptions(pool));

    /// <summary>Writes to the connection; being disposed ends that direction alone.</summary>
    private sealed class HalfClosingStream(TlsStream stream) : Stream
    {
        public override bool CanRead => false;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => stream.WriteAsync(buffer, cancellationToken);

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => stream.WriteAsync(buffer, offset, count, cancellationToken);

        public override void Write(byte[] buffer, int offset, int count) => stream.Write(buffer, offset, count);

        public override Task FlushAsync(CancellationToken cancellationToken) => stream.FlushAsync(cancellationToken);

        public override void Flush() => stream.Flush();

        // A pipe that is completed without waiting leaves close_notify to the stream's own end, which follows.
        public override async ValueTask DisposeAsync()
        {
            if (stream.CanWrite)
                await stream.ShutdownAsync().ConfigureAwait(false);
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
