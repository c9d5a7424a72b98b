using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;

namespace LucidTls.Cryptography;

/// <summary>
/// Verifies signatures of ML-DSA (FIPS 204) inside certificates (RFC 9881), by BouncyCastle: the platform has it with the newest OpenSSL
/// only. Handshakes are not signed with it here.
/// </summary>
internal sealed class MlDsaVerificationKey : VerificationKey
{
    private readonly MLDsaPublicKeyParameters _key;
    private readonly SignatureScheme _scheme;

    private MlDsaVerificationKey(MLDsaPublicKeyParameters key, SignatureScheme scheme, string description)
    {
        _key = key;
        _scheme = scheme;
        Description = description;
    }

    public override ReadOnlySpan<SignatureScheme> HandshakeSchemes => [];
    public override string Description { get; }
    public override int KeyBits => _key.GetEncoded().Length * 8;

    /// <exception cref="CryptographicException">The key is malformed.</exception>
    public static MlDsaVerificationKey Import(SubjectPublicKeyInfo info)
    {
        // RFC 9881 §4: "the parameters component MUST be absent".
        if (!info.Parameters.IsEmpty)
            throw new CryptographicException("An ML-DSA key must not have parameters (RFC 9881 §4).");
        var (set, scheme, description) = info.Algorithm switch
        {
            KeyOids.MlDsa44 => (MLDsaParameters.ml_dsa_44, SignatureScheme.MlDsa44, "ML-DSA-44"),
            KeyOids.MlDsa65 => (MLDsaParameters.ml_dsa_65, SignatureScheme.MlDsa65, "ML-DSA-65"),
            _ => (MLDsaParameters.ml_dsa_87, SignatureScheme.MlDsa87, "ML-DSA-87"),
        };
        try
        {
            return new MlDsaVerificationKey(MLDsaPublicKeyParameters.FromEncoding(set, info.Key.ToArray()), scheme, description);
        }
        catch (ArgumentException exception)
        {
            throw new CryptographicException($"The {description} key is malformed.", exception);
        }
    }

    public override bool Verify(SignatureScheme scheme, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        if (scheme != _scheme)
            return false;
        // RFC 9881 §3: with the empty context.
        var verifier = new MLDsaSigner(_key.Parameters, deterministic: true);
        verifier.Init(forSigning: false, _key);
        verifier.BlockUpdate(data);
        return verifier.VerifySignature(signature.ToArray());
    }
}
