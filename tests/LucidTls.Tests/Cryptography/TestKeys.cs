using System.Formats.Asn1;
using System.Security.Cryptography;

namespace LucidTls.Tests.Cryptography;

/// <summary>Key structures in DER that .NET does not write: RSASSA-PSS keys, and any algorithm identifier around any key.</summary>
internal static class TestKeys
{
    public const string RsaSsaPss = "1.2.840.113549.1.1.10";

    /// <summary>A SubjectPublicKeyInfo of that algorithm and key.</summary>
    public static byte[] PublicKeyInfo(string algorithm, ReadOnlySpan<byte> parameters, ReadOnlySpan<byte> key)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            WriteAlgorithm(writer, algorithm, parameters);
            writer.WriteBitString(key);
        }
        return writer.Encode();
    }

    /// <summary>A PKCS#8 PrivateKeyInfo of that algorithm and key.</summary>
    public static byte[] PrivateKeyInfo(string algorithm, ReadOnlySpan<byte> parameters, ReadOnlySpan<byte> key)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(0);
            WriteAlgorithm(writer, algorithm, parameters);
            writer.WriteOctetString(key);
        }
        return writer.Encode();
    }

    /// <summary>RSASSA-PSS-params with MGF1 over <paramref name="maskHash"/>.</summary>
    public static byte[] PssParameters(string hash, string maskHash, int saltLength)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                WriteAlgorithm(writer, hash, [5, 0]);
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 1)))
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("1.2.840.113549.1.1.8");
                WriteAlgorithm(writer, maskHash, [5, 0]);
            }
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 2)))
                writer.WriteInteger(saltLength);
        }
        return writer.Encode();
    }

    public static string HashOid(string name) => CryptoConfig.MapNameToOID(name)!;

    private static void WriteAlgorithm(AsnWriter writer, string algorithm, ReadOnlySpan<byte> parameters)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(algorithm);
            if (!parameters.IsEmpty)
                writer.WriteEncodedValue(parameters);
        }
    }
}
