using System.Security.Cryptography;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace LucidTls.Cryptography;

/// <summary>Signs with an Ed25519 key (RFC 8032), by BouncyCastle.</summary>
internal sealed class Ed25519SigningKey : SigningKey
{
    private static readonly SignatureScheme[] OnlyScheme = [SignatureScheme.Ed25519];

    private readonly Secret _seed;
    private readonly byte[] _publicKey = new byte[Ed25519.PublicKeySize];

    /// <param name="seed">The 32 bytes of CurvePrivateKey (RFC 8410 §7).</param>
    public Ed25519SigningKey(ReadOnlySpan<byte> seed)
    {
        if (seed.Length != Ed25519.SecretKeySize)
            throw new CryptographicException($"An Ed25519 private key has {Ed25519.SecretKeySize} bytes; this one has {seed.Length}.");
        _seed = new Secret(seed);
        Ed25519.GeneratePublicKey(_seed.Span, _publicKey);
    }

    public override ReadOnlySpan<SignatureScheme> Schemes => OnlyScheme;

    public ReadOnlySpan<byte> PublicKey => _publicKey;

    public override byte[] Sign(SignatureScheme scheme, ReadOnlySpan<byte> data)
    {
        if (scheme != SignatureScheme.Ed25519)
            throw new ArgumentException($"An Ed25519 key cannot sign with {scheme}.", nameof(scheme));
        var signature = new byte[Ed25519.SignatureSize];
        Ed25519.Sign(_seed.Span, PublicKey, data, signature);
        return signature;
    }

    public override void Dispose() => _seed.Dispose();
}
