using System.Formats.Asn1;
using System.Security.Cryptography;
using LucidTls.Certificates.Parsing;
using LucidTls.Protocol;

namespace LucidTls.Certificates.Transparency;

/// <summary>What a log signs: the certificate itself, or the precertificate from which it was made (RFC 6962 §3.2).</summary>
internal static class LoggedEntry
{
    private const ushort X509Entry = 0;
    private const ushort PrecertificateEntry = 1;

    /// <summary>The digitally-signed struct for a timestamp that came beside the certificate.</summary>
    public static byte[] OfCertificate(SignedCertificateTimestamp timestamp, Certificate leaf) =>
        Signed(timestamp, X509Entry, default, leaf.Der.Span);

    /// <summary>The digitally-signed struct for a timestamp that stands inside the certificate.</summary>
    /// <param name="timestamp">The timestamp.</param>
    /// <param name="precertificate">See <see cref="PrecertificateOf"/>.</param>
    /// <param name="issuer">The certificate's issuer: its key's hash keeps one precertificate from standing for two authorities.</param>
    public static byte[] OfPrecertificate(SignedCertificateTimestamp timestamp, ReadOnlySpan<byte> precertificate, Certificate issuer) =>
        Signed(timestamp, PrecertificateEntry, SHA256.HashData(issuer.SubjectPublicKeyInfo.Span), precertificate);

    /// <summary>
    /// The TBSCertificate that was logged before the certificate was issued: the certificate's own, without the timestamps that were
    /// added then. The precertificate's poison and its signing certificate's name were taken out by the log.
    /// </summary>
    public static byte[] PrecertificateOf(Certificate leaf)
    {
        var fields = new DerReader(leaf.Signed).ReadSequence();
        var writer = new AsnWriter(AsnEncodingRules.DER, leaf.Signed.Length);
        using (writer.PushSequence())
        {
            while (!fields.IsEmpty)
            {
                if (fields.NextIsContext(3))
                    WriteExtensions(writer, fields.ReadContext(3).ReadSequence());
                else
                    writer.WriteEncodedValue(fields.ReadEncoded().Span);
            }
        }
        return writer.Encode();
    }

    private static void WriteExtensions(AsnWriter writer, DerReader extensions)
    {
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 3)))
        using (writer.PushSequence())
        {
            while (!extensions.IsEmpty)
            {
                var extension = extensions.ReadEncoded();
                if (!new DerReader(extension).ReadSequence().ReadOid().Span.SequenceEqual(Oids.CertificateTimestamps))
                    writer.WriteEncodedValue(extension.Span);
            }
        }
    }

    private static byte[] Signed(SignedCertificateTimestamp timestamp, ushort entryType, ReadOnlySpan<byte> issuerKeyHash, ReadOnlySpan<byte> entry)
    {
        using var writer = new TlsWriter();
        writer.WriteUInt8(0); // sct_version: v1
        writer.WriteUInt8(0); // signature_type: certificate_timestamp
        writer.WriteUInt64(timestamp.Milliseconds);
        writer.WriteUInt16(entryType);
        writer.WriteBytes(issuerKeyHash);
        writer.WriteVector24(entry);
        writer.WriteVector16(timestamp.Extensions.Span);
        return writer.Written.ToArray();
    }
}
