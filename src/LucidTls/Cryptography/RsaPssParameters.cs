using System.Formats.Asn1;
using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>RSASSA-PSS-params (RFC 4055 §3.1), as far as TLS 1.3 and the web's PKI use them: MGF1 with the same hash, trailer 1, no SHA-1.</summary>
internal readonly record struct RsaPssParameters(HashAlgorithmName Hash, int SaltLength)
{
    private const int DefaultSaltLength = 20;

    /// <summary>Bytes of <see cref="Hash"/>, which is what TLS demands of the salt (RFC 8446 §4.2.3).</summary>
    public int HashLength => Hash == HashAlgorithmName.SHA256 ? 32 : Hash == HashAlgorithmName.SHA384 ? 48 : 64;

    /// <summary>Reads the parameters, which must be there.</summary>
    /// <exception cref="CryptographicException">They are malformed or of a kind that is not supported.</exception>
    public static RsaPssParameters Parse(ReadOnlySpan<byte> der)
    {
        try
        {
            var content = DerElement.Sequence(ref der);
            // A hash left out stands for SHA-1 (RFC 4055 §3.1), which is not supported.
            if (!DerElement.TryTagged(0, ref content, out var hashAlgorithm) || !DerElement.TryTagged(1, ref content, out var maskAlgorithm))
                throw new CryptographicException("The RSASSA-PSS parameters ask for SHA-1, which is not supported.");
            var hash = ReadHash(hashAlgorithm);

            var mask = DerElement.Sequence(ref maskAlgorithm);
            var maskOid = AsnDecoder.ReadObjectIdentifier(mask, AsnEncodingRules.DER, out var consumed);
            if (maskOid != KeyOids.Mgf1 || ReadHash(mask[consumed..]) != hash)
                throw new CryptographicException("The RSASSA-PSS parameters do not use MGF1 with the message's hash.");

            var saltLength = ReadInteger(2, ref content, DefaultSaltLength);
            if (ReadInteger(3, ref content, 1) != 1)
                throw new CryptographicException("The RSASSA-PSS parameters have an unknown trailer field.");
            if (!content.IsEmpty || !der.IsEmpty || !maskAlgorithm.IsEmpty)
                throw new CryptographicException("The RSASSA-PSS parameters have trailing bytes.");
            return new RsaPssParameters(hash, saltLength);
        }
        catch (AsnContentException e)
        {
            throw new CryptographicException("The RSASSA-PSS parameters are not valid DER.", e);
        }
    }

    private static HashAlgorithmName ReadHash(ReadOnlySpan<byte> der)
    {
        var algorithm = DerElement.Sequence(ref der);
        var oid = AsnDecoder.ReadObjectIdentifier(algorithm, AsnEncodingRules.DER, out var consumed);
        var parameters = algorithm[consumed..];
        // RFC 4055 §2.1: absent and NULL must both be accepted.
        if (!der.IsEmpty || !(parameters.IsEmpty || parameters.SequenceEqual<byte>([5, 0])))
            throw new CryptographicException("A hash algorithm in the RSASSA-PSS parameters is malformed.");
        return oid switch
        {
            KeyOids.Sha256 => HashAlgorithmName.SHA256,
            KeyOids.Sha384 => HashAlgorithmName.SHA384,
            KeyOids.Sha512 => HashAlgorithmName.SHA512,
            _ => throw new CryptographicException($"The hash {oid} in the RSASSA-PSS parameters is not supported."),
        };
    }

    private static int ReadInteger(int tag, ref ReadOnlySpan<byte> der, int defaultValue)
    {
        if (!DerElement.TryTagged(tag, ref der, out var content))
            return defaultValue;
        if (!AsnDecoder.TryReadInt32(content, AsnEncodingRules.DER, out var value, out var consumed) || consumed != content.Length || value < 0)
            throw new CryptographicException("A number in the RSASSA-PSS parameters is out of range.");
        return value;
    }
}
