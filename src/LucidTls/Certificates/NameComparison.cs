using System.Formats.Asn1;
using System.Text;

namespace LucidTls.Certificates;

/// <summary>Compares relative distinguished names (RFC 5280 §7.1): to the byte, or as text without regard to case and runs of spaces.</summary>
internal static class NameComparison
{
    public static bool PartsAreEqual(ReadOnlyMemory<byte> first, ReadOnlyMemory<byte> second)
    {
        if (first.Span.SequenceEqual(second.Span))
            return true;
        var firstOuter = new DerReader(first);
        var secondOuter = new DerReader(second);
        var firstSet = firstOuter.ReadSet();
        var secondSet = secondOuter.ReadSet();
        while (!firstSet.IsEmpty && !secondSet.IsEmpty)
        {
            var firstPair = firstSet.ReadSequence();
            var secondPair = secondSet.ReadSequence();
            if (firstPair.ReadOid() != secondPair.ReadOid())
                return false;
            if (Text(firstPair.ReadEncoded()) is not { } firstText || firstText != Text(secondPair.ReadEncoded()))
                return false;
        }
        return firstSet.IsEmpty && secondSet.IsEmpty;
    }

    private static string? Text(ReadOnlyMemory<byte> value)
    {
        var tag = Asn1Tag.Decode(value.Span, out _);
        if (tag.TagClass != TagClass.Universal || (UniversalTagNumber)tag.TagValue is not (UniversalTagNumber.UTF8String or UniversalTagNumber.PrintableString or UniversalTagNumber.IA5String))
            return null;
        var reader = new DerReader(value);
        var text = Encoding.UTF8.GetString(reader.ReadContent(tag).Span);
        return string.Join(' ', text.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToUpperInvariant();
    }
}
