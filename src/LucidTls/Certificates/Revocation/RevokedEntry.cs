using System.Formats.Asn1;
using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates.Revocation;

/// <summary>One line of a revocation list (RFC 5280 §5.1.2.6).</summary>
/// <param name="Serial">The certificate's serial number.</param>
/// <param name="RevokedAt">When it was revoked.</param>
/// <param name="Reason">Why.</param>
/// <param name="Issuer">The certificate's issuer, where the entry names it (RFC 5280 §5.3.3); null for the one before's.</param>
internal readonly record struct RevokedEntry(ReadOnlyMemory<byte> Serial, DateTimeOffset RevokedAt, RevocationReason Reason, X501Name? Issuer)
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
        X501Name? issuer = null;
        if (!fields.IsEmpty)
        {
            var extensions = fields.ReadSequence();
            if (extensions.IsEmpty)
                throw new AsnContentException();
            while (!extensions.IsEmpty)
                ReadExtension(CertificateExtension.Read(ref extensions), ref reason, ref issuer, ref unusable);
        }
        fields.End();
        return new RevokedEntry(serial, revokedAt, reason, issuer);
    }

    // RFC 5280 §5.3
    private static void ReadExtension(CertificateExtension extension, ref RevocationReason reason, ref X501Name? issuer, ref string? unusable)
    {
        if (extension.Oid.Span.SequenceEqual(Oids.ReasonCode))
        {
            reason = ReadReason(extension.Value);
        }
        else if (extension.Oid.Span.SequenceEqual(Oids.CertificateIssuer))
        {
            issuer = ReadIssuer(extension.Value);
        }
        else if (extension.IsCritical)
        {
            unusable ??= $"has an entry with the critical extension {Oids.ToText(extension.Oid.Span)}, which is not understood";
        }
    }

    // RFC 5280 §5.3.3: among the names must be the distinguished one.
    private static X501Name ReadIssuer(ReadOnlyMemory<byte> value)
    {
        var reader = new DerReader(value);
        var names = GeneralName.ReadList(reader.ReadSequence());
        reader.End();
        return names.FirstOrDefault(name => name.Kind == GeneralName.DirectoryName) is { Value.IsEmpty: false } name ? new X501Name(name.Value) : throw new AsnContentException();
    }

    private static RevocationReason ReadReason(ReadOnlyMemory<byte> value)
    {
        var reader = new DerReader(value);
        var reason = (RevocationReason)reader.ReadEnumerated();
        reader.End();
        return Enum.IsDefined(reason) ? reason : throw new AsnContentException();
    }
}
