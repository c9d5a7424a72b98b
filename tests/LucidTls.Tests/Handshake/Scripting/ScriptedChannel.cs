using System.Buffers.Binary;
using LucidTls.Cryptography;
using LucidTls.Handshake;
using LucidTls.Protocol;
using LucidTls.Records;
using Record = LucidTls.Records.Record;

namespace LucidTls.Tests.Handshake.Scripting;

/// <summary>Records for a peer that follows a script: each message in a record of its own, unless the script has it otherwise.</summary>
internal sealed class ScriptedChannel(Script script, MemoryTransport transport, bool isServer) : HandshakeChannel, IDisposable
{
    private readonly RecordReader _reader = new() { IsServer = isServer, AllowsChangeCipherSpec = true };
    private readonly HandshakeAssembler _assembler = new();
    private TrafficKeys? _writeKeys;
    private List<byte>? _captured;

    public override TlsVersion Version
    {
        set => _ = value;
    }

    public override bool AllowsChangeCipherSpec
    {
        set => _reader.AllowsChangeCipherSpec = true;
    }

    public override int EarlyDataToSkip
    {
        set => _reader.EarlyDataToSkip = value;
    }

    public override int MostContentReceived
    {
        set => _ = value;
    }

    public override void LimitContentSent(int content, int contentInTheClear)
    {
        // A script sends records as long as it wants.
    }

    /// <summary>The handshake messages that came, with their headers.</summary>
    public List<byte[]> Received { get; } = [];

    /// <summary>One record under the present keys.</summary>
    public void Write(ContentType type, ReadOnlySpan<byte> content)
    {
        if (_writeKeys == null)
            WritePlain(type, content);
        else if (_writeKeys.IsTls12)
            WriteTls12(type, content);
        else
            WriteInner([.. content, (byte)type]);
    }

    /// <summary>One record without protection.</summary>
    public void WritePlain(ContentType type, ReadOnlySpan<byte> content) => WriteRaw([.. Header(type, content.Length), .. content]);

    /// <summary>One protected record with that TLSInnerPlaintext.</summary>
    public void WriteInner(ReadOnlySpan<byte> inner)
    {
        var header = Header(ContentType.ApplicationData, inner.Length + AeadKey.TagLength);
        var content = inner.ToArray();
        var tag = new byte[AeadKey.TagLength];
        _writeKeys!.Seal(header, content, tag);
        WriteRaw([.. header, .. content, .. tag]);
    }

    /// <summary>One protected record of TLS 1.2.</summary>
    public void WriteTls12(ContentType type, ReadOnlySpan<byte> content)
    {
        var keys = _writeKeys!;
        var nonce = new byte[keys.ExplicitNonceLength];
        var inner = content.ToArray();
        var tag = new byte[AeadKey.TagLength];
        keys.SealTls12(type, nonce, inner, tag);
        WriteRaw([.. Header(type, nonce.Length + inner.Length + tag.Length), .. nonce, .. inner, .. tag]);
    }

    public void WriteRaw(ReadOnlySpan<byte> bytes)
    {
        if (_captured != null)
            _captured.AddRange(bytes);
        else
            _ = transport.WriteAsync(bytes.ToArray(), CancellationToken.None);
    }

    /// <summary>What would be written, instead of writing it.</summary>
    public byte[] Capture(Action write)
    {
        _captured = [];
        write();
        byte[] captured = [.. _captured];
        _captured = null;
        return captured;
    }

    /// <summary>A handshake message after the handshake.</summary>
    public void WriteMessage(IHandshakeBody message) => Write(ContentType.Handshake, Wire.Encode(message));

    /// <summary>The keys for writing after a KeyUpdate.</summary>
    public void UpdateWriteKeys()
    {
        var next = _writeKeys!.Next();
        _writeKeys.Dispose();
        _writeKeys = next;
    }

    public override ReadOnlyMemory<byte> Send(IHandshakeBody message, string detail)
    {
        message = script.Change(message);
        var bytes = script.Encode(message.Type, Wire.Encode(message));
        if (bytes.Length > 0)
            script.Frame(this, message.Type, bytes);
        return bytes;
    }

    public override void SendData(ReadOnlySpan<byte> data) => Write(ContentType.ApplicationData, data);

    public override async ValueTask<ReadOnlyMemory<byte>> ReceiveEarlyDataAsync(CancellationToken cancellationToken)
    {
        while (_assembler.IsEmpty)
        {
            var record = await ReceiveRecordAsync().ConfigureAwait(false);
            if (record.Type == ContentType.Alert)
                throw TlsException.FromPeer(AlertRecord.Parse(record.Content.Span));
            if (record.Type == ContentType.Handshake)
                _assembler.Add(record.Content.Span);
            if (record.Type == ContentType.ApplicationData)
                return record.Content;
        }
        return default;
    }

    public override void SendChangeCipherSpec() => script.ChangeCipherSpec(this);

    public override ValueTask FlushAsync(CancellationToken cancellationToken) => default;

    public override void InstallWriteKeys(TrafficKeys keys, TlsProtection protection)
    {
        if (script.KeepsOldKeysInPlaceOf == protection)
        {
            keys.Dispose();
            return;
        }
        _writeKeys?.Dispose();
        _writeKeys = keys;
    }

    public override void RemoveWriteKeys()
    {
        _writeKeys?.Dispose();
        _writeKeys = null;
    }

    public override void InstallReadKeys(TrafficKeys keys, TlsProtection protection) => _reader.Install(keys);

    public override void Describe(string detail)
    {
    }

    public override async ValueTask<HandshakeMessage> ReceiveAsync(CancellationToken cancellationToken)
    {
        HandshakeMessage message;
        while (!_assembler.TryTake(out message))
        {
            var record = await ReceiveRecordAsync().ConfigureAwait(false);
            if (record.Type == ContentType.Alert)
                throw TlsException.FromPeer(AlertRecord.Parse(record.Content.Span));
            if (record.Type == ContentType.Handshake)
                _assembler.Add(record.Content.Span);
        }
        Received.Add(message.Bytes.ToArray());
        return message;
    }

    public override async ValueTask ReceiveChangeCipherSpecAsync(CancellationToken cancellationToken)
    {
        Record record;
        do
        {
            record = await ReceiveRecordAsync().ConfigureAwait(false);
            if (record.Type == ContentType.Alert)
                throw TlsException.FromPeer(AlertRecord.Parse(record.Content.Span));
        }
        while (record.Type != ContentType.ChangeCipherSpec);
    }

    /// <summary>Reads on until the peer says why it ends the connection.</summary>
    public async ValueTask<TlsAlert> ReceiveAlertAsync()
    {
        while (true)
        {
            var record = await ReceiveRecordAsync().ConfigureAwait(false);
            if (record.Type == ContentType.Alert)
                return AlertRecord.Parse(record.Content.Span);
            if (record.Type != ContentType.Handshake)
                continue;
            _assembler.Add(record.Content.Span);
            while (_assembler.TryTake(out var message))
                Received.Add(message.Bytes.ToArray());
        }
    }

    public void Dispose()
    {
        _reader.Dispose();
        _assembler.Dispose();
        _writeKeys?.Dispose();
    }

    private async ValueTask<Record> ReceiveRecordAsync()
    {
        Record record;
        while (!_reader.TryRead(out record))
        {
            var count = await transport.ReadAsync(_reader.GetSpace(), CancellationToken.None).ConfigureAwait(false);
            if (count == 0)
                throw new TlsException(TlsError.ClosedDuringHandshake);
            _reader.Added(count);
        }
        return record;
    }

    private static byte[] Header(ContentType type, int length)
    {
        var header = new byte[] { (byte)type, 3, 3, 0, 0 };
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(3), (ushort)length);
        return header;
    }
}
