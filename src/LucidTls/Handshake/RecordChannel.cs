using System.Runtime.CompilerServices;
using LucidTls.Protocol;
using LucidTls.Records;

namespace LucidTls.Handshake;

/// <summary>Handshake messages in records over a transport.</summary>
internal sealed class RecordChannel(ITransport transport, RecordReader reader, RecordWriter writer, HandshakeAssembler assembler, StepRecorder steps) : HandshakeChannel, IDisposable
{
    private readonly TlsWriter _outgoing = new();
    private TlsProtection _readProtection;
    private TlsProtection _writeProtection;
    private IdleCounts _idle;
    private bool _endsFlight;
    private TlsVersion? _version;
    private bool _changedCipherSpec;
    private bool _isWriteBroken;

    public override bool AllowsChangeCipherSpec
    {
        set => reader.AllowsChangeCipherSpec = value;
    }

    public override TlsVersion Version
    {
        set => _version = value;
    }

    public override int EarlyDataToSkip
    {
        set => reader.EarlyDataToSkip = value;
    }

    public override int MostContentReceived
    {
        set => reader.MaxContent = value;
    }

    public override void LimitContentSent(int content, int contentInTheClear)
    {
        SealOutgoing();
        (writer.MaxContent, writer.MaxClearContent) = (content, contentInTheClear);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<HandshakeMessage> ReceiveAsync(CancellationToken cancellationToken)
    {
        HandshakeMessage message;
        while (!assembler.TryTake(out message))
        {
            if (reader.TryRead(out var record))
                Accept(record);
            else
                await FillAsync(cancellationToken).ConfigureAwait(false);
        }
        _idle.Clear();
        steps.Received(message.Type.ToString(), message.Bytes.Length, _readProtection);
        return message;
    }

    public override async ValueTask ReceiveChangeCipherSpecAsync(CancellationToken cancellationToken)
    {
        reader.AllowsChangeCipherSpec = true;
        _changedCipherSpec = false;
        while (!_changedCipherSpec)
        {
            // A handshake message, whole or in part, in front of change_cipher_spec would be taken for one that the new keys protected.
            if (!assembler.IsEmpty)
                throw assembler.TryTake(out var message)
                    ? new TlsException(TlsError.UnexpectedMessage, $"{message.Type} where change_cipher_spec is expected")
                    : new TlsException(TlsError.MessageAcrossKeyChange);
            if (reader.TryRead(out var record))
                Accept(record);
            else
                await FillAsync(cancellationToken).ConfigureAwait(false);
        }
        reader.AllowsChangeCipherSpec = false;
    }

    public override ReadOnlyMemory<byte> Send(IHandshakeBody message, string detail)
    {
        _endsFlight = true;
        var start = _outgoing.Length;
        var length = _outgoing.WriteMessage(message).Length;
        steps.Sent(message.Type.ToString(), length, _writeProtection, detail);
        return _outgoing.WrittenMemory.Slice(start, length);
    }

    public override void SendData(ReadOnlySpan<byte> data)
    {
        _endsFlight = false;
        SealOutgoing();
        writer.Append(ContentType.ApplicationData, data);
    }

    public override async ValueTask<ReadOnlyMemory<byte>> ReceiveEarlyDataAsync(CancellationToken cancellationToken)
    {
        while (assembler.IsEmpty)
        {
            if (!reader.TryRead(out var record))
            {
                await FillAsync(cancellationToken).ConfigureAwait(false);
            }
            else if (record.Type != ContentType.ApplicationData)
            {
                Accept(record);
            }
            else if (record.Content.IsEmpty)
            {
                _idle.AddEmpty();
            }
            else
            {
                _idle.Clear();
                return record.Content;
            }
        }
        return default;
    }

    public override void SendChangeCipherSpec()
    {
        SealOutgoing();
        // RFC 8446 §5.1: only the first ClientHello may carry 0x0301.
        writer.LegacyVersion = TlsVersion.Tls12.Value;
        writer.AppendChangeCipherSpec();
    }

    public override ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        // The ends take turns: what the peer sent of a message after its flight cannot be an answer to ours.
        if (_endsFlight && !assembler.IsEmpty)
            throw new TlsException(TlsError.UnexpectedMessage, "more of the handshake came before this end's answer");
        return WriteAsync(cancellationToken);
    }

    public override ValueTask FlushLaterAsync(CancellationToken cancellationToken)
    {
        // Only when the client has asked something already: one that holds its question back until this end acknowledges its Finished (Nagle's algorithm) would
        // wait for the system's delayed acknowledgement.
        if (!transport.DataFollow || !reader.HasInput)
            return FlushAsync(cancellationToken);
        SealOutgoing();
        return default;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WriteAsync(CancellationToken cancellationToken)
    {
        SealOutgoing();
        if (writer.Pending.IsEmpty)
            return;
        try
        {
            // Until it is known to have gone out whole: it may fail, or be cancelled.
            _isWriteBroken = true;
            await transport.WriteAsync(writer.Pending, cancellationToken).ConfigureAwait(false);
            _isWriteBroken = false;
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            await FindAlertAsync().ConfigureAwait(false);
            throw new TlsException(TlsError.TransportFailed, exception.Message, exception);
        }
        finally
        {
            writer.Clear();
            // RFC 8446 §5.1: only the first ClientHello may carry 0x0301.
            writer.LegacyVersion = TlsVersion.Tls12.Value;
        }
    }

    /// <summary>A peer that refuses this end says so and closes, and then writing fails before anybody has read what it said.</summary>
    /// <exception cref="TlsException">The alert, if that is what comes next from the peer.</exception>
    private async ValueTask FindAlertAsync()
    {
        using var limit = new CancellationTokenSource(Lingering.MostTime);
        try
        {
            while (assembler.IsEmpty)
            {
                if (reader.TryRead(out var record))
                    Accept(record);
                else
                    await FillAsync(limit.Token).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or TlsException { Source: not TlsFailureSource.Peer })
        {
            // The peer has left no reason: what matters is that writing failed.
        }
    }

    public override void InstallWriteKeys(TrafficKeys keys, TlsProtection protection)
    {
        SealOutgoing();
        writer.Install(keys);
        _writeProtection = protection;
    }

    public override void RemoveWriteKeys()
    {
        SealOutgoing();
        writer.RemoveKeys();
        _writeProtection = TlsProtection.Plaintext;
    }

    public override void InstallReadKeys(TrafficKeys keys, TlsProtection protection)
    {
        // RFC 8446 §5.1: "Handshake messages MUST NOT span key changes."
        if (!assembler.IsEmpty)
        {
            keys.Dispose();
            throw new TlsException(TlsError.MessageAcrossKeyChange);
        }
        reader.Install(keys);
        _readProtection = protection;
    }

    public override void Describe(string detail) => steps.Describe(detail);

    /// <summary>Sends an alert, and what was queued before it is dropped.</summary>
    /// <returns>Whether it was sent: not behind a write that failed or was cancelled, since the peer could make nothing of it without the records that are missing.</returns>
    public async ValueTask<bool> TrySendAlertAsync(TlsAlert alert, CancellationToken cancellationToken)
    {
        if (_isWriteBroken)
            return false;
        _outgoing.Clear();
        writer.AppendAlert(alert);
        steps.Sent($"Alert {AlertNames.Of(alert)}", 2, _writeProtection, "");
        await WriteAsync(cancellationToken).ConfigureAwait(false);
        return true;
    }

    public void Dispose() => _outgoing.Dispose();

    private void SealOutgoing()
    {
        if (_outgoing.Length == 0)
            return;
        writer.Append(ContentType.Handshake, _outgoing.Written);
        _outgoing.Clear();
    }

    private void Accept(Record record)
    {
        // RFC 8446 §5.1: "Handshake messages MUST NOT be interleaved with other record types."
        if (record.Type != ContentType.Handshake && !assembler.IsEmpty && record.Type != ContentType.Alert)
            throw new TlsException(TlsError.InterleavedHandshake, record.Type.ToString());
        switch (record.Type)
        {
            case ContentType.Handshake:
                assembler.Add(record.Content.Span);
                break;
            case ContentType.Alert:
                AcceptAlert(record.Content.Span);
                break;
            case ContentType.ChangeCipherSpec:
                // RFC 8446 §5: a single byte of 1 is dropped without further processing.
                if (record.Content.Span[0] != 1)
                    throw new TlsException(TlsError.UnexpectedChangeCipherSpec, "its byte is not 1");
                _changedCipherSpec = true;
                _idle.AddEmpty();
                break;
            case ContentType.ApplicationData:
            case ContentType.Invalid:
            default:
                throw new TlsException(TlsError.EarlyApplicationData);
        }
    }

    private void AcceptAlert(ReadOnlySpan<byte> content)
    {
        var alert = AlertRecord.Parse(content);
        steps.Received($"Alert {AlertNames.Of(alert)}", 2, _readProtection);
        steps.Describe(AlertNames.Meaning(alert));
        // RFC 8446 §6.1: user_canceled is a warning that close_notify follows.
        if (AlertRecord.IsPassedOver(content, _version))
            _idle.AddWarning();
        else
            throw alert == TlsAlert.CloseNotify ? new TlsException(TlsError.ClosedDuringHandshake, "it sent close_notify") : TlsException.FromPeer(alert);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        int count;
        try
        {
            count = await transport.ReadAsync(reader.GetSpace(), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            throw new TlsException(TlsError.TransportFailed, exception.Message, exception);
        }
        if (count == 0)
            throw new TlsException(TlsError.ClosedDuringHandshake, reader.HasInput ? "in the middle of a record" : null);
        reader.Added(count);
    }
}
