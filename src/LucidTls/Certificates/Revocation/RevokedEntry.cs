using System.Formats.Asn1;
using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates.Revocation;

/// <summary>One line of a revocation list (RFC 5280 §5.1.2.6).</summary>
internal readonly record struct RevokedEntry(ReadOnlyMemory<byte> Serial, DateTimeOffset RevokedAt, RevocationReason Reason)
{
    /// <param name="list">What is left of revokedCertificates.</param>
    /// <param name="unusable">Why the list must not be used because of this entry; left alone when there is nothing.</param>
    /// <exception cref="AsnContentException">The entry is malformed.</exception>
    public static RevokedEntry Read(ref DerReader list, ref string? unusable)
    {
        var fields = list.ReadSequence();
        var serial = fields.ReadIntegerBytes();
        var revokedAt = fields.ReadTime(out _);
        var reason = RevocationReason.Unspecified;
        if (!fields.IsEmpty)
        {
            var extensions = fields.ReadSequence();
            if (extensions.IsEmpty)
                throw new AsnContentException();
            while (!extensions.IsEmpty)
                ReadExtension(CertificateExtension.Read(ref extensions), ref reason, ref unusable);
        }
        fields.End();
        return new RevokedEntry(serial, revokedAt, reason);
    }

    // RFC 5280 §5.3
    private static void ReadExtension(CertificateExtension extension, ref RevocationReason reason, ref string? unusable)
    {
        if (extension.Oid.Span.SequenceEqual(Oids.ReasonCode))
        {
            reason = ReadReason(extension.Value);
        }
        else if (extension.Oid.Span.SequenceEqual(Oids.CertificateIssuer))
        {
            unusable ??= "lists certificates of other issuers, which is not supported";
        }
        else if (extension.IsCritical)
        {
            unusable ??= $"has an entry with the critical extension {Oids.ToText(extension.Oid.Span)}, which is not understood";
        }
    }

    private static RevocationReason ReadReason(ReadOnlyMemory<byte> value)
    {
        var reader = new DerReader(value);
        var reason = (RevocationReason)reader.ReadEnumerated();
        reader.End();
        return Enum.IsDefined(reason) ? reason : throw new AsnContentException();
    }
}
