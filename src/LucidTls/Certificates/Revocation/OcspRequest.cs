using System.Formats.Asn1;
using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates.Revocation;

/// <summary>Writes the question to a responder (RFC 6960 §4.1), about one certificate and not signed.</summary>
internal static class OcspRequest
{
    private const string NonceOid = "1.3.6.1.5.5.7.48.1.2";

    /// <param name="certificate">The certificate asked about.</param>
    /// <param name="issuer">Its issuer.</param>
    /// <param name="useSha256">Whether its id is made with SHA-256; with SHA-1, which all responders know, otherwise.</param>
    /// <param name="nonce">What the response shall repeat; empty for nothing.</param>
    public static byte[] Write(Certificate certificate, Certificate issuer, bool useSha256, ReadOnlySpan<byte> nonce)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            using (writer.PushSequence())
                OcspCertificateId.Write(writer, certificate, issuer, useSha256);
            if (!nonce.IsEmpty)
                WriteNonce(writer, nonce);
        }
        return writer.Encode();
    }

    // RFC 9654 §2.1: an OCTET STRING inside the extension's OCTET STRING.
    private static void WriteNonce(AsnWriter writer, ReadOnlySpan<byte> nonce)
    {
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 2)))
        using (writer.PushSequence())
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(NonceOid);
            using (writer.PushOctetString())
                writer.WriteOctetString(nonce);
        }
    }
}
