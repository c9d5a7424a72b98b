using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace LucidTls.TestSupport;

/// <summary>One extension as it goes into a certificate.</summary>
public sealed record RawExtension(string Oid, bool IsCritical, byte[] Value);

/// <summary>
/// A certificate written field by field (RFC 5280 §4.1), so that any of them can be as no authority would make it. Signed with ECDSA on P-256.
/// </summary>
public sealed record CertificateBuilder
{
    public const string Sha256WithEcdsa = "1.2.840.10045.4.3.2";
    public const string Sha1WithEcdsa = "1.2.840.10045.4.1";

    /// <summary>1, 2 or 3.</summary>
    public int Version { get; init; } = 3;

    /// <summary>The content of the INTEGER.</summary>
    public byte[] Serial { get; init; } = RandomSerial();
    public X500DistinguishedName Issuer { get; init; } = new("CN=Root");
    public X500DistinguishedName Subject { get; init; } = new("");
    public required DateTimeOffset NotBefore { get; init; }
    public required DateTimeOffset NotAfter { get; init; }

    /// <summary>Whether dates are written as GeneralizedTime, whatever the year.</summary>
    public bool HasLongTimes { get; init; }
    public required byte[] SubjectPublicKeyInfo { get; init; }
    public bool HasUniqueIdentifiers { get; init; }
    public IReadOnlyList<RawExtension> Extensions { get; init; } = [];

    /// <summary>The signature's algorithm, inside and outside.</summary>
    public string Algorithm { get; init; } = Sha256WithEcdsa;

    /// <summary>The algorithm that the signed part names when it is another.</summary>
    public string? AlgorithmInside { get; init; }
    public bool IsSignatureBroken { get; init; }

    /// <summary>With an extension more, or in place of the one of the same kind.</summary>
    public CertificateBuilder With(RawExtension extension) => this with { Extensions = [.. Extensions.Where(other => other.Oid != extension.Oid), extension] };

    public CertificateBuilder Without(string oid) => this with { Extensions = [.. Extensions.Where(other => other.Oid != oid)] };

    public byte[] Sign(ECDsa key)
    {
        var signed = WriteSigned();
        var signature = key.SignData(signed, Algorithm == Sha1WithEcdsa ? HashAlgorithmName.SHA1 : HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        if (IsSignatureBroken)
            signature[^1] ^= 1;
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEncodedValue(signed);
            WriteAlgorithm(writer, Algorithm);
            writer.WriteBitString(signature);
        }
        return writer.Encode();
    }

    public static byte[] RandomSerial()
    {
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)(serial[0] & 0x3F | 0x40);
        return serial;
    }

    private byte[] WriteSigned()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            if (Version != 1)
            {
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                    writer.WriteInteger(Version - 1);
            }
            writer.WriteInteger(Serial);
            WriteAlgorithm(writer, AlgorithmInside ?? Algorithm);
            writer.WriteEncodedValue(Issuer.RawData);
            using (writer.PushSequence())
            {
                WriteTime(writer, NotBefore);
                WriteTime(writer, NotAfter);
            }
            writer.WriteEncodedValue(Subject.RawData);
            writer.WriteEncodedValue(SubjectPublicKeyInfo);
            if (HasUniqueIdentifiers)
                writer.WriteBitString([1, 2, 3], 0, new Asn1Tag(TagClass.ContextSpecific, 1));
            if (Extensions.Count > 0)
                WriteExtensions(writer);
        }
        return writer.Encode();
    }

    private void WriteExtensions(AsnWriter writer)
    {
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 3)))
        using (writer.PushSequence())
        {
            foreach (var extension in Extensions)
            {
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier(extension.Oid);
                    if (extension.IsCritical)
                        writer.WriteBoolean(true);
                    writer.WriteOctetString(extension.Value);
                }
            }
        }
    }

    private void WriteTime(AsnWriter writer, DateTimeOffset time)
    {
        if (HasLongTimes || time.Year >= 2050)
            writer.WriteGeneralizedTime(time, omitFractionalSeconds: true);
        else
            writer.WriteUtcTime(time);
    }

    private static void WriteAlgorithm(AsnWriter writer, string oid)
    {
        using (writer.PushSequence())
            writer.WriteObjectIdentifier(oid);
    }
}
