using System.Buffers.Binary;
using System.Text;
using LucidTls.Certificates.Parsing;

namespace LucidTls.StartTls;

/// <summary>The plain dialogue in front of TLS: lines and bytes within bounds, and nothing left over when TLS begins.</summary>
internal sealed class PlainLink(Stream stream)
{
    /// <summary>Bytes of a line. Mail's own limit is 512 (RFC 5321 §4.5.3.1.5), and IMAP's lists of capabilities are longer.</summary>
    public const int MostLine = 8192;

    /// <summary>Bytes of the whole dialogue: many times what any server says.</summary>
    public const int MostBytes = 64 * 1024;

    private const byte HandshakeRecord = 22;

    private readonly byte[] _buffer = new byte[4096];
    private int _start;
    private int _end;
    private int _received;

    /// <summary>What was read and is the beginning of TLS itself; empty unless <see cref="StartTls"/> or <see cref="DemandNothingButTls"/> said so.</summary>
    public ReadOnlyMemory<byte> TlsStart { get; private set; }

    /// <summary>The byte last read, and all behind it, belong to TLS.</summary>
    public void StartTls()
    {
        TlsStart = _buffer.AsMemory(_start - 1, _end - _start + 1).ToArray();
        _start = _end;
    }

    /// <summary>A line without its end, which must be CR LF.</summary>
    /// <exception cref="TlsException">The line is too long, ends otherwise, or the peer closed.</exception>
    public async ValueTask<string> ReadLineAsync(CancellationToken cancellationToken)
    {
        var line = new List<byte>();
        while (true)
        {
            var value = await ReadByteAsync(cancellationToken).ConfigureAwait(false);
            if (value == '\n')
            {
                if (line.Count == 0 || line[^1] != '\r' || line.IndexOf((byte)'\r') != line.Count - 1 || line.Contains(0))
                    throw Malformed("a line with control characters, or without CR LF at its end");
                return Encoding.Latin1.GetString([.. line[..^1]]);
            }
            if (line.Count == MostLine)
                throw Malformed($"a line of more than {MostLine} bytes");
            line.Add(value);
        }
    }

    public async ValueTask<byte> ReadByteAsync(CancellationToken cancellationToken)
    {
        if (_start == _end)
            await FillAsync(cancellationToken).ConfigureAwait(false);
        return _buffer[_start++];
    }

    /// <param name="count">How many, at most <see cref="MostBytes"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask<byte[]> ReadBytesAsync(int count, CancellationToken cancellationToken)
    {
        if (count > MostBytes)
            throw Malformed($"a message of {count} bytes");
        var bytes = new byte[count];
        for (var filled = 0; filled < count; filled++)
            bytes[filled] = await ReadByteAsync(cancellationToken).ConfigureAwait(false);
        return bytes;
    }

    /// <summary>A packet of MySQL: three bytes of length, a number, and the content.</summary>
    public async ValueTask<(byte Number, byte[] Content)> ReadMySqlPacketAsync(CancellationToken cancellationToken)
    {
        var header = await ReadBytesAsync(4, cancellationToken).ConfigureAwait(false);
        var length = BinaryPrimitives.ReadInt32LittleEndian(header) & 0xFFFFFF;
        return (header[3], await ReadBytesAsync(length, cancellationToken).ConfigureAwait(false));
    }

    public ValueTask WriteLineAsync(string line, CancellationToken cancellationToken) => WriteAsync(Encoding.Latin1.GetBytes(line + "\r\n"), cancellationToken);

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Before TLS begins. What came behind the go-ahead came in the clear, from anybody, and would count as if it had come under TLS: commands or answers
    /// put there by somebody on the way (CVE-2011-0411, CVE-2021-23214 and their kin).
    /// </summary>
    /// <exception cref="TlsException">Something did.</exception>
    public void DemandNothingMore()
    {
        if (_start != _end)
            throw new TlsException(TlsError.StartTlsInjection, $"{_end - _start} bytes, beginning with \"{Shown(Encoding.Latin1.GetString(_buffer, _start, Math.Min(_end - _start, 40)))}\"");
    }

    /// <summary>Forgets the white space that has come already.</summary>
    public void SkipWhiteSpace()
    {
        while (_start != _end && _buffer[_start] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
            _start++;
    }

    /// <summary>The same where the peer does not wait for a go-ahead: its handshake may lie behind the request, and is then <see cref="TlsStart"/>.</summary>
    /// <exception cref="TlsException">Something else did.</exception>
    public void DemandNothingButTls()
    {
        if (_start != _end && _buffer[_start] != HandshakeRecord)
            DemandNothingMore();
        TlsStart = _buffer.AsMemory(_start, _end - _start).ToArray();
        _start = _end;
    }

    public static TlsException Malformed(string what) => new(TlsError.StartTlsMalformed, what);

    public static TlsException Refused(string what) => new(TlsError.StartTlsRefused, what);

    /// <summary>What a peer said, fit to be shown.</summary>
    public static string Shown(string text) => X501Name.Printable(text.Length > 200 ? text[..200] + "…" : text);

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        var count = await stream.ReadAsync(_buffer, cancellationToken).ConfigureAwait(false);
        if (count == 0)
            throw new TlsException(TlsError.ClosedDuringHandshake, "in the plain dialogue in front of TLS");
        _received += count;
        if (_received > MostBytes)
            throw Malformed($"more than {MostBytes} bytes before TLS");
        (_start, _end) = (0, count);
    }
}
