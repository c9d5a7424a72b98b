using System.Formats.Asn1;

namespace LucidTls.Cryptography;

/// <summary>Reads DER elements off the front of a span.</summary>
internal static class DerElement
{
    /// <summary>The content of a SEQUENCE.</summary>
    /// <exception cref="AsnContentException">There is none.</exception>
    public static ReadOnlySpan<byte> Sequence(scoped ref ReadOnlySpan<byte> der)
    {
        AsnDecoder.ReadSequence(der, AsnEncodingRules.DER, out var offset, out var length, out var consumed);
        return Take(ref der, offset, length, consumed);
    }

    /// <summary>The content of an OCTET STRING.</summary>
    /// <exception cref="AsnContentException">There is none.</exception>
    public static ReadOnlySpan<byte> OctetString(scoped ref ReadOnlySpan<byte> der)
    {
        if (!AsnDecoder.TryReadPrimitiveOctetString(der, AsnEncodingRules.DER, out var content, out var consumed))
            throw new AsnContentException();
        der = der[consumed..];
        return content;
    }

    /// <summary>The content of the constructed context-specific element <paramref name="tag"/>; false, taking nothing, when another one comes.</summary>
    /// <exception cref="AsnContentException">What comes is no DER element.</exception>
    public static bool TryTagged(int tag, scoped ref ReadOnlySpan<byte> der, out ReadOnlySpan<byte> content)
    {
        content = default;
        if (der.IsEmpty)
            return false;
        var expected = new Asn1Tag(TagClass.ContextSpecific, tag, isConstructed: true);
        if (Asn1Tag.Decode(der, out _) != expected)
            return false;
        AsnDecoder.ReadSequence(der, AsnEncodingRules.DER, out var offset, out var length, out var consumed, expected);
        content = Take(ref der, offset, length, consumed);
        return true;
    }

    private static ReadOnlySpan<byte> Take(scoped ref ReadOnlySpan<byte> der, int offset, int length, int consumed)
    {
        var content = der.Slice(offset, length);
        der = der[consumed..];
        return content;
    }
}
