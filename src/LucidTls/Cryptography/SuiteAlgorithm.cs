using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>A TLS 1.3 cipher suite that can do its work: an AEAD and a hash (RFC 8446 §B.4).</summary>
internal abstract class SuiteAlgorithm(CipherSuite id, HashAlgorithmName hash, int hashLength, int keyLength, ulong recordLimit)
{
    public CipherSuite Id { get; } = id;
    public HashAlgorithmName Hash { get; } = hash;

    /// <summary>Bytes of the hash: 32 or 48.</summary>
    public int HashLength { get; } = hashLength;

    /// <summary>Bytes of the AEAD key: 16 or 32.</summary>
    public int KeyLength { get; } = keyLength;

    /// <summary>How many records one key may protect before it must be updated (RFC 8446 §5.5).</summary>
    public ulong RecordLimit { get; } = recordLimit;

    /// <summary>An AEAD object over a copy of <paramref name="key"/> (<see cref="KeyLength"/> bytes).</summary>
    public abstract AeadKey CreateKey(ReadOnlySpan<byte> key);
}
