namespace LucidTls.Cryptography;

/// <summary>An imported public key that verifies signatures. Importing costs more than verifying, so keys that come again are kept.</summary>
internal abstract class VerificationKey
{
    /// <summary>The schemes that TLS 1.3 allows for a CertificateVerify under this key (RFC 8446 §4.2.3), e.g. only the scheme of its curve for an EC key.</summary>
    public abstract ReadOnlySpan<SignatureScheme> HandshakeSchemes { get; }

    /// <summary>"EC P-256", "RSA 2048 bits", "Ed25519": for people.</summary>
    public abstract string Description { get; }

    /// <summary>Whether <paramref name="signature"/> (DER for ECDSA) over <paramref name="data"/> is good; false for a malformed signature or a scheme that the key cannot do.</summary>
    public abstract bool Verify(SignatureScheme scheme, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature);
}
