using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>A cipher suite that can do its work: an AEAD and a hash, and in TLS 1.2 the kind of the server's key (RFC 8446 §B.4, RFC 5289, RFC 7905).</summary>
internal abstract class SuiteAlgorithm(CipherSuite id, HashAlgorithmName hash, int hashLength, int keyLength, ulong recordLimit)
{
    public CipherSuite Id { get; } = id;
    public HashAlgorithmName Hash { get; } = hash;

    /// <summary>Bytes of the hash: 32 or 48.</summary>
    public int HashLength { get; } = hashLength;

    /// <summary>The hash of no bytes, which the key schedule needs often.</summary>
    public ReadOnlyMemory<byte> HashOfNothing { get; } = CryptographicOperations.HashData(hash, ReadOnlySpan<byte>.Empty);

    /// <summary>Bytes of the AEAD key: 16 or 32.</summary>
    public int KeyLength { get; } = keyLength;

    /// <summary>How many records one key may protect before it must be updated (RFC 8446 §5.5).</summary>
    public ulong RecordLimit { get; } = recordLimit;

    /// <summary>The one version that the suite belongs to.</summary>
    public TlsVersion Version => Id.Version;

    public SuiteAuthentication Authentication { get; init; }

    /// <summary>In TLS 1.2, bytes of the nonce that travel in front of each record (RFC 5288 §3); none with ChaCha20-Poly1305 (RFC 7905 §2).</summary>
    public abstract int ExplicitNonceLength { get; }

    /// <summary>An AEAD object over a copy of <paramref name="key"/> (<see cref="KeyLength"/> bytes).</summary>
    public abstract AeadKey CreateKey(ReadOnlySpan<byte> key);
}
