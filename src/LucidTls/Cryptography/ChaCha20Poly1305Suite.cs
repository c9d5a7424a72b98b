using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>ChaCha20-Poly1305 (RFC 8439): the platform's, or BouncyCastle's where the platform has none.</summary>
internal sealed class ChaCha20Poly1305Suite(CipherSuite id) : SuiteAlgorithm(id, HashAlgorithmName.SHA256, 32, 32, SequenceNumberLimit)
{
    /// <summary>
    /// RFC 8446 §5.5: the sequence number would wrap before the safety limit is reached. Renewing the key after 2^48
    /// records keeps the counter far from its end and costs nothing: at a million records a second it is nine years away.
    /// </summary>
    private const ulong SequenceNumberLimit = 1UL << 48;

    public override int ExplicitNonceLength => 0;

    public override AeadKey CreateKey(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, KeyLength);
        return ChaCha20Poly1305.IsSupported ? new PlatformChaCha20Poly1305Key(key) : new ManagedChaCha20Poly1305Key(key);
    }
}
