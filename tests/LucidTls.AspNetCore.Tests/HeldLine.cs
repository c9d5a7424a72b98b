namespace LucidTls.AspNetCore.Tests;

/// <summary>Lets so many writes pass and keeps the others until it is told to let them go.</summary>
internal sealed class HeldLine(Stream inner) : Stream
{
    private readonly MemoryStream _held = new();
    private int _passing = int.MaxValue;

    public override bool CanRead => true;
    public override bool CanWrite => true;
    public override bool CanSeek => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public void HoldAfter(int writes) => _passing = writes;

    public async Task ReleaseAsync(CancellationToken cancellationToken)
    {
        _passing = int.MaxValue;
        await inner.WriteAsync(_held.ToArray(), cancellationToken);
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_passing-- > 0)
            await inner.WriteAsync(buffer, cancellationToken);
        else
            _held.Write(buffer.Span);
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public override void Flush() => inner.Flush();
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }
}
