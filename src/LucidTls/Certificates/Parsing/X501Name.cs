using System.Formats.Asn1;
using System.Globalization;
using System.Text;

namespace LucidTls.Certificates.Parsing;

/// <summary>One attribute of a name: its type, and its value as an encoded element.</summary>
internal readonly record struct NameAttribute(ReadOnlyMemory<byte> Type, ReadOnlyMemory<byte> Value)
{
    /// <summary>The text of the value, or null when it is no string or none that can be read.</summary>
    public string? Text
    {
        get
        {
            try
            {
                var tag = Asn1Tag.Decode(Value.Span, out _);
                if (tag.TagClass != TagClass.Universal)
                    return null;
                var content = new DerReader(Value).ReadContent(tag).Span;
                return (UniversalTagNumber)tag.TagValue switch
                {
                    UniversalTagNumber.UTF8String => Strict.Utf8.GetString(content),
                    UniversalTagNumber.PrintableString or UniversalTagNumber.IA5String or UniversalTagNumber.NumericString or UniversalTagNumber.VisibleString => Strict.Ascii(content),
                    UniversalTagNumber.TeletexString => Encoding.Latin1.GetString(content),
                    UniversalTagNumber.BMPString => Strict.Utf16.GetString(content),
                    UniversalTagNumber.UniversalString => Strict.Utf32.GetString(content),
                    _ => null,
                };
            }
            catch (Exception exception) when (exception is AsnContentException or DecoderFallbackException or ArgumentException)
            {
                return null;
            }
        }
    }

    /// <summary>Encodings that refuse what they cannot decode.</summary>
    private static class Strict
    {
        public static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);
        public static readonly UnicodeEncoding Utf16 = new(bigEndian: true, byteOrderMark: false, throwOnInvalidBytes: true);
        public static readonly UTF32Encoding Utf32 = new(bigEndian: true, byteOrderMark: false, throwOnInvalidCharacters: true);

        public static string? Ascii(ReadOnlySpan<byte> content) => System.Text.Ascii.IsValid(content) ? Encoding.ASCII.GetString(content) : null;
    }
}

/// <summary>
/// An X.501 name (RFC 5280 §4.1.2.4). Names are equal when their encodings are, or when they are as text without regard to case, runs
/// of spaces and the kind of string (RFC 5280 §7.1).
/// </summary>
internal sealed class X501Name : IEquatable<X501Name>
{
    private const int LongestText = 300;

    private static readonly Dictionary<string, string> ShortNames = new()
    {
        ["2.5.4.3"] = "CN",
        ["2.5.4.4"] = "SN",
        ["2.5.4.5"] = "serialNumber",
        ["2.5.4.6"] = "C",
        ["2.5.4.7"] = "L",
        ["2.5.4.8"] = "ST",
        ["2.5.4.9"] = "street",
        ["2.5.4.10"] = "O",
        ["2.5.4.11"] = "OU",
        ["2.5.4.12"] = "title",
        ["2.5.4.42"] = "GN",
        ["2.5.4.97"] = "organizationIdentifier",
        ["0.9.2342.19200300.100.1.1"] = "UID",
        ["0.9.2342.19200300.100.1.25"] = "DC",
        ["1.2.840.113549.1.9.1"] = "E",
    };

    public static readonly X501Name Empty = new(new byte[] { 0x30, 0 });

    private readonly byte[] _folded;
    private readonly int _hash;

    /// <exception cref="AsnContentException">It is no name.</exception>
    public X501Name(ReadOnlyMemory<byte> encoded)
    {
        Encoded = encoded;
        _folded = Fold(encoded);
        var hash = new HashCode();
        hash.AddBytes(_folded);
        _hash = hash.ToHashCode();
    }

    public ReadOnlyMemory<byte> Encoded { get; }

    public bool IsEmpty => Encoded.Length == 2;

    /// <summary>The relative names, first (the most general) to last, each folded for comparison.</summary>
    public IReadOnlyList<byte[]> FoldedParts()
    {
        var parts = new List<byte[]>();
        var names = new DerReader(Encoded).ReadSequence();
        while (!names.IsEmpty)
            parts.Add(FoldPart(names.ReadSet()));
        return parts;
    }

    /// <summary>The name one step below this one.</summary>
    /// <param name="part">The content of the last relative name, a SET.</param>
    public X501Name Below(ReadOnlyMemory<byte> part)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            var names = new DerReader(Encoded).ReadSequence();
            while (!names.IsEmpty)
                writer.WriteEncodedValue(names.ReadEncoded().Span);
            using (writer.PushSetOf())
            {
                var attributes = new DerReader(part);
                while (!attributes.IsEmpty)
                    writer.WriteEncodedValue(attributes.ReadEncoded().Span);
            }
        }
        return new X501Name(writer.Encode());
    }

    /// <summary>All attributes in their order.</summary>
    public IReadOnlyList<NameAttribute> Attributes()
    {
        var attributes = new List<NameAttribute>();
        var names = new DerReader(Encoded).ReadSequence();
        while (!names.IsEmpty)
        {
            var part = names.ReadSet();
            while (!part.IsEmpty)
                attributes.Add(ReadAttribute(ref part));
        }
        return attributes;
    }

    public bool Equals(X501Name? other) => other != null && (Encoded.Span.SequenceEqual(other.Encoded.Span) || _folded.AsSpan().SequenceEqual(other._folded));

    public override bool Equals(object? obj) => Equals(obj as X501Name);

    public override int GetHashCode() => _hash;

    /// <summary>For people, the most special part first: "CN=R3, O=Let's Encrypt, C=US".</summary>
    public override string ToString()
    {
        if (IsEmpty)
            return "(no name)";
        var text = new StringBuilder();
        foreach (var attribute in Attributes().Reverse())
        {
            if (text.Length > LongestText)
                return text.Append(", …").ToString();
            var type = Oids.ToText(attribute.Type.Span);
            text.Append(text.Length == 0 ? "" : ", ").Append(ShortNames.GetValueOrDefault(type, type)).Append('=').Append(Printable(attribute.Text ?? "?"));
        }
        return text.ToString();
    }

    /// <summary>A peer chooses these characters: those that steer a terminal, break a line or turn the direction of text become "\uXXXX".</summary>
    public static string Printable(string text)
    {
        var shown = new StringBuilder();
        foreach (var character in text.Length <= LongestText ? text : text[..LongestText])
        {
            var category = char.GetUnicodeCategory(character);
            if (category is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate or UnicodeCategory.OtherNotAssigned)
                shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:X4}");
            else
                shown.Append(character);
        }
        return shown.Append(text.Length <= LongestText ? "" : "…").ToString();
    }

    private static byte[] Fold(ReadOnlyMemory<byte> encoded)
    {
        var outer = new DerReader(encoded);
        var names = outer.ReadSequence();
        outer.End();
        var folded = new MemoryStream(encoded.Length + 32);
        while (!names.IsEmpty)
        {
            var part = FoldPart(names.ReadSet());
            folded.Write(BitConverter.GetBytes(part.Length));
            folded.Write(part);
        }
        return folded.ToArray();
    }

    private static byte[] FoldPart(DerReader part)
    {
        var first = Fold(ReadAttribute(ref part));
        if (part.IsEmpty)
            return first;
        // Several attributes in one set have no order that means anything.
        var attributes = new List<byte[]> { first };
        while (!part.IsEmpty)
            attributes.Add(Fold(ReadAttribute(ref part)));
        attributes.Sort(static (a, b) => a.AsSpan().SequenceCompareTo(b));
        return [.. attributes.SelectMany(attribute => attribute)];
    }

    // The type, then the text in one form, or the value as it is encoded; each with its length, so that nothing runs together.
    private static byte[] Fold(NameAttribute attribute)
    {
        var text = attribute.Text;
        var value = text == null ? attribute.Value.Span : Encoding.UTF8.GetBytes(FoldText(text));
        var folded = new byte[attribute.Type.Length + value.Length + 9];
        folded[0] = text == null ? (byte)0 : (byte)1;
        BitConverter.TryWriteBytes(folded.AsSpan(1), attribute.Type.Length);
        attribute.Type.Span.CopyTo(folded.AsSpan(5));
        BitConverter.TryWriteBytes(folded.AsSpan(5 + attribute.Type.Length), value.Length);
        value.CopyTo(folded.AsSpan(9 + attribute.Type.Length));
        return folded;
    }

    private static string FoldText(string text)
    {
        if (text.AsSpan().Trim().Length != text.Length || text.Contains("  ", StringComparison.Ordinal) || text.AsSpan().ContainsAny("\t\r\n\v\f\u00A0"))
            text = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return text.ToLowerInvariant();
    }

    private static NameAttribute ReadAttribute(ref DerReader part)
    {
        var pair = part.ReadSequence();
        var attribute = new NameAttribute(pair.ReadOid(), pair.ReadEncoded());
        pair.End();
        return attribute;
    }
}
