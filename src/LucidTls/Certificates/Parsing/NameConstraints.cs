using System.Formats.Asn1;

namespace LucidTls.Certificates.Parsing;

/// <summary>A name made ready for many comparisons: one in a certificate, or the root of a subtree of name constraints.</summary>
internal sealed class ComparedName(GeneralName name)
{
    public GeneralName Name { get; } = name;
    public int Kind => Name.Kind;
    public string Text { get; } = name.Kind is GeneralName.Dns or GeneralName.Email or GeneralName.Uri ? name.Text : "";
    public IReadOnlyList<byte[]> DirectoryParts { get; } = name.Kind == GeneralName.DirectoryName ? new X501Name(name.Value).FoldedParts() : [];
}

/// <summary>What names an authority may certify (RFC 5280 §4.2.1.10): within some subtrees, outside of others.</summary>
internal sealed class NameConstraints
{
    private NameConstraints(IReadOnlyList<ComparedName> permitted, IReadOnlyList<ComparedName> excluded)
    {
        Permitted = permitted;
        Excluded = excluded;
    }

    public IReadOnlyList<ComparedName> Permitted { get; }
    public IReadOnlyList<ComparedName> Excluded { get; }

    public static NameConstraints Of(IEnumerable<GeneralName> permitted) => new([.. permitted.Select(name => new ComparedName(name))], []);

    public static NameConstraints Read(DerReader fields)
    {
        IReadOnlyList<ComparedName> permitted = fields.NextIsContext(0) ? ReadSubtrees(fields.ReadContext(0)) : [];
        IReadOnlyList<ComparedName> excluded = fields.NextIsContext(1) ? ReadSubtrees(fields.ReadContext(1)) : [];
        fields.End();
        // RFC 5280 §4.2.1.10: "MUST NOT issue certificates where name constraints is an empty sequence".
        return permitted.Count + excluded.Count > 0 ? new NameConstraints(permitted, excluded) : throw new AsnContentException();
    }

    private static ComparedName[] ReadSubtrees(DerReader list)
    {
        var subtrees = new List<ComparedName>();
        while (!list.IsEmpty)
        {
            var subtree = list.ReadSequence();
            var name = GeneralName.Read(ref subtree);
            // RFC 5280 §4.2.1.10: minimum is always 0, which DER leaves out, and maximum absent.
            subtree.End();
            if (name.Kind == GeneralName.IPAddress && !IsAddressRange(name.Value.Span))
                throw new AsnContentException();
            subtrees.Add(new ComparedName(name));
        }
        return subtrees.Count > 0 ? [.. subtrees] : throw new AsnContentException();
    }

    // An address and a mask in the style of RFC 4632, so with ones before zeros: 8 bytes for IPv4, 32 for IPv6.
    private static bool IsAddressRange(ReadOnlySpan<byte> range)
    {
        if (range.Length is not (8 or 32))
            return false;
        var sawZero = false;
        foreach (var value in range[(range.Length / 2)..])
        {
            for (var bit = 7; bit >= 0; bit--)
            {
                var isSet = (value >> bit & 1) != 0;
                if (isSet && sawZero)
                    return false;
                sawZero |= !isSet;
            }
        }
        return true;
    }
}
