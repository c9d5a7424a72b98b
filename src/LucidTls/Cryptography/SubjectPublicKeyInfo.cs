using System.Formats.Asn1;
using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>A SubjectPublicKeyInfo taken apart (RFC 5280 §4.1.2.7). The spans lie in the input.</summary>
internal readonly ref struct SubjectPublicKeyInfo
{
    private SubjectPublicKeyInfo(string algorithm, ReadOnlySpan<byte> parameters, ReadOnlySpan<byte> key)
    {
        Algorithm = algorithm;
        Parameters = parameters;
        Key = key;
    }

    /// <summary>The algorithm's object identifier, dotted.</summary>
    public string Algorithm { get; }

    /// <summary>The algorithm's parameters in DER, empty when absent.</summary>
    public ReadOnlySpan<byte> Parameters { get; }

    /// <summary>The content of subjectPublicKey.</summary>
    public ReadOnlySpan<byte> Key { get; }

    /// <exception cref="CryptographicException">It is not exactly one SubjectPublicKeyInfo in DER.</exception>
    public static SubjectPublicKeyInfo Parse(ReadOnlySpan<byte> der)
    {
        try
        {
            var content = DerElement.Sequence(ref der);
            var algorithm = DerElement.Sequence(ref content);
            var oid = AsnDecoder.ReadObjectIdentifier(algorithm, AsnEncodingRules.DER, out var consumed);
            var parameters = algorithm[consumed..];
            if (!AsnDecoder.TryReadPrimitiveBitString(content, AsnEncodingRules.DER, out var unusedBits, out var key, out consumed) || unusedBits != 0)
                throw new CryptographicException("The public key is not a BIT STRING of whole bytes.");
            if (!der.IsEmpty || consumed != content.Length)
                throw new CryptographicException("The SubjectPublicKeyInfo has trailing bytes.");
            return new SubjectPublicKeyInfo(oid, parameters, key);
        }
        catch (AsnContentException e)
        {
            throw new CryptographicException("The SubjectPublicKeyInfo is not valid DER.", e);
        }
    }
}
