using System.Buffers;
using System.Buffers.Binary;

namespace LucidTls.Protocol;

/// <summary>Writes the presentation language of RFC 8446 §3 into a pooled buffer that grows.</summary>
internal sealed class TlsWriter : IDisposable
{
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(1024);

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, Length);
    public ReadOnlyMemory<byte> WrittenMemory => _buffer.AsMemory(0, Length);

    /// <summary>A whole handshake message, header and all.</summary>
    /// <returns>Its bytes, valid until the next call.</returns>
    public ReadOnlySpan<byte> WriteMessage(IHandshakeBody message)
    {
        var start = Length;
        WriteUInt8(message.Type.Value);
        using (Length24())
            message.Write(this);
        return Written[start..];
    }

    public byte[] ToArray() => Written.ToArray();

    public void Clear() => Length = 0;

    public void WriteUInt8(byte value) => Reserve(1)[0] = value;

    public void WriteUInt16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Reserve(2), value);

    public void WriteUInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Reserve(4), value);

    public void WriteUInt64(ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Reserve(8), value);

    public void WriteBytes(ReadOnlySpan<byte> value) => value.CopyTo(Reserve(value.Length));

    public void WriteVector8(ReadOnlySpan<byte> value)
    {
        using (Length8())
            WriteBytes(value);
    }

    public void WriteVector16(ReadOnlySpan<byte> value)
    {
        using (Length16())
            WriteBytes(value);
    }

    public void WriteVector24(ReadOnlySpan<byte> value)
    {
        using (Length24())
            WriteBytes(value);
    }

    /// <summary>What is written until the scope ends gets its length in one byte in front.</summary>
    public LengthScope Length8() => new(this, 1);

    /// <summary>The same with two bytes.</summary>
    public LengthScope Length16() => new(this, 2);

    /// <summary>The same with three bytes.</summary>
    public LengthScope Length24() => new(this, 3);

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        Length = 0;
    }

    private Span<byte> Reserve(int length)
    {
        if (Length + length > _buffer.Length)
            Grow(length);
        var span = _buffer.AsSpan(Length, length);
        Length += length;
        return span;
    }

    private void Grow(int length)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, Length + length));
        Written.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }

    /// <summary>A length that is patched when its content is complete; until then it is all ones, which frames nothing.</summary>
    internal readonly ref struct LengthScope
    {
        private readonly TlsWriter _writer;
        private readonly int _start;
        private readonly int _size;

        public LengthScope(TlsWriter writer, int size)
        {
            _writer = writer;
            _size = size;
            writer.Reserve(size).Fill(0xFF);
            _start = writer.Length;
        }

        public void Dispose()
        {
            var length = _writer.Length - _start;
            if (length >> (8 * _size) != 0)
                throw new InvalidOperationException($"{length} bytes do not fit a length of {_size} bytes.");
            var prefix = _writer._buffer.AsSpan(_start - _size, _size);
            for (var i = _size - 1; i >= 0; i--, length >>= 8)
                prefix[i] = (byte)length;
        }
    }
}
