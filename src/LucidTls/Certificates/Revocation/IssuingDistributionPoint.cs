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

    /// <summary>The reasons for which the list speaks of that certificate (RFC 5280 §6.3.3 (b)(2) and (d)); none when it does not.</summary>
    public uint ReasonsFor(Certificate certificate)
    {
        if (OnlyAttributes || (OnlyUsers && certificate.Facts.IsAuthority) || (OnlyAuthorities && !certificate.Facts.IsAuthority))
            return 0;
        if (Names.Count == 0 && RelativeName == null)
            return Reasons;
        var reasons = 0u;
        foreach (var point in certificate.Facts.CrlDistributionPoints)
        {
            if (Matches(point, certificate.Issuer))
                reasons |= point.Reasons ?? AllReasons;
        }
        // RFC 5280 §6.3.3: without a point in the certificate, one with the issuer's name is assumed.
        if (HasName(new GeneralName(GeneralName.DirectoryName, certificate.Issuer.Encoded)))
            reasons = AllReasons;
        return reasons & Reasons;
    }

    private bool Matches(DistributionPoint point, X501Name issuer)
    {
        // A point whose list somebody else signs is not one of this issuer's.
        if (point.CrlIssuers.Count > 0 && !point.CrlIssuers.Any(name => name.Kind == GeneralName.DirectoryName && new X501Name(name.Value).Equals(issuer)))
            return false;
        if (point.RelativeName is { } relative)
            return RelativeName is { } own && own.Span.SequenceEqual(relative.Span);
        return (point.Names.Count > 0 ? point.Names : point.CrlIssuers).Any(HasName);
    }

    private bool HasName(GeneralName wanted)
    {
        foreach (var name in Names)
        {
            if (name.Kind == wanted.Kind && (name.Value.Span.SequenceEqual(wanted.Value.Span) || (name.Kind == GeneralName.DirectoryName && new X501Name(name.Value).Equals(new X501Name(wanted.Value)))))
                return true;
        }
        return false;
    }
}
