using System.Buffers;
using LucidTls.Protocol;

namespace LucidTls.Records;

/// <summary>A whole handshake message with its four bytes of header, in an array of its own.</summary>
internal readonly record struct HandshakeMessage(HandshakeType Type, ReadOnlyMemory<byte> Bytes)
{
    public const int HeaderLength = 4;

    public ReadOnlyMemory<byte> Body => Bytes[HeaderLength..];

    /// <summary>Refuses a message of another type: it may not come now.</summary>
    /// <exception cref="TlsException"><see cref="TlsError.UnexpectedMessage"/>.</exception>
    public void Demand(HandshakeType expected)
    {
        if (Type != expected)
            throw new TlsException(TlsError.UnexpectedMessage, $"{Type} where {expected} is expected");
    }
}

/// <summary>Puts handshake messages together from the records they were cut into (RFC 8446 §5.1).</summary>
internal sealed class HandshakeAssembler : IDisposable
{
    private byte[] _buffer = [];
    private int _start;
    private int _end;

    /// <summary>Whether no part of a message waits here, as every change of read keys demands.</summary>
    public bool IsEmpty => _start == _end;

    public void Add(ReadOnlySpan<byte> fragment)
    {
        if (_end + fragment.Length > _buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_end - _start + fragment.Length, 4096));
            _buffer.AsSpan(_start.._end).CopyTo(larger);
            if (_buffer.Length > 0)
                ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
            _end -= _start;
            _start = 0;
        }
        fragment.CopyTo(_buffer.AsSpan(_end));
        _end += fragment.Length;
    }

    public bool TryTake(out HandshakeMessage message)
    {
        message = default;
        var input = _buffer.AsSpan(_start.._end);
        if (input.Length < HandshakeMessage.HeaderLength)
            return false;
        var type = new HandshakeType(input[0]);
        var length = HandshakeMessage.HeaderLength + (input[1] << 16 | input[2] << 8 | input[3]);
        if (length > RecordLimits.MaxHandshakeMessage)
            throw new TlsException(TlsError.MessageTooLong, $"{type} of {length} bytes; {RecordLimits.MaxHandshakeMessage} are allowed");
        if (input.Length < length)
            return false;
        message = new HandshakeMessage(type, input[..length].ToArray());
        _start += length;
        if (IsEmpty)
            Dispose();
        return true;
    }

    public void Dispose()
    {
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _start = _end = 0;
    }
}
