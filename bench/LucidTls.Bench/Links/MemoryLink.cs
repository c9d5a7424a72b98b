namespace LucidTls.Bench.Links;

/// <summary>Pipes in memory that schedule nothing, allocate nothing per operation and hold no buffer while they are empty.</summary>
internal sealed class MemoryLink : Link
{
    public override string Name => "memory";

    public override bool IsInline => true;

    public override ValueTask<StreamPair> OpenAsync()
    {
        var toServer = new InlinePipe();
        var toClient = new InlinePipe();
        return new(new StreamPair(new PipeEnd(toClient, toServer), new PipeEnd(toServer, toClient)));
    }

    public override void Dispose()
    {
    }

    private sealed class PipeEnd(InlinePipe input, InlinePipe output) : Stream
    {
        public override bool CanRead => true;
        public override bool CanWrite => true;
        public override bool CanSeek => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => input.ReadAsync(buffer);

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => input.ReadAsync(buffer.AsMemory(offset, count)).AsTask();

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            output.Write(buffer.Span);
            return default;
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        {
            output.Write(buffer.AsSpan(offset, count));
            return Task.CompletedTask;
        }

        public override void Write(byte[] buffer, int offset, int count) => output.Write(buffer.AsSpan(offset, count));

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("This pipe does not block.");

        public override void Flush()
        {
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                output.Complete();
            base.Dispose(disposing);
        }
    }
}
