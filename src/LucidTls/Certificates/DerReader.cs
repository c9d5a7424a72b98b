using System.Formats.Asn1;

namespace LucidTls.Certificates;

/// <summary>Reads DER strictly, element by element; slices refer to the input. Malformed input is an <see cref="AsnContentException"/>.</summary>
internal ref struct DerReader(ReadOnlyMemory<byte> input)
{
    private ReadOnlyMemory<byte> _rest = input;

    public readonly bool IsEmpty => _rest.IsEmpty;

    public readonly Asn1Tag PeekTag() => Asn1Tag.Decode(_rest.Span, out _);

    public readonly bool NextIs(Asn1Tag tag) => !_rest.IsEmpty && PeekTag().HasSameClassAndValue(tag);

    public readonly bool NextIsContext(int number) => NextIs(new Asn1Tag(TagClass.ContextSpecific, number));

    /// <summary>The element whole, header included.</summary>
    public ReadOnlyMemory<byte> ReadEncoded()
    {
        AsnDecoder.ReadEncodedValue(_rest.Span, AsnEncodingRules.DER, out _, out _, out var consumed);
        return Take(0, consumed, consumed);
    }

    /// <summary>The content of an element of that tag.</summary>
    public ReadOnlyMemory<byte> ReadContent(Asn1Tag tag)
    {
        if (!NextIs(tag))
            throw new AsnContentException();
        AsnDecoder.ReadEncodedValue(_rest.Span, AsnEncodingRules.DER, out var offset, out var length, out var consumed);
        return Take(offset, length, consumed);
    }

    public ReadOnlyMemory<byte> ReadContextContent(int number) => ReadContent(new Asn1Tag(TagClass.ContextSpecific, number));

    public DerReader ReadSequence() => new(ReadContent(Asn1Tag.Sequence, mustBeConstructed: true));

    public DerReader ReadSet() => new(ReadContent(Asn1Tag.SetOf, mustBeConstructed: true));

    public DerReader ReadContext(int number) => new(ReadContent(new Asn1Tag(TagClass.ContextSpecific, number, isConstructed: true), mustBeConstructed: true));

    public string ReadOid()
    {
        var oid = AsnDecoder.ReadObjectIdentifier(_rest.Span, AsnEncodingRules.DER, out var consumed);
        _rest = _rest[consumed..];
        return oid;
    }

    /// <summary>The bytes of an INTEGER, big-endian, as they stand.</summary>
    public ReadOnlyMemory<byte> ReadIntegerBytes()
    {
        AsnDecoder.ReadIntegerBytes(_rest.Span, AsnEncodingRules.DER, out _);
        return ReadContent(Asn1Tag.Integer);
    }

    public int ReadSmallInteger()
    {
        if (!AsnDecoder.TryReadInt32(_rest.Span, AsnEncodingRules.DER, out var value, out var consumed))
            throw new AsnContentException();
        _rest = _rest[consumed..];
        return value;
    }

    public bool ReadBoolean()
    {
        var value = AsnDecoder.ReadBoolean(_rest.Span, AsnEncodingRules.DER, out var consumed);
        _rest = _rest[consumed..];
        return value;
    }

    public ReadOnlyMemory<byte> ReadOctetString()
    {
        if (!AsnDecoder.TryReadPrimitiveOctetString(_rest.Span, AsnEncodingRules.DER, out var value, out var consumed))
            throw new AsnContentException();
        _rest.Span.Overlaps(value, out var offset);
        return Take(offset, value.Length, consumed);
    }

    public ReadOnlyMemory<byte> ReadBitString(out int unusedBits)
    {
        if (!AsnDecoder.TryReadPrimitiveBitString(_rest.Span, AsnEncodingRules.DER, out unusedBits, out var value, out var consumed))
            throw new AsnContentException();
        if (value.IsEmpty)
        {
            _rest = _rest[consumed..];
            return default;
        }
        _rest.Span.Overlaps(value, out var offset);
        return Take(offset, value.Length, consumed);
    }

    /// <summary>A UTCTime or GeneralizedTime as RFC 5280 §4.1.2.5 has them: in UTC, with seconds, without fractions.</summary>
    public DateTimeOffset ReadTime()
    {
        DateTimeOffset time;
        int consumed;
        if (NextIs(Asn1Tag.UtcTime))
        {
            time = AsnDecoder.ReadUtcTime(_rest.Span, AsnEncodingRules.DER, out consumed, twoDigitYearMax: 2049);
        }
        else
        {
            time = AsnDecoder.ReadGeneralizedTime(_rest.Span, AsnEncodingRules.DER, out consumed);
            if (time.Ticks % TimeSpan.TicksPerSecond != 0 || time.Year < 2050)
                throw new AsnContentException();
        }
        _rest = _rest[consumed..];
        return time;
    }

    public readonly void End()
    {
        if (!_rest.IsEmpty)
            throw new AsnContentException();
    }

    private ReadOnlyMemory<byte> ReadContent(Asn1Tag tag, bool mustBeConstructed)
    {
        if (_rest.IsEmpty || PeekTag().IsConstructed != mustBeConstructed)
            throw new AsnContentException();
        return ReadContent(tag);
    }

    private ReadOnlyMemory<byte> Take(int offset, int length, int consumed)
    {
        var taken = _rest.Slice(offset, length);
        _rest = _rest[consumed..];
        return taken;
    }
}
