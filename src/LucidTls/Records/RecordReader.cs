using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using LucidTls.Cryptography;
using LucidTls.Protocol;

namespace LucidTls.Records;

/// <summary>A record's content, decrypted where it lay: valid until the reader is asked for space again.</summary>
internal readonly record struct Record(ContentType Type, ReadOnlyMemory<byte> Content);

/// <summary>
/// Collects bytes from the transport and opens the records in them in place. It holds a large pooled buffer only while there is
/// something in it: a connection that waits keeps 512 bytes, into which a small record fits whole.
/// </summary>
internal sealed class RecordReader : IDisposable
{
    private const int SmallBuffer = 512;
    private const int HandshakeBuffer = 4096;

    private const int LargeBuffer = 64 * 1024;

    private byte[]? _small;
    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private int _dirty;
    private bool _sawFirstRecord;
    private TrafficKeys? _keys;

    /// <summary>
    /// Whether change_cipher_spec records may come: from the first ClientHello to the peer's Finished (RFC 8446 §5).
    /// </summary>
    public bool AllowsChangeCipherSpec { get; set; }

    /// <summary>Whether the handshake is under way: a message of some thousand bytes comes next and not a long wait, and the peer may have no keys yet for an alert.</summary>
    public bool IsHandshaking { get; set; } = true;

    /// <summary>
    /// How many bytes of records that this end cannot open may be passed over: the early data of a client whose offer of it
    /// was not taken (RFC 8446 §4.2.10). 0 when none was offered.
    /// </summary>
    public int EarlyDataToSkip { get; set; }

    /// <summary>The most content of a protected record; lower when the peer was told so. Padding counts.</summary>
    public int MaxContent { get; set; } = RecordLimits.MaxPlaintext;

    /// <summary>Whether bytes lie here that no record was made of yet.</summary>
    public bool HasInput => _end > _start;

    /// <summary>What the server's side says of first bytes that are no TLS: true for a server's reader.</summary>
    public bool IsServer { get; init; }

    /// <summary>The records after this call are opened with new keys; the old ones are disposed.</summary>
    public void Install(TrafficKeys keys)
    {
        _keys?.Dispose();
        _keys = keys;
    }

    /// <summary>The secret that the present keys come from.</summary>
    public Secret TrafficSecret => (_keys ?? throw new InvalidOperationException("There are no keys.")).TrafficSecret;

    public void UpdateKeys() => Install((_keys ?? throw new InvalidOperationException("There are no keys to update.")).Next());

    /// <summary>Whether a small buffer stays for the connection to wait with; false where the transport keeps what comes.</summary>
    public bool KeepsSmallBuffer { get; set; } = true;

    /// <summary>Where the transport's next bytes go. What was returned before is invalid afterwards.</summary>
    public Memory<byte> GetSpace()
    {
        if (!HasInput)
        {
            _start = _end = 0;
            if (_buffer.Length == 0)
                _buffer = IsHandshaking || !KeepsSmallBuffer ? ArrayPool<byte>.Shared.Rent(HandshakeBuffer) : _small ??= new byte[SmallBuffer];
        }
        var wanted = BytesOfNextRecord();
        if (_start + wanted > _buffer.Length)
            MoveToFront(wanted);
        return _buffer.AsMemory(_end);
    }

    /// <summary>The transport has put <paramref name="count"/> bytes where <see cref="GetSpace"/> said.</summary>
    public void Added(int count)
    {
        _end += count;
        _dirty = Math.Max(_dirty, _end);
    }

    /// <summary>Gives the large buffer back when nothing is left in it. What was returned before is invalid afterwards.</summary>
    public void Release()
    {
        if (HasInput || _buffer.Length == 0)
            return;
        if (_buffer != _small)
        {
            // It held plaintext: the next one to rent it must not find it.
            CryptographicOperations.ZeroMemory(_buffer.AsSpan(0, _dirty));
            ArrayPool<byte>.Shared.Return(_buffer);
        }
        _buffer = [];
        _start = _end = _dirty = 0;
    }

    /// <summary>Opens the next record; false when more bytes are needed.</summary>
    public bool TryRead(out Record record)
    {
        while (TryTake(out record, out var isSkipped))
        {
            if (!isSkipped)
                return true;
        }
        return false;
    }

    private bool TryTake(out Record record, out bool isSkipped)
    {
        record = default;
        isSkipped = false;
        var input = _buffer.AsSpan(_start, _end - _start);
        if (input.IsEmpty)
            return false;
        if (!_sawFirstRecord && !FirstBytes.AreTls(input, IsServer))
            return false;
        if (input.Length < RecordLimits.HeaderLength)
            return false;
        var type = (ContentType)input[0];
        var length = BinaryPrimitives.ReadUInt16BigEndian(input[3..]);
        CheckHeader(type, length);
        if (input.Length < RecordLimits.HeaderLength + length)
            return false;

        _sawFirstRecord = true;
        var content = _buffer.AsMemory(_start + RecordLimits.HeaderLength, length);
        var header = input[..RecordLimits.HeaderLength];
        _start += RecordLimits.HeaderLength + length;
        if (_keys is { IsTls12: true })
        {
            record = OpenTls12(_keys, type, header, content);
            return true;
        }
        if (type != ContentType.ApplicationData)
        {
            record = new Record(type, content);
            return true;
        }
        if (_keys != null && TryOpen(_keys, header, content, out record))
        {
            EarlyDataToSkip = 0;
            return true;
        }
        if (EarlyDataToSkip == 0)
            throw new TlsException(TlsError.BadRecordMac);
        EarlyDataToSkip -= RecordLimits.HeaderLength + length;
        if (EarlyDataToSkip < 0)
            throw new TlsException(TlsError.TooMuchEarlyData);
        isSkipped = true;
        return true;
    }

    public void Dispose()
    {
        _start = _end;
        Release();
        _keys?.Dispose();
        _keys = null;
    }

    private int BytesOfNextRecord()
    {
        var input = _buffer.AsSpan(_start.._end);
        var known = input.Length < RecordLimits.HeaderLength ? 0 : BinaryPrimitives.ReadUInt16BigEndian(input[3..]);
        return Math.Min(RecordLimits.HeaderLength + known, RecordLimits.HeaderLength + RecordLimits.MaxCiphertext);
    }

    private void MoveToFront(int wanted)
    {
        var length = _end - _start;
        var target = wanted <= _buffer.Length ? _buffer : ArrayPool<byte>.Shared.Rent(LargeBuffer);
        _buffer.AsSpan(_start, length).CopyTo(target);
        if (target != _buffer && _buffer != _small)
        {
            CryptographicOperations.ZeroMemory(_buffer.AsSpan(0, _dirty));
            ArrayPool<byte>.Shared.Return(_buffer);
        }
        _buffer = target;
        _start = 0;
        _end = length;
        _dirty = Math.Max(_dirty, length);
    }

    private void CheckHeader(ContentType type, int length)
    {
        switch (type)
        {
            // TLS 1.2 protects everything behind change_cipher_spec, its type in the clear.
            case ContentType.ApplicationData or ContentType.Handshake or ContentType.Alert when _keys is { IsTls12: true }:
            // Early data that is passed over in the clear has keys that this end does not have.
            case ContentType.ApplicationData when _keys != null || EarlyDataToSkip > 0:
                // RFC 8446 §5.2: "The length MUST NOT exceed 2^14 + 256 bytes."
                if (length > RecordLimits.MaxCiphertext)
                    throw new TlsException(TlsError.RecordTooLong, $"{length} bytes");
                return;
            case ContentType.ChangeCipherSpec when AllowsChangeCipherSpec:
                if (length != 1)
                    throw new TlsException(TlsError.UnexpectedChangeCipherSpec, $"{length} bytes long");
                return;
            case ContentType.ChangeCipherSpec:
                throw new TlsException(TlsError.UnexpectedChangeCipherSpec);
            // A peer that failed before it had keys says so in the clear; the handshake fails either way. Afterwards such an alert is
            // a forgery: anybody on the way could end the data with a close_notify (RFC 8446 §6.1).
            case ContentType.Alert when IsHandshaking && _keys is { Sequence: 0 }:
            case ContentType.Handshake or ContentType.Alert when _keys == null:
                if (length > RecordLimits.MaxPlaintext)
                    throw new TlsException(TlsError.RecordTooLong, $"{length} bytes");
                // RFC 8446 §5.1: no zero-length fragments of Handshake or Alert.
                if (length == 0)
                    throw new TlsException(TlsError.EmptyRecord, type.ToString());
                return;
            case ContentType.ApplicationData:
                throw new TlsException(TlsError.EarlyApplicationData);
            default:
                throw new TlsException(TlsError.UnexpectedRecordType, $"type {(byte)type}{(_keys != null ? ", not encrypted" : "")}");
        }
    }

    private Record OpenTls12(TrafficKeys keys, ContentType type, ReadOnlySpan<byte> header, Memory<byte> sealedContent)
    {
        // RFC 5246 §6.2.3.3: the version in the header is protected with the content, so that another one is a forgery.
        if (BinaryPrimitives.ReadUInt16BigEndian(header[1..]) != TlsVersion.Tls12.Value || sealedContent.Length < keys.ExplicitNonceLength + AeadKey.TagLength)
            throw new TlsException(TlsError.BadRecordMac);
        var content = sealedContent[keys.ExplicitNonceLength..^AeadKey.TagLength];
        if (!keys.OpenTls12(type, sealedContent.Span[..keys.ExplicitNonceLength], content.Span, sealedContent.Span[^AeadKey.TagLength..]))
            throw new TlsException(TlsError.BadRecordMac);
        if (content.Length > MaxContent)
            throw new TlsException(TlsError.RecordTooLong, $"{content.Length} bytes inside, of {MaxContent} allowed");
        // RFC 5246 §6.2.1: only application data may be empty.
        if (content.IsEmpty && type != ContentType.ApplicationData)
            throw new TlsException(TlsError.EmptyRecord, type.ToString());
        return new Record(type, content);
    }

    private bool TryOpen(TrafficKeys keys, ReadOnlySpan<byte> header, Memory<byte> sealedContent, out Record record)
    {
        record = default;
        if (sealedContent.Length < AeadKey.TagLength)
            return false;
        var inner = sealedContent[..^AeadKey.TagLength];
        if (!keys.Open(header, inner.Span, sealedContent.Span[^AeadKey.TagLength..]))
            return false;
        // RFC 8446 §5.2: the full TLSInnerPlaintext must not exceed 2^14 + 1 bytes, padding included; RFC 8449 §4 counts the same.
        if (inner.Length > MaxContent + 1)
            throw new TlsException(TlsError.RecordTooLong, $"{inner.Length} bytes inside, of {MaxContent + 1} allowed");
        // RFC 8446 §5.4: the content type is the last byte that is not zero; without one it is unexpected_message.
        var last = inner.Span.LastIndexOfAnyExcept((byte)0);
        if (last < 0)
            throw new TlsException(TlsError.UnexpectedRecordType, "a record of zeros");
        var type = (ContentType)inner.Span[last];
        if (type is not (ContentType.ApplicationData or ContentType.Handshake or ContentType.Alert))
            throw new TlsException(type == ContentType.ChangeCipherSpec ? TlsError.UnexpectedChangeCipherSpec : TlsError.UnexpectedRecordType, $"type {(byte)type}, encrypted");
        if (last == 0 && type != ContentType.ApplicationData)
            throw new TlsException(TlsError.EmptyRecord, type.ToString());
        record = new Record(type, inner[..last]);
        return true;
    }
}
