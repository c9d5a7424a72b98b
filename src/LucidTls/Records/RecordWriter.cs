using System.Buffers;
using System.Buffers.Binary;
using LucidTls.Cryptography;
using LucidTls.Protocol;

namespace LucidTls.Records;

/// <summary>Frames and seals content into records, one behind another in a pooled buffer, until they are taken to the transport.</summary>
internal sealed class RecordWriter(RecordPadding padding) : IDisposable
{
    private byte[] _buffer = [];
    private int _length;
    private TrafficKeys? _keys;

    /// <summary>The most content of a protected record; lower when the peer asked for that. Padding counts.</summary>
    public int MaxContent { get; set; } = RecordLimits.MaxPlaintext;

    /// <summary>The most content of a record without protection.</summary>
    public int MaxClearContent { get; set; } = RecordLimits.MaxPlaintext;

    /// <summary>The version written into the headers of unprotected records: 0x0301 in the first ClientHello, 0x0303 afterwards (RFC 8446 §5.1).</summary>
    public ushort LegacyVersion { get; set; } = TlsVersion.Tls12.Value;

    public bool IsProtected => _keys != null;

    /// <summary>Whether the keys should be updated before the next record.</summary>
    public bool KeysAreWorn => _keys is { IsWorn: true };

    /// <summary>The records that wait to be sent.</summary>
    public ReadOnlyMemory<byte> Pending => _buffer.AsMemory(0, _length);

    /// <summary>The records after this call use new keys; the old ones are disposed.</summary>
    public void Install(TrafficKeys keys)
    {
        _keys?.Dispose();
        _keys = keys;
    }

    /// <summary>The records after this call are in the clear again: the keys of early data that nobody takes are of no more use.</summary>
    public void RemoveKeys()
    {
        _keys?.Dispose();
        _keys = null;
    }

    /// <summary>The secret that the present keys come from.</summary>
    public Secret TrafficSecret => (_keys ?? throw new InvalidOperationException("There are no keys.")).TrafficSecret;

    public void UpdateKeys() => Install((_keys ?? throw new InvalidOperationException("There are no keys to update.")).Next());

    /// <summary>Seals content into as many records as it needs. An empty content makes one record.</summary>
    public void Append(ContentType type, ReadOnlySpan<byte> content)
    {
        do
        {
            var piece = content[..Math.Min(content.Length, _keys == null ? MaxClearContent : MaxContent)];
            content = content[piece.Length..];
            if (_keys == null)
                AppendPlain(type, piece);
            else if (_keys.IsTls12)
                AppendSealedTls12(_keys, type, piece);
            else
                AppendSealed(_keys, type, piece);
        }
        while (!content.IsEmpty);
    }

    /// <summary>The record that announces new keys in TLS 1.2 (RFC 5246 §7.1) and that middleboxes want to see in TLS 1.3 (RFC 8446 §D.4), never protected.</summary>
    public void AppendChangeCipherSpec() => AppendPlain(ContentType.ChangeCipherSpec, [1]);

    /// <summary>Forgets the pending records, and the buffer with them.</summary>
    public void Clear()
    {
        _length = 0;
        if (_buffer.Length == 0)
            return;
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    public void Dispose()
    {
        Clear();
        _keys?.Dispose();
        _keys = null;
    }

    private void AppendPlain(ContentType type, ReadOnlySpan<byte> content)
    {
        var record = Reserve(RecordLimits.HeaderLength + content.Length);
        WriteHeader(record, type, LegacyVersion, content.Length);
        content.CopyTo(record[RecordLimits.HeaderLength..]);
    }

    // RFC 8446 §5.2: TLSInnerPlaintext is content, type, zeros; its header is the associated data.
    private void AppendSealed(TrafficKeys keys, ContentType type, ReadOnlySpan<byte> content)
    {
        var pad = Math.Min(padding.For(content.Length), MaxContent - content.Length);
        var innerLength = content.Length + 1 + pad;
        var record = Reserve(RecordLimits.HeaderLength + innerLength + AeadKey.TagLength);
        var header = record[..RecordLimits.HeaderLength];
        WriteHeader(header, ContentType.ApplicationData, TlsVersion.Tls12.Value, innerLength + AeadKey.TagLength);
        var inner = record.Slice(RecordLimits.HeaderLength, innerLength);
        content.CopyTo(inner);
        inner[content.Length] = (byte)type;
        inner[(content.Length + 1)..].Clear();
        keys.Seal(header, inner, record[^AeadKey.TagLength..]);
    }

    // RFC 5246 §6.2.3.3: GenericAEADCipher is the explicit nonce, if there is one, and the content with its tag.
    private void AppendSealedTls12(TrafficKeys keys, ContentType type, ReadOnlySpan<byte> content)
    {
        var length = keys.ExplicitNonceLength + content.Length + AeadKey.TagLength;
        var record = Reserve(RecordLimits.HeaderLength + length);
        WriteHeader(record, type, TlsVersion.Tls12.Value, length);
        var sealedContent = record[RecordLimits.HeaderLength..];
        var inner = sealedContent[keys.ExplicitNonceLength..^AeadKey.TagLength];
        content.CopyTo(inner);
        keys.SealTls12(type, sealedContent[..keys.ExplicitNonceLength], inner, sealedContent[^AeadKey.TagLength..]);
    }

    private static void WriteHeader(Span<byte> header, ContentType type, ushort version, int length)
    {
        header[0] = (byte)type;
        BinaryPrimitives.WriteUInt16BigEndian(header[1..], version);
        BinaryPrimitives.WriteUInt16BigEndian(header[3..], (ushort)length);
    }

    private Span<byte> Reserve(int length)
    {
        if (_length + length > _buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_length + length, 1024));
            _buffer.AsSpan(0, _length).CopyTo(larger);
            if (_buffer.Length > 0)
                ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }
        var span = _buffer.AsSpan(_length, length);
        _length += length;
        return span;
    }
}
