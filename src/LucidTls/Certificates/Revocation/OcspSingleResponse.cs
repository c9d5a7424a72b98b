using System.Formats.Asn1;
using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates.Revocation;

/// <summary>What a response says of one certificate (RFC 6960 §4.2.1).</summary>
internal sealed class OcspSingleResponse
{
    public OcspSingleResponse(DerReader fields)
    {
        Id = new OcspCertificateId(fields.ReadSequence());
        if (fields.NextIsContext(1))
        {
            Kind = CertificateStatusKind.Revoked;
            ReadRevocation(fields.ReadContext(1));
        }
        else
        {
            Kind = fields.NextIsContext(0) ? CertificateStatusKind.Good : CertificateStatusKind.Unknown;
            if (!fields.ReadContextPrimitive(Kind == CertificateStatusKind.Good ? 0 : 2).IsEmpty)
                throw new AsnContentException();
        }
        ThisUpdate = fields.ReadGeneralizedTime();
        if (fields.NextIsContext(0))
        {
            var next = fields.ReadContext(0);
            NextUpdate = next.ReadGeneralizedTime();
            next.End();
            // RFC 6960 §4.2.2.1 has them as an interval.
            if (NextUpdate < ThisUpdate)
                throw new AsnContentException();
        }
        if (fields.NextIsContext(1))
            (Timestamps, UnknownCritical) = CertificateExtension.ReadList(fields.ReadContext(1), Oids.OcspTimestamps);
        fields.End();
    }

    public OcspCertificateId Id { get; }
    public CertificateStatusKind Kind { get; }
    public DateTimeOffset ThisUpdate { get; }
    public DateTimeOffset? NextUpdate { get; }
    public DateTimeOffset RevokedAt { get; private set; }
    public RevocationReason Reason { get; private set; }

    /// <summary>The SignedCertificateTimestampList (RFC 6962 §3.3), or null.</summary>
    public ReadOnlyMemory<byte>? Timestamps { get; }

    /// <summary>A critical extension that is not understood, or null.</summary>
    public string? UnknownCritical { get; }

    private void ReadRevocation(DerReader fields)
    {
        RevokedAt = fields.ReadGeneralizedTime();
        if (fields.NextIsContext(0))
        {
            var explicitly = fields.ReadContext(0);
            Reason = (RevocationReason)explicitly.ReadEnumerated();
            explicitly.End();
            if (!Enum.IsDefined(Reason))
                throw new AsnContentException();
        }
        fields.End();
    }
}
