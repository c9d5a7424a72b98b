using System.Formats.Asn1;
using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>A private key that signs handshakes. Several threads may sign with one key at once.</summary>
internal abstract class SigningKey : IDisposable
{
    /// <summary>The schemes that TLS 1.3 allows this key (RFC 8446 §4.2.3), most wanted first.</summary>
    public abstract ReadOnlySpan<SignatureScheme> Schemes { get; }

    /// <summary>The schemes that TLS 1.2 allows this key, most wanted first.</summary>
    public virtual ReadOnlySpan<SignatureScheme> Tls12Schemes => Schemes;

    /// <summary>Signs: DER for ECDSA, the raw bytes otherwise.</summary>
    /// <exception cref="ArgumentException">The scheme is not one of <see cref="Tls12Schemes"/>, those of TLS 1.3 among them.</exception>
    public abstract byte[] Sign(SignatureScheme scheme, ReadOnlySpan<byte> data);

    public abstract void Dispose();

    /// <summary>Over a key object, which stays the caller's: disposing of the result leaves it alone.</summary>
    /// <param name="key">An <see cref="ECDsa"/> on P-256, P-384 or P-521, or an <see cref="RSA"/>.</param>
    /// <param name="isRsaPssKey">Whether the certificate's key algorithm is RSASSA-PSS; an <see cref="RSA"/> object does not know.</param>
    /// <exception cref="CryptographicException">The key is of another kind.</exception>
    public static SigningKey FromKey(AsymmetricAlgorithm key, bool isRsaPssKey = false) => key switch
    {
        ECDsa ecdsa => new EcdsaSigningKey(ecdsa, ownsKey: false),
        RSA rsa => new RsaSigningKey(rsa, isRsaPssKey, onlyHash: null, ownsKey: false),
        _ => throw new CryptographicException($"A {key.GetType().Name} cannot sign TLS handshakes: ECDSA, RSA and Ed25519 keys can."),
    };

    /// <summary>From an unencrypted PrivateKeyInfo in DER (PKCS#8, RFC 5958): EC, RSA, RSASSA-PSS or Ed25519.</summary>
    /// <exception cref="CryptographicException">The key is malformed or of another kind; the message says which.</exception>
    public static SigningKey FromPkcs8(ReadOnlySpan<byte> privateKeyInfo)
    {
        try
        {
            return Import(privateKeyInfo);
        }
        catch (AsnContentException e)
        {
            throw new CryptographicException("The private key is not a PrivateKeyInfo in DER (RFC 5958).", e);
        }
    }

    private static SigningKey Import(ReadOnlySpan<byte> privateKeyInfo)
    {
        var der = privateKeyInfo;
        var content = DerElement.Sequence(ref der);
        // Version 0, or 1 when the public key follows; what follows the private key is not needed.
        if (!der.IsEmpty || !AsnDecoder.TryReadInt32(content, AsnEncodingRules.DER, out var version, out var consumed) || version is not (0 or 1))
            throw new CryptographicException("The private key is not a PrivateKeyInfo in DER (RFC 5958).");
        content = content[consumed..];
        var algorithm = DerElement.Sequence(ref content);
        var oid = AsnDecoder.ReadObjectIdentifier(algorithm, AsnEncodingRules.DER, out consumed);
        var parameters = algorithm[consumed..];
        var privateKey = DerElement.OctetString(ref content);
        switch (oid)
        {
            case KeyOids.EcPublicKey:
                return EcdsaSigningKey.Import(privateKeyInfo);
            case KeyOids.RsaEncryption:
                return RsaSigningKey.Import(privateKey, isPssKey: false, onlyHash: null);
            case KeyOids.RsaSsaPss:
                return RsaSigningKey.Import(privateKey, isPssKey: true, parameters.IsEmpty ? null : RsaPssParameters.Parse(parameters).Hash);
            case KeyOids.Ed25519:
                var seed = DerElement.OctetString(ref privateKey);
                if (!privateKey.IsEmpty)
                    throw new CryptographicException("The Ed25519 private key has trailing bytes.");
                return new Ed25519SigningKey(seed);
            default:
                throw new CryptographicException($"Private keys of the algorithm {oid} are not supported.");
        }
    }
}
