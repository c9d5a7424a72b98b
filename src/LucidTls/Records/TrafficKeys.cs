using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using LucidTls.Cryptography;
using LucidTls.Protocol;

namespace LucidTls.Records;

/// <summary>
/// One direction's AEAD key, IV and sequence number: made from a traffic secret in TLS 1.3 (RFC 8446 §5.3, §7.3), cut from the key block
/// in TLS 1.2 (RFC 5246 §6.3), whose records have another nonce and another header.
/// </summary>
internal sealed class TrafficKeys : IDisposable
{
    private readonly SuiteAlgorithm _suite;
    private readonly Secret? _secret;
    private readonly AeadKey _aead;
    private NonceBytes _iv;

    /// <summary>Takes over <paramref name="trafficSecret"/> and disposes it with itself.</summary>
    public TrafficKeys(SuiteAlgorithm suite, Secret trafficSecret) : this(suite, trafficSecret, isUpdatable: true)
    {
    }

    private TrafficKeys(SuiteAlgorithm suite, Secret trafficSecret, bool isUpdatable)
    {
        _suite = suite;
        _secret = isUpdatable ? trafficSecret : null;
        Span<byte> key = stackalloc byte[32];
        key = key[..suite.KeyLength];
        try
        {
            // RFC 8446 §7.3
            Hkdf.ExpandLabel(suite.Hash, trafficSecret, "key"u8, default, key);
            Hkdf.ExpandLabel(suite.Hash, trafficSecret, "iv"u8, default, _iv);
            _aead = suite.CreateKey(key);
            // The next use of it is a KeyUpdate, which may never come.
            _secret?.DropHmacKeys();
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>Keys that are used up before a KeyUpdate may come: <paramref name="trafficSecret"/> stays with its owner.</summary>
    public static TrafficKeys OfHandshake(SuiteAlgorithm suite, Secret trafficSecret) => new(suite, trafficSecret, isUpdatable: false);

    /// <summary>Keys of TLS 1.2.</summary>
    /// <param name="suite">The suite.</param>
    /// <param name="key">client_write_key or server_write_key.</param>
    /// <param name="iv">The part of the nonce that does not travel: <see cref="FixedIvLength"/> bytes.</param>
    public TrafficKeys(SuiteAlgorithm suite, ReadOnlySpan<byte> key, ReadOnlySpan<byte> iv)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(iv.Length, FixedIvLength(suite));
        _suite = suite;
        iv.CopyTo(_iv);
        _aead = suite.CreateKey(key);
    }

    /// <summary>Bytes of the client_write_IV and the server_write_IV in TLS 1.2.</summary>
    public static int FixedIvLength(SuiteAlgorithm suite) => AeadKey.NonceLength - suite.ExplicitNonceLength;

    /// <summary>Whether the records are those of TLS 1.2: typed in the clear, without padding.</summary>
    public bool IsTls12 => _suite.Version == TlsVersion.Tls12;

    /// <summary>Bytes of the nonce in front of each record; none in TLS 1.3.</summary>
    public int ExplicitNonceLength => IsTls12 ? _suite.ExplicitNonceLength : 0;

    /// <summary>client_ or server_application_traffic_secret_N, with which a Finished after the handshake is made (RFC 8446 §4.4).</summary>
    public Secret TrafficSecret => _secret ?? throw new InvalidOperationException("These keys are not those of an established TLS 1.3 connection.");

    /// <summary>The next record's number.</summary>
    public ulong Sequence { get; private set; }

    /// <summary>Whether these keys have protected as many records as they should (RFC 8446 §5.5). TLS 1.2 has no way to change them.</summary>
    public bool IsWorn => !IsTls12 && Sequence >= _suite.RecordLimit;

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

    /// <summary>The same for a record of TLS 1.2, whose explicit nonce it writes: the sequence number (RFC 5288 §3).</summary>
    public void SealTls12(ContentType type, Span<byte> explicitNonce, Span<byte> content, Span<byte> tag)
    {
        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(number, Sequence);
        number[..explicitNonce.Length].CopyTo(explicitNonce);
        AssociatedData associatedData = default;
        FormAssociatedData(associatedData, type, content.Length);
        NonceBytes nonce = default;
        FormNonceTls12(nonce, explicitNonce);
        _aead.Seal(nonce, content, tag, associatedData);
        Sequence++;
    }

    /// <summary>The same for a record of TLS 1.2 with the explicit nonce that came with it.</summary>
    public bool OpenTls12(ContentType type, ReadOnlySpan<byte> explicitNonce, Span<byte> content, ReadOnlySpan<byte> tag)
    {
        AssociatedData associatedData = default;
        FormAssociatedData(associatedData, type, content.Length);
        NonceBytes nonce = default;
        FormNonceTls12(nonce, explicitNonce);
        if (!_aead.Open(nonce, content, tag, associatedData))
            return false;
        Sequence++;
        return true;
    }

    /// <summary>The keys after a KeyUpdate (RFC 8446 §7.2).</summary>
    public TrafficKeys Next()
    {
        if (_secret == null)
            throw new InvalidOperationException("These keys are not made to be updated.");
        var next = new Secret(_secret.Length);
        Hkdf.ExpandLabel(_suite.Hash, _secret, "traffic upd"u8, default, next.Span);
        return new TrafficKeys(_suite, next);
    }

    public void Dispose()
    {
        _aead.Dispose();
        _secret?.Dispose();
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

    // RFC 5288 §3: the salt, then what travels. RFC 7905 §2: as in TLS 1.3.
    private void FormNonceTls12(Span<byte> nonce, ReadOnlySpan<byte> explicitNonce)
    {
        if (explicitNonce.IsEmpty)
        {
            FormNonce(nonce);
            return;
        }
        if (Sequence == ulong.MaxValue)
            throw new TlsException(TlsError.KeyExhausted);
        ((ReadOnlySpan<byte>)_iv)[..^explicitNonce.Length].CopyTo(nonce);
        explicitNonce.CopyTo(nonce[^explicitNonce.Length..]);
    }

    // RFC 5246 §6.2.3.3: seq_num + type + version + length of the plaintext.
    private void FormAssociatedData(Span<byte> associatedData, ContentType type, int length)
    {
        BinaryPrimitives.WriteUInt64BigEndian(associatedData, Sequence);
        associatedData[8] = (byte)type;
        BinaryPrimitives.WriteUInt16BigEndian(associatedData[9..], TlsVersion.Tls12.Value);
        BinaryPrimitives.WriteUInt16BigEndian(associatedData[11..], (ushort)length);
    }

    [InlineArray(13)]
    private struct AssociatedData
    {
        private byte _first;
    }

    [InlineArray(AeadKey.NonceLength)]
    private struct NonceBytes
    {
        private byte _first;
    }
}
