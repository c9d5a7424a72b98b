using System.Formats.Asn1;

namespace LucidTls.Certificates.Parsing;

/// <summary>Where to find a CRL, and for which reasons it speaks (RFC 5280 §4.2.1.13 and §5.2.5).</summary>
/// <param name="Names">The full names; empty when there are none.</param>
/// <param name="RelativeName">The name relative to the CRL's issuer, the content of a SET; null when there is none.</param>
/// <param name="Reasons">The reason flags, by bit; null for all reasons.</param>
/// <param name="CrlIssuers">Who signs the CRL when it is not the certificate's issuer; empty otherwise.</param>
internal sealed record DistributionPoint(IReadOnlyList<GeneralName> Names, ReadOnlyMemory<byte>? RelativeName, uint? Reasons, IReadOnlyList<GeneralName> CrlIssuers)
{
    private const int MostPoints = 64;

    /// <summary>Where it can be fetched over HTTP.</summary>
    public IEnumerable<string> Addresses => Names.Where(name => name.Kind == GeneralName.Uri).Select(name => name.Text);

    /// <summary>The names of the point, for a CRL of that issuer; empty when it has no distributionPoint.</summary>
    public IReadOnlyList<GeneralName> NamesBelow(X501Name crlIssuer) => NamesOf(Names, RelativeName, crlIssuer);

    /// <summary>The names of a DistributionPointName, in full.</summary>
    public static IReadOnlyList<GeneralName> NamesOf(IReadOnlyList<GeneralName> names, ReadOnlyMemory<byte>? relativeName, X501Name crlIssuer) =>
        relativeName is { } relative ? [new GeneralName(GeneralName.DirectoryName, crlIssuer.Below(relative).Encoded)] : names;

    /// <summary>CRLDistributionPoints, as an extension's value.</summary>
    public static IReadOnlyList<DistributionPoint> Read(ReadOnlyMemory<byte> value)
    {
        var outer = new DerReader(value);
        var points = ReadList(outer.ReadSequence());
        outer.End();
        return points;
    }

    public static IReadOnlyList<DistributionPoint> ReadList(DerReader list)
    {
        var points = new List<DistributionPoint>(1);
        while (!list.IsEmpty)
        {
            if (points.Count == MostPoints)
                throw new AsnContentException();
            points.Add(Read(list.ReadSequence()));
        }
        return points.Count > 0 ? points : throw new AsnContentException();
    }

    /// <summary>A DistributionPointName: [0] full names or [1] a name relative to the CRL's issuer.</summary>
    public static (IReadOnlyList<GeneralName> Names, ReadOnlyMemory<byte>? RelativeName) ReadName(DerReader choice)
    {
        if (choice.NextIsContext(0))
        {
            var names = GeneralName.ReadList(choice.ReadContext(0));
            choice.End();
            return (names, null);
        }
        var relative = choice.ReadContent(new Asn1Tag(TagClass.ContextSpecific, 1, isConstructed: true));
        choice.End();
        // What is no relative name is malformed at once, and not when it is compared.
        _ = X501Name.Empty.Below(relative);
        return ([], relative);
    }

    private static DistributionPoint Read(DerReader fields)
    {
        IReadOnlyList<GeneralName> names = [];
        ReadOnlyMemory<byte>? relativeName = null;
        if (fields.NextIsContext(0))
            (names, relativeName) = ReadName(fields.ReadContext(0));
        uint? reasons = fields.NextIsContext(1) ? fields.ReadContextNamedBits(1) : null;
        IReadOnlyList<GeneralName> issuers = fields.NextIsContext(2) ? GeneralName.ReadList(fields.ReadContext(2)) : [];
        fields.End();
        // RFC 5280 §4.2.1.13: "a DistributionPoint MUST NOT consist of only the reasons field".
        if (names.Count == 0 && relativeName == null && issuers.Count == 0)
            throw new AsnContentException();
        return new DistributionPoint(names, relativeName, reasons, issuers);
    }
}
