using System.Formats.Asn1;
using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates.Revocation;

/// <summary>For which certificates and reasons a revocation list speaks (RFC 5280 §5.2.5).</summary>
internal sealed record IssuingDistributionPoint
{
    /// <summary>All reasons but bit 0, which is unused.</summary>
    public const uint AllReasons = 0x1FE;

    public IReadOnlyList<GeneralName> Names { get; private init; } = [];
    public ReadOnlyMemory<byte>? RelativeName { get; private init; }
    public bool OnlyUsers { get; private init; }
    public bool OnlyAuthorities { get; private init; }
    public bool OnlyAttributes { get; private init; }
    public bool IsIndirect { get; private init; }
    public uint Reasons { get; private init; }

    public static IssuingDistributionPoint Read(ReadOnlyMemory<byte> value)
    {
        var outer = new DerReader(value);
        var fields = outer.ReadSequence();
        outer.End();
        // RFC 5280 §5.2.5: "MUST NOT issue CRLs where the DER encoding of the issuing distribution point extension is an empty sequence".
        if (fields.IsEmpty)
            throw new AsnContentException();
        IReadOnlyList<GeneralName> names = [];
        ReadOnlyMemory<byte>? relativeName = null;
        if (fields.NextIsContext(0))
            (names, relativeName) = DistributionPoint.ReadName(fields.ReadContext(0));
        var point = new IssuingDistributionPoint
        {
            Names = names,
            RelativeName = relativeName,
            OnlyUsers = fields.NextIsContext(1) && fields.ReadContextBoolean(1),
            OnlyAuthorities = fields.NextIsContext(2) && fields.ReadContextBoolean(2),
            Reasons = fields.NextIsContext(3) ? fields.ReadContextNamedBits(3) & AllReasons : AllReasons,
            IsIndirect = fields.NextIsContext(4) && fields.ReadContextBoolean(4),
            OnlyAttributes = fields.NextIsContext(5) && fields.ReadContextBoolean(5),
        };
        fields.End();
        return point;
    }

    /// <summary>Whether the list speaks of certificates of that kind (RFC 5280 §6.3.3 (b)(2)(ii) to (iv)).</summary>
    public bool IsForKindOf(Certificate certificate) => !OnlyAttributes && !(certificate.Facts.IsAuthority ? OnlyUsers : OnlyAuthorities);

    /// <summary>Whether the list is for a point with one of those names (RFC 5280 §6.3.3 (b)(2)(i)).</summary>
    public bool IsAt(IEnumerable<GeneralName> names, X501Name crlIssuer)
    {
        var own = DistributionPoint.NamesOf(Names, RelativeName, crlIssuer);
        return own.Count == 0 || names.Any(name => own.Any(name.Is));
    }
}
