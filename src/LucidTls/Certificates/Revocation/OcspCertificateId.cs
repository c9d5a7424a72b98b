using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Security.Cryptography;
using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates.Revocation;

/// <summary>How OCSP names a certificate (RFC 6960 §4.1.1): its issuer's name and key as hashes, and its serial number.</summary>
internal sealed class OcspCertificateId
{
    private readonly HashAlgorithmName? _hash;
    private readonly ReadOnlyMemory<byte> _nameHash;
    private readonly ReadOnlyMemory<byte> _keyHash;
    private readonly ReadOnlyMemory<byte> _serial;

    public OcspCertificateId(DerReader fields)
    {
        var algorithm = fields.ReadSequence();
        _hash = HashOf(algorithm.ReadOid().Span);
        if (!algorithm.IsEmpty)
            algorithm.ReadNull();
        algorithm.End();
        _nameHash = fields.ReadOctetString();
        _keyHash = fields.ReadOctetString();
        _serial = fields.ReadIntegerBytes();
        fields.End();
    }

    /// <summary>Whether it is the id of that certificate, issued by that authority.</summary>
    public bool Names(Certificate certificate, Certificate issuer) =>
        _serial.Span.SequenceEqual(certificate.Serial.Span)
        && _hash is { } hash
        && _nameHash.Span.SequenceEqual(CryptographicOperations.HashData(hash, certificate.Issuer.Encoded.Span))
        && _keyHash.Span.SequenceEqual(CryptographicOperations.HashData(hash, KeyBits(issuer).Span));

    public static void Write(AsnWriter writer, Certificate certificate, Certificate issuer, bool useSha256)
    {
        var hash = useSha256 ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1;
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(useSha256 ? "2.16.840.1.101.3.4.2.1" : "1.3.14.3.2.26");
                writer.WriteNull();
            }
            writer.WriteOctetString(CryptographicOperations.HashData(hash, certificate.Issuer.Encoded.Span));
            writer.WriteOctetString(CryptographicOperations.HashData(hash, KeyBits(issuer).Span));
            writer.WriteInteger(certificate.Serial.Span);
        }
    }

    /// <summary>RFC 6960 §4.2.1: the hash of a responder's key, which is SHA-1 and names but protects nothing.</summary>
    [SuppressMessage("Security", "CA5350:Do not use weak cryptographic algorithms", Justification = "The protocol's own name for a key; what counts is the signature.")]
    public static byte[] KeyHashOf(Certificate certificate) => SHA1.HashData(KeyBits(certificate).Span);

    // "the value (excluding tag and length) of the subject public key field", and without the count of unused bits.
    private static ReadOnlyMemory<byte> KeyBits(Certificate certificate)
    {
        var info = new DerReader(certificate.SubjectPublicKeyInfo).ReadSequence();
        info.ReadEncoded();
        return info.ReadBitString(out _);
    }

    private static HashAlgorithmName? HashOf(ReadOnlySpan<byte> oid) =>
        oid.SequenceEqual(Oids.Sha1) ? HashAlgorithmName.SHA1
        : oid.SequenceEqual(Oids.Sha256) ? HashAlgorithmName.SHA256
        : oid.SequenceEqual<byte>([0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2]) ? HashAlgorithmName.SHA384
        : oid.SequenceEqual<byte>([0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3]) ? HashAlgorithmName.SHA512
        : null;
}
