namespace LucidTls.AspNetCore;

/// <summary>
/// Writes to the connection; being disposed ends that direction alone. What is written to a connection that broke is lost without a
/// word, as it is on Kestrel's own transports: the reading side reports it, and Kestrel logs a flush that throws as an error of the server.
/// </summary>
internal sealed class OutputStream(TlsStream stream) : Stream
{
    public override bool CanRead => false;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            await stream.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException)
        {
            return;
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count) => WriteAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    // Every write is sent at once.
    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // A pipe that is completed without waiting leaves close_notify to the stream's own end, which follows.
    public override async ValueTask DisposeAsync()
    {
        try
        {
            if (stream.CanWrite)
                await stream.ShutdownAsync().ConfigureAwait(false);
        }
        catch (IOException)
        {
            return;
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
