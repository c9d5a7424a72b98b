using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>
/// An imported public key that verifies signatures. Importing costs more than verifying, so keys that come again are kept
/// (<see cref="VerificationKeyCache"/>); therefore a key may be used by several threads at once. It is never disposed, the garbage
/// collector frees it.
/// </summary>
internal abstract class VerificationKey
{
    /// <summary>The schemes that TLS 1.3 allows for a CertificateVerify under this key (RFC 8446 §4.2.3), e.g. only the scheme of its curve for an EC key.</summary>
    public abstract ReadOnlySpan<SignatureScheme> HandshakeSchemes { get; }

    /// <summary>The same for TLS 1.2, in which RSA PKCS#1 is allowed and an ECDSA scheme names the hash alone (RFC 8446 §4.2.3).</summary>
    public virtual ReadOnlySpan<SignatureScheme> Tls12HandshakeSchemes => HandshakeSchemes;

    public ReadOnlySpan<SignatureScheme> HandshakeSchemesOf(TlsVersion version) => version == TlsVersion.Tls13 ? HandshakeSchemes : Tls12HandshakeSchemes;

    /// <summary>"EC P-256", "RSA 2048 bits", "Ed25519": for people.</summary>
    public abstract string Description { get; }

    /// <summary>Bits of an RSA modulus or of a curve's field.</summary>
    public abstract int KeyBits { get; }

    /// <summary>The curve of an EC key as TLS names it, which TLS 1.2 negotiates with the groups (RFC 8422 §5.1); null for other keys.</summary>
    public virtual NamedGroup? Curve => null;

    /// <summary>Whether <paramref name="signature"/> (DER for ECDSA) over <paramref name="data"/> is good; false for a malformed signature or a scheme that the key cannot do.</summary>
    /// <remarks>
    /// Scheme and key are bound together as RFC 8446 §4.2.3 does it: the curve is part of an ECDSA scheme, rsa_pss_rsae needs an
    /// rsaEncryption key and rsa_pss_pss an RSASSA-PSS key. RSA PKCS#1 is done too, for signatures in certificates: a handshake asks
    /// <see cref="HandshakeSchemes"/> first.
    /// </remarks>
    public abstract bool Verify(SignatureScheme scheme, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature);

    /// <summary>The same for a handshake of that version.</summary>
    public bool VerifyHandshake(TlsVersion version, SignatureScheme scheme, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature) =>
        HandshakeSchemesOf(version).Contains(scheme) && (version == TlsVersion.Tls13 ? Verify(scheme, data, signature) : VerifyCertificateSignature(scheme, data, signature));

    /// <summary>
    /// The same for a signature inside a certificate, a CRL or an OCSP response, where the algorithm names only the hash: an
    /// ECDSA scheme stands for its hash on the key's own curve (RFC 5758 §3.2), and RSASSA-PSS under an
    /// rsaEncryption key is as good as under its own kind (RFC 4055 §1.2), whichever of the two schemes is given.
    /// </summary>
    public virtual bool VerifyCertificateSignature(SignatureScheme scheme, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature) => Verify(scheme, data, signature);

    /// <summary>
    /// Imports a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) in DER: EC P-256, P-384 and P-521 (uncompressed points, named curves), RSA
    /// and RSASSA-PSS from 1024 to 8192 bits, Ed25519, ML-DSA.
    /// </summary>
    /// <exception cref="CryptographicException">The key is malformed, or of a kind that is not supported; the message says which.</exception>
    public static VerificationKey Import(ReadOnlySpan<byte> subjectPublicKeyInfo)
    {
        var info = SubjectPublicKeyInfo.Parse(subjectPublicKeyInfo);
        return info.Algorithm switch
        {
            KeyOids.EcPublicKey => EcdsaVerificationKey.Import(info),
            KeyOids.RsaEncryption or KeyOids.RsaSsaPss => RsaVerificationKey.Import(info),
            KeyOids.Ed25519 => Ed25519VerificationKey.Import(info),
            KeyOids.MlDsa44 or KeyOids.MlDsa65 or KeyOids.MlDsa87 => MlDsaVerificationKey.Import(info),
            _ => throw new CryptographicException($"Public keys of the algorithm {info.Algorithm} are not supported."),
        };
    }
}
