using System.Buffers.Binary;

namespace LucidTls.Protocol;

/// <summary>Reads the presentation language of RFC 8446 §3 from memory. Whatever does not fit is a decode_error; slices refer to the input.</summary>
internal ref struct TlsReader(ReadOnlyMemory<byte> input, string what)
{
    private readonly ReadOnlyMemory<byte> _input = input;
    private int _position;

    public readonly int Remaining => _input.Length - _position;
    public readonly bool IsEmpty => Remaining == 0;

    public byte ReadUInt8() => Take(1)[0];

    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

    public int ReadUInt24()
    {
        var bytes = Take(3);
        return bytes[0] << 16 | bytes[1] << 8 | bytes[2];
    }

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    public ulong ReadUInt64() => BinaryPrimitives.ReadUInt64BigEndian(Take(8));

    public ReadOnlyMemory<byte> ReadBytes(int length)
    {
        Take(length);
        return _input.Slice(_position - length, length);
    }

    /// <summary>An opaque vector with a one-byte length of <paramref name="least"/> to <paramref name="most"/>.</summary>
    public ReadOnlyMemory<byte> ReadVector8(int least = 0, int most = byte.MaxValue) => ReadBytes(Within(ReadUInt8(), least, most));

    /// <summary>An opaque vector with a two-byte length.</summary>
    public ReadOnlyMemory<byte> ReadVector16(int least = 0, int most = ushort.MaxValue) => ReadBytes(Within(ReadUInt16(), least, most));

    /// <summary>An opaque vector with a three-byte length.</summary>
    public ReadOnlyMemory<byte> ReadVector24(int least = 0, int most = 0xFFFFFF) => ReadBytes(Within(ReadUInt24(), least, most));

    /// <summary>A reader over a vector with a one-byte length.</summary>
    public TlsReader ReadNested8(int least = 0, int most = byte.MaxValue) => new(ReadVector8(least, most), what);

    /// <summary>A reader over a vector with a two-byte length.</summary>
    public TlsReader ReadNested16(int least = 0, int most = ushort.MaxValue) => new(ReadVector16(least, most), what);

    /// <summary>A reader over a vector with a three-byte length.</summary>
    public TlsReader ReadNested24(int least = 0, int most = 0xFFFFFF) => new(ReadVector24(least, most), what);

    public ReadOnlyMemory<byte> ReadRest() => ReadBytes(Remaining);

    /// <summary>Everything must have been read: a message with bytes left over is malformed.</summary>
    public readonly void End()
    {
        if (!IsEmpty)
            throw Malformed($"{Remaining} bytes too many");
    }

    public readonly TlsException Malformed(string detail) => new(TlsError.Malformed, $"{what}: {detail}");

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > Remaining)
            throw Malformed($"{length} bytes wanted, {Remaining} left");
        _position += length;
        return _input.Span.Slice(_position - length, length);
    }

    private readonly int Within(int length, int least, int most) =>
        length >= least && length <= most ? length : throw Malformed($"a length of {length} where {least} to {most} is allowed");
}
