using System.Security.Cryptography;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace LucidTls.Cryptography;

/// <summary>An Ed25519 public key (RFC 8032, RFC 8410), by BouncyCastle, since .NET has none. The decoded point is read only, so threads may share it.</summary>
internal sealed class Ed25519VerificationKey : VerificationKey
{
    private static readonly SignatureScheme[] Schemes = [SignatureScheme.Ed25519];

    private readonly Ed25519.PublicPoint _point;

    private Ed25519VerificationKey(Ed25519.PublicPoint point) => _point = point;

    public override ReadOnlySpan<SignatureScheme> HandshakeSchemes => Schemes;
    public override string Description => "Ed25519";
    public override int KeyBits => 255;

    public static Ed25519VerificationKey Import(SubjectPublicKeyInfo info)
    {
        if (!info.Parameters.IsEmpty)
            throw new CryptographicException("An Ed25519 key must not have parameters (RFC 8410 §3).");
        if (info.Key.Length != Ed25519.PublicKeySize)
            throw new CryptographicException($"An Ed25519 key has {Ed25519.PublicKeySize} bytes; this one has {info.Key.Length}.");
        return new Ed25519VerificationKey(Ed25519.ValidatePublicKeyPartialExport(info.Key) ?? throw new CryptographicException("The Ed25519 key is not a point on the curve."));
    }

    public override bool Verify(SignatureScheme scheme, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature) =>
        scheme == SignatureScheme.Ed25519 && signature.Length == Ed25519.SignatureSize && Ed25519.Verify(signature, _point, data);
}
