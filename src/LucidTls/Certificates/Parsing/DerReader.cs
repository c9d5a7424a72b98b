using System.Formats.Asn1;

namespace LucidTls.Certificates.Parsing;

/// <summary>Reads DER strictly, element by element; slices refer to the input. Malformed input is an <see cref="AsnContentException"/>.</summary>
internal ref struct DerReader(ReadOnlyMemory<byte> input)
{
    private const int LongestOid = 128;

    private ReadOnlyMemory<byte> _rest = input;

    public readonly bool IsEmpty => _rest.IsEmpty;

    /// <summary>How many bytes are left.</summary>
    public readonly int Remaining => _rest.Length;

    public readonly Asn1Tag PeekTag() => Asn1Tag.Decode(_rest.Span, out _);

    public readonly bool NextIs(Asn1Tag tag) => !_rest.IsEmpty && PeekTag().HasSameClassAndValue(tag);

    public readonly bool NextIsContext(int number) => NextIs(new Asn1Tag(TagClass.ContextSpecific, number));

    /// <summary>The element whole, header included.</summary>
    public ReadOnlyMemory<byte> ReadEncoded()
    {
        AsnDecoder.ReadEncodedValue(_rest.Span, AsnEncodingRules.DER, out _, out _, out var consumed);
        return Take(0, consumed, consumed);
    }

    /// <summary>The content of an element of exactly that tag, primitive or constructed as the tag says.</summary>
    public ReadOnlyMemory<byte> ReadContent(Asn1Tag tag)
    {
        if (_rest.IsEmpty || PeekTag() != tag)
            throw new AsnContentException();
        AsnDecoder.ReadEncodedValue(_rest.Span, AsnEncodingRules.DER, out var offset, out var length, out var consumed);
        return Take(offset, length, consumed);
    }

    /// <summary>The content of a context-specific element with an implicit primitive type.</summary>
    public ReadOnlyMemory<byte> ReadContextPrimitive(int number) => ReadContent(new Asn1Tag(TagClass.ContextSpecific, number));

    public DerReader ReadContext(int number) => new(ReadContent(new Asn1Tag(TagClass.ContextSpecific, number, isConstructed: true)));

    public DerReader ReadSequence() => new(ReadContent(Asn1Tag.Sequence));

    public DerReader ReadSet() => new(ReadContent(Asn1Tag.SetOf));

    public void ReadNull()
    {
        if (!ReadContent(Asn1Tag.Null).IsEmpty)
            throw new AsnContentException();
    }

    /// <summary>The content of an OBJECT IDENTIFIER: whole arcs in their shortest form.</summary>
    public ReadOnlyMemory<byte> ReadOid() => CheckOid(ReadContent(Asn1Tag.ObjectIdentifier));

    /// <summary>The same with an implicit context-specific tag.</summary>
    public ReadOnlyMemory<byte> ReadContextOid(int number) => CheckOid(ReadContextPrimitive(number));

    /// <summary>The bytes of an INTEGER, big-endian, as they stand.</summary>
    public ReadOnlyMemory<byte> ReadIntegerBytes()
    {
        AsnDecoder.ReadIntegerBytes(_rest.Span, AsnEncodingRules.DER, out _);
        return ReadContent(Asn1Tag.Integer);
    }

    public int ReadSmallInteger() => ReadSmallInteger(Asn1Tag.Integer);

    /// <summary>An INTEGER with an implicit context-specific tag.</summary>
    public int ReadContextInteger(int number) => ReadSmallInteger(new Asn1Tag(TagClass.ContextSpecific, number));

    public int ReadEnumerated()
    {
        var content = ReadContent(Asn1Tag.Enumerated).Span;
        return content.Length == 1 && content[0] < 0x80 ? content[0] : throw new AsnContentException();
    }

    public bool ReadBoolean() => ToBoolean(ReadContent(Asn1Tag.Boolean).Span);

    /// <summary>A BOOLEAN with an implicit context-specific tag.</summary>
    public bool ReadContextBoolean(int number) => ToBoolean(ReadContextPrimitive(number).Span);

    public ReadOnlyMemory<byte> ReadOctetString() => ReadContent(Asn1Tag.PrimitiveOctetString);

    public ReadOnlyMemory<byte> ReadBitString(out int unusedBits) => ReadBits(ReadContent(Asn1Tag.PrimitiveBitString), out unusedBits);

    /// <summary>The named bits of a BIT STRING, bit 0 of the type as bit 0 of the number; at most 32.</summary>
    public uint ReadNamedBits() => ToNumber(ReadContent(Asn1Tag.PrimitiveBitString));

    /// <summary>The same with an implicit context-specific tag.</summary>
    public uint ReadContextNamedBits(int number) => ToNumber(ReadContextPrimitive(number));

    /// <summary>A UTCTime or GeneralizedTime as RFC 5280 §4.1.2.5 has them: in UTC, with seconds, without fractions.</summary>
    /// <param name="isShortest">Whether years to 2049 are a UTCTime, as RFC 5280 demands of authorities.</param>
    public DateTimeOffset ReadTime(out bool isShortest)
    {
        if (NextIs(Asn1Tag.UtcTime))
        {
            isShortest = true;
            var utc = AsnDecoder.ReadUtcTime(_rest.Span, AsnEncodingRules.DER, out var consumed, twoDigitYearMax: 2049);
            _rest = _rest[consumed..];
            return utc;
        }
        var time = ReadGeneralizedTime();
        isShortest = time.Year >= 2050;
        return time;
    }

    public DateTimeOffset ReadGeneralizedTime()
    {
        var time = AsnDecoder.ReadGeneralizedTime(_rest.Span, AsnEncodingRules.DER, out var consumed);
        _rest = _rest[consumed..];
        return time.Ticks % TimeSpan.TicksPerSecond == 0 ? time : throw new AsnContentException();
    }

    public readonly void End()
    {
        if (!_rest.IsEmpty)
            throw new AsnContentException();
    }

    private int ReadSmallInteger(Asn1Tag tag)
    {
        if (_rest.IsEmpty || !AsnDecoder.TryReadInt32(_rest.Span, AsnEncodingRules.DER, out var value, out var consumed, tag))
            throw new AsnContentException();
        _rest = _rest[consumed..];
        return value;
    }

    private static ReadOnlyMemory<byte> CheckOid(ReadOnlyMemory<byte> content)
    {
        var bytes = content.Span;
        if (bytes.Length is 0 or > LongestOid || (bytes[^1] & 0x80) != 0)
            throw new AsnContentException();
        for (var i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] == 0x80 && (i == 0 || (bytes[i - 1] & 0x80) == 0))
                throw new AsnContentException();
        }
        return content;
    }

    private static bool ToBoolean(ReadOnlySpan<byte> content) =>
        content.Length == 1 && content[0] is 0 or 0xFF ? content[0] != 0 : throw new AsnContentException();

    private static ReadOnlyMemory<byte> ReadBits(ReadOnlyMemory<byte> content, out int unusedBits)
    {
        if (content.IsEmpty)
            throw new AsnContentException();
        unusedBits = content.Span[0];
        // X.690 §11.2.1: unused bits are zero in DER.
        if (unusedBits > 7 || (unusedBits > 0 && (content.Length == 1 || (content.Span[^1] & ((1 << unusedBits) - 1)) != 0)))
            throw new AsnContentException();
        return content[1..];
    }

    private static uint ToNumber(ReadOnlyMemory<byte> content)
    {
        var bits = ReadBits(content, out var unusedBits).Span;
        // X.690 §11.2.2: no trailing zero bits, so the last used bit is set.
        if (bits.Length > 4 || (bits.Length > 0 && (bits[^1] >> unusedBits & 1) == 0))
            throw new AsnContentException();
        var number = 0u;
        for (var i = 0; i < bits.Length * 8; i++)
            number |= (uint)(bits[i / 8] >> (7 - i % 8) & 1) << i;
        return number;
    }

    private ReadOnlyMemory<byte> Take(int offset, int length, int consumed)
    {
        var taken = _rest.Slice(offset, length);
        _rest = _rest[consumed..];
        return taken;
    }
}
