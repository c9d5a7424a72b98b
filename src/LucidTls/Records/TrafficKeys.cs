using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using LucidTls.Cryptography;

namespace LucidTls.Records;

/// <summary>One direction's traffic secret with the AEAD key, IV and sequence number made from it (RFC 8446 §5.3, §7.3).</summary>
internal sealed class TrafficKeys : IDisposable
{
    private readonly SuiteAlgorithm _suite;
    private readonly Secret _secret;
    private readonly AeadKey _aead;
    private NonceBytes _iv;

    /// <summary>Takes over <paramref name="trafficSecret"/> and disposes it with itself.</summary>
    public TrafficKeys(SuiteAlgorithm suite, Secret trafficSecret)
    {
        _suite = suite;
        _secret = trafficSecret;
        Span<byte> key = stackalloc byte[32];
        key = key[..suite.KeyLength];
        try
        {
            // RFC 8446 §7.3
            Hkdf.ExpandLabel(suite.Hash, trafficSecret.Span, "key"u8, default, key);
            Hkdf.ExpandLabel(suite.Hash, trafficSecret.Span, "iv"u8, default, _iv);
            _aead = suite.CreateKey(key);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>The next record's number.</summary>
    public ulong Sequence { get; private set; }

    /// <summary>Whether these keys have protected as many records as they should (RFC 8446 §5.5).</summary>
    public bool IsWorn => Sequence >= _suite.RecordLimit;

    /// <summary>Encrypts in place and counts the record.</summary>
    public void Seal(ReadOnlySpan<byte> header, Span<byte> content, Span<byte> tag)
    {
        NonceBytes nonce = default;
        FormNonce(nonce);
        _aead.Seal(nonce, content, tag, header);
        Sequence++;
    }

    /// <summary>Decrypts in place and counts the record; false, and not counted, when the tag is wrong.</summary>
    public bool Open(ReadOnlySpan<byte> header, Span<byte> content, ReadOnlySpan<byte> tag)
    {
        NonceBytes nonce = default;
        FormNonce(nonce);
        if (!_aead.Open(nonce, content, tag, header))
            return false;
        Sequence++;
        return true;
    }

    /// <summary>The keys after a KeyUpdate (RFC 8446 §7.2).</summary>
    public TrafficKeys Next()
    {
        var next = new Secret(_secret.Length);
        Hkdf.ExpandLabel(_suite.Hash, _secret.Span, "traffic upd"u8, default, next.Span);
        return new TrafficKeys(_suite, next);
    }

    public void Dispose()
    {
        _aead.Dispose();
        _secret.Dispose();
        CryptographicOperations.ZeroMemory(_iv);
    }

    // RFC 8446 §5.3: the sequence number, padded to the left, XOR the IV. "Sequence numbers MUST NOT wrap."
    private void FormNonce(Span<byte> nonce)
    {
        if (Sequence == ulong.MaxValue)
            throw new TlsException(TlsError.KeyExhausted);
        ((ReadOnlySpan<byte>)_iv).CopyTo(nonce);
        var low = nonce[4..];
        BinaryPrimitives.WriteUInt64BigEndian(low, BinaryPrimitives.ReadUInt64BigEndian(low) ^ Sequence);
    }

    [InlineArray(AeadKey.NonceLength)]
    private struct NonceBytes
    {
        private byte _first;
    }
}
