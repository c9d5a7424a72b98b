namespace LucidTls.StartTls;

/// <summary>
/// The stream of a MySQL client that did not ask for TLS over a connection that has it. The request for TLS took one of the numbers that packets have while the client proves itself, so
/// they differ by one at the two ends until the server says that it is done; what comes after is passed on as it is.
/// </summary>
internal sealed class MySqlNumbersStream(TlsStream inner) : Stream
{
    private readonly Packets _fromServer = new(-1, (_, first) => first is 0x00 or 0xFF);
    // A command begins with the number 0, and so the client knows that the server is done.
    private readonly Packets _fromClient = new(+1, (number, _) => number == 0);

    public override bool CanRead => true;
    public override bool CanWrite => true;
    public override bool CanSeek => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count)
    {
        var read = inner.Read(buffer, offset, count);
        _fromServer.Renumber(buffer.AsSpan(offset, read));
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        _fromServer.Renumber(buffer.Span[..read]);
        return read;
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        var changed = buffer.AsSpan(offset, count).ToArray();
        _fromClient.Renumber(changed);
        inner.Write(changed);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_fromClient.IsOver)
            return inner.WriteAsync(buffer, cancellationToken);
        var changed = buffer.ToArray();
        _fromClient.Renumber(changed);
        return inner.WriteAsync(changed, cancellationToken);
    }

    /// <summary>The TLS below.</summary>
    public TlsStream Tls => inner;

    public override void Flush() => inner.Flush();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>The packets of one direction, in pieces as they come.</summary>
    /// <param name="change">What is added to the number of each.</param>
    /// <param name="isLast">By number and first byte of the content: whether numbers are the same from here on; a packet from the client that says so keeps its own.</param>
    private sealed class Packets(int change, Func<byte, byte, bool> isLast)
    {
        private int _inHeader;
        private int _left;
        private byte _number;
        private bool _atFirst;

        public bool IsOver { get; private set; }

        public void Renumber(Span<byte> piece)
        {
            for (var i = 0; i < piece.Length && !IsOver; i++)
            {
                if (_inHeader < 3)
                {
                    _left |= piece[i] << (8 * _inHeader++);
                    continue;
                }
                if (_inHeader == 3)
                {
                    _inHeader++;
                    _number = piece[i];
                    _atFirst = true;
                    if (change > 0 && isLast(_number, 0))
                    {
                        IsOver = true;
                        return;
                    }
                    piece[i] = (byte)(_number + change);
                    Next();
                    continue;
                }
                if (_atFirst && change < 0)
                    IsOver = isLast(_number, piece[i]);
                _atFirst = false;
                _left--;
                Next();
            }
        }

        private void Next()
        {
            if (_left == 0)
                _inHeader = 0;
        }
    }
}
