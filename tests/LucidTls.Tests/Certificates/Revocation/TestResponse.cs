using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Certificates.Revocation;
using LucidTls.TestSupport;

namespace LucidTls.Tests.Certificates.Revocation;

/// <summary>An OCSP response to be made: right in everything unless a test says otherwise.</summary>
internal sealed record TestResponse(TestAuthority Issuer, X509Certificate2 About)
{
    public int Status { get; init; }
    public CertificateStatusKind Kind { get; init; } = CertificateStatusKind.Good;
    public RevocationReason? Reason { get; init; }
    public HashAlgorithmName Hash { get; init; } = HashAlgorithmName.SHA1;
    public DateTimeOffset ProducedAt { get; init; } = TestAuthority.Now.AddHours(-1);
    public DateTimeOffset ThisUpdate { get; init; } = TestAuthority.Now.AddHours(-1);
    public DateTimeOffset? NextUpdate { get; init; } = TestAuthority.Now.AddDays(3);
    public X509Extension? Extension { get; init; }
    public X509Extension? SingleExtension { get; init; }
    public byte[]? Nonce { get; init; }
    public bool HasEmptyExtensions { get; init; }

    /// <summary>Who signs, when that is not the issuer.</summary>
    public ECDsa? Signer { get; init; }

    /// <summary>The certificate of a delegated responder.</summary>
    public X509Certificate2? Responder { get; init; }
    public bool IsNamedByKey { get; init; }

    public byte[] Encode()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEncodedValue([0x0A, 1, (byte)Status]);
            if (Status == 0)
            {
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier("1.3.6.1.5.5.7.48.1.1");
                    writer.WriteOctetString(Basic());
                }
            }
        }
        return writer.Encode();
    }

    private byte[] Basic()
    {
        var signed = Data();
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEncodedValue(signed);
            using (writer.PushSequence())
                writer.WriteObjectIdentifier("1.2.840.10045.4.3.2");
            writer.WriteBitString((Signer ?? Issuer.Key).SignData(signed, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
            if (Responder != null)
            {
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                using (writer.PushSequence())
                    writer.WriteEncodedValue(Responder.RawData);
            }
        }
        return writer.Encode();
    }

    private byte[] Data()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            if (IsNamedByKey)
            {
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 2)))
                    writer.WriteOctetString(CryptographicOperations.HashData(HashAlgorithmName.SHA1, (Responder?.PublicKey ?? Issuer.Certificate.PublicKey).EncodedKeyValue.RawData));
            }
            else
            {
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 1)))
                    writer.WriteEncodedValue((Responder?.SubjectName ?? Issuer.Name).RawData);
            }
            writer.WriteGeneralizedTime(ProducedAt, omitFractionalSeconds: true);
            using (writer.PushSequence())
                Single(writer);
            X509Extension[] extensions = [.. Extension == null ? Array.Empty<X509Extension>() : [Extension], .. Nonce == null ? Array.Empty<X509Extension>() : [NonceOf(Nonce)]];
            if (extensions.Length > 0 || HasEmptyExtensions)
            {
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 1)))
                    TestList.Write(writer, extensions);
            }
        }
        return writer.Encode();
    }

    private void Single(AsnWriter writer)
    {
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                using (writer.PushSequence())
                    writer.WriteObjectIdentifier(Hash == HashAlgorithmName.SHA1 ? "1.3.14.3.2.26" : "2.16.840.1.101.3.4.2.1");
                writer.WriteOctetString(CryptographicOperations.HashData(Hash, Issuer.Name.RawData));
                writer.WriteOctetString(CryptographicOperations.HashData(Hash, Issuer.KeyBits));
                writer.WriteInteger(About.SerialNumberBytes.Span);
            }
            if (Kind == CertificateStatusKind.Revoked)
                Revocation(writer);
            else
                writer.WriteNull(new Asn1Tag(TagClass.ContextSpecific, Kind == CertificateStatusKind.Good ? 0 : 2));
            writer.WriteGeneralizedTime(ThisUpdate, omitFractionalSeconds: true);
            if (NextUpdate is { } next)
            {
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                    writer.WriteGeneralizedTime(next, omitFractionalSeconds: true);
            }
            if (SingleExtension != null)
            {
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 1)))
                    TestList.Write(writer, [SingleExtension]);
            }
        }
    }

    private void Revocation(AsnWriter writer)
    {
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 1)))
        {
            writer.WriteGeneralizedTime(TestAuthority.Now.AddDays(-2), omitFractionalSeconds: true);
            if (Reason is { } reason)
            {
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                    writer.WriteEncodedValue([0x0A, 1, (byte)reason]);
            }
        }
    }

    private static X509Extension NonceOf(byte[] nonce) => new("1.3.6.1.5.5.7.48.1.2", [4, (byte)nonce.Length, .. nonce], false);
}
