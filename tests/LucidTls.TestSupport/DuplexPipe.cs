using System.IO.Pipelines;

namespace LucidTls.TestSupport;

/// <summary>Two connected streams in memory: what is written to one is read from the other. Disposing one ends what the other reads.</summary>
public static class DuplexPipe
{
    /// <param name="toServer">How bytes travel from the client to the server; unharmed and whole when null.</param>
    /// <param name="toClient">How bytes travel from the server to the client; unharmed and whole when null.</param>
    public static (Stream Client, Stream Server) Create(Line? toServer = null, Line? toClient = null)
    {
        var options = new PipeOptions(useSynchronizationContext: false, pauseWriterThreshold: 1 << 20, resumeWriterThreshold: 1 << 19);
        var up = new Pipe(options);
        var down = new Pipe(options);
        return (new Half(down.Reader, up.Writer, toClient ?? new Line()), new Half(up.Reader, down.Writer, toServer ?? new Line()));
    }

    private sealed class Half(PipeReader reader, PipeWriter writer, Line line) : Stream
    {
        private readonly Stream _reader = reader.AsStream();
        private readonly Stream _writer = writer.AsStream();

        public override bool CanRead => true;
        public override bool CanWrite => true;
        public override bool CanSeek => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (line.IsCut)
                return Cut();
            var count = await _reader.ReadAsync(buffer[..line.Limit(buffer.Length)], cancellationToken).ConfigureAwait(false);
            line.Deliver(buffer.Span[..count]);
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            if (line.IsCut)
                return Cut();
            var read = _reader.Read(buffer, offset, line.Limit(count));
            line.Deliver(buffer.AsSpan(offset, read));
            return read;
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => _writer.WriteAsync(buffer, cancellationToken);
        public override Task FlushAsync(CancellationToken cancellationToken) => _writer.FlushAsync(cancellationToken);
        public override void Write(byte[] buffer, int offset, int count) => _writer.Write(buffer, offset, count);
        public override void Flush() => _writer.Flush();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                writer.Complete();
                reader.Complete();
            }
            base.Dispose(disposing);
        }

        // Whoever writes to a line that is cut does not wait for a reader that never comes.
        private int Cut()
        {
            reader.Complete();
            return 0;
        }
    }
}
