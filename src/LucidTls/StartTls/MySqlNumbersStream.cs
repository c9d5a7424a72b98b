namespace LucidTls.StartTls;

/// <summary>
/// Between a MySQL peer with TLS and one without. The request for TLS took one of the numbers that packets have while the client proves itself, so they are higher by one under TLS, in both
/// directions, until the client begins its first command with the number 0. What comes after is passed on as it is: other packets, compressed ones, of any size.
/// </summary>
/// <param name="inner">The TLS.</param>
/// <param name="clientIsInner">Whether the client is the one with TLS.</param>
/// <param name="begun">How many bytes are still to be read of a packet whose beginning was passed on already.</param>
internal sealed class MySqlNumbersStream(TlsStream inner, bool clientIsInner, int begun = 0) : Stream
{
    private readonly Packets _read = new(-1, begun);
    private readonly Packets _written = new(+1, 0);

    // By the client alone: a server is done with an OK, but what begins as one may also be a word of some plugin for authentication. Until the client speaks, a server that is done says nothing.
    private volatile bool _isOver;

    public override bool CanRead => true;
    public override bool CanWrite => true;
    public override bool CanSeek => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>The TLS below.</summary>
    public TlsStream Tls => inner;

    public override int Read(byte[] buffer, int offset, int count)
    {
        var read = inner.Read(buffer, offset, count);
        Renumber(_read, buffer.AsSpan(offset, read), isClient: clientIsInner);
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        Renumber(_read, buffer.Span[..read], isClient: clientIsInner);
        return read;
    }

    public override void Write(byte[] buffer, int offset, int count) => inner.Write(Renumbered(buffer.AsMemory(offset, count)).Span);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => inner.WriteAsync(Renumbered(buffer), cancellationToken);

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

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

    private ReadOnlyMemory<byte> Renumbered(ReadOnlyMemory<byte> buffer)
    {
        if (_isOver)
            return buffer;
        var changed = buffer.ToArray();
        Renumber(_written, changed, isClient: !clientIsInner);
        return changed;
    }

    private void Renumber(Packets packets, Span<byte> piece, bool isClient)
    {
        if (!_isOver && packets.Renumber(piece, untilCommand: isClient))
            _isOver = true;
    }

    /// <summary>The packets of one direction, in pieces as they come.</summary>
    /// <param name="change">What is added to the number of each.</param>
    /// <param name="left">How many bytes of a packet come before the first header.</param>
    internal sealed class Packets(int change, int left)
    {
        private const int HeaderLength = 4;

        private int _inHeader = left > 0 ? HeaderLength : 0;
        private int _left = left;

        /// <summary>Whether a command has begun, which keeps its number as all behind it does.</summary>
        public bool Renumber(Span<byte> piece, bool untilCommand)
        {
            for (var i = 0; i < piece.Length;)
            {
                if (_inHeader == HeaderLength)
                {
                    var count = Math.Min(_left, piece.Length - i);
                    i += count;
                    _left -= count;
                }
                else if (_inHeader == HeaderLength - 1)
                {
                    if (untilCommand && piece[i] == 0)
                        return true;
                    piece[i] = (byte)(piece[i] + change);
                    _inHeader++;
                    i++;
                }
                else
                {
                    _left |= piece[i++] << (8 * _inHeader++);
                }
                if (_inHeader == HeaderLength && _left == 0)
                    _inHeader = 0;
            }
            return false;
        }
    }
}
