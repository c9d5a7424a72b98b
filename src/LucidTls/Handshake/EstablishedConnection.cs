using LucidTls.Protocol;
using LucidTls.Records;

namespace LucidTls.Handshake;

/// <summary>
/// A connection after its handshake, without I/O: bytes that came are turned into application data, application data into records.
/// One thread may read while another writes. They share two things: a KeyUpdate that the peer asked for is noted by the reader and
/// sent by the writer in front of its next record (RFC 8446 §4.6.3); what a server asks its client after the handshake is asked by the writer and found answered by the reader.
/// </summary>
internal sealed class EstablishedConnection(RecordReader reader, RecordWriter writer, HandshakeAssembler assembler, HandshakeResult result, bool isServer)
{
    private readonly Exporter _exporter = result.Exporter;
    private readonly TicketReceiver? _tickets = result.Tickets;
    private readonly PostHandshakeClient? _clientAuthentication = result.ClientAuthentication;
    private readonly PostHandshakeServer? _serverAuthentication = result.ServerAuthentication;
    private readonly HeldData? _held = result.ServerAuthentication == null ? null : new HeldData();
    private ReadOnlyMemory<byte> _plaintext;
    private IdleCounts _idle;
    private int _updateWanted;

    public RecordReader Reader { get; } = reader;
    public RecordWriter Writer { get; } = writer;
    public TlsSessionInfo Session { get; private set; } = result.Session;
    public VerifiedPeer Peer { get; private set; } = result.Peer;
    public bool IsServer { get; } = isServer;
    public ReadOnlyMemory<byte> EarlyData { get; } = result.EarlyData;

    /// <summary>Whether the peer has said that it will send no more.</summary>
    public bool PeerClosed { get; private set; }

    /// <summary>Whether this is a server that may ask its client for a certificate now (RFC 8446 §4.6.2).</summary>
    public bool MayAskForCertificate => _serverAuthentication != null;

    /// <summary>Whether this server would ask such clients as offer it.</summary>
    public bool WantsToAskLater { get; } = result.WantsToAskLater;

    /// <summary>Whether <see cref="ReadAhead"/> keeps as much application data as it may.</summary>
    public bool HoldsMuchData => _held is { IsFull: true };

    /// <summary>Whether there is nothing to read until the transport brings more.</summary>
    public bool IsDrained => _plaintext.IsEmpty && !Reader.HasInput && !PeerClosed && _held == null;

    /// <summary>The most application data sealed before the transport is handed the records: three full ones fit a 64 KiB buffer.</summary>
    public const int MostPerWrite = 3 * RecordLimits.MaxPlaintext;

    /// <summary>Moves application data that is there into <paramref name="destination"/>.</summary>
    /// <returns>False when more bytes from the transport are needed. True with a count of 0 at the end, or for an empty destination as soon as there is something to read.</returns>
    /// <exception cref="TlsException">The peer broke a rule or ended the connection.</exception>
    public bool TryRead(Span<byte> destination, out int count)
    {
        if (TryTakeHeld(destination, out count))
            return true;
        while (_plaintext.IsEmpty)
        {
            count = 0;
            if (PeerClosed)
                return true;
            if (!Reader.TryRead(out var record))
            {
                Reader.Release();
                return false;
            }
            Accept(record);
        }
        count = Math.Min(destination.Length, _plaintext.Length);
        _plaintext.Span[..count].CopyTo(destination);
        _plaintext = _plaintext[count..];
        if (_plaintext.IsEmpty)
            Reader.Release();
        return true;
    }

    /// <summary>The same with what <see cref="ReadAhead"/> has kept alone, which may be called while another thread reads.</summary>
    public bool TryTakeHeld(Span<byte> destination, out int count)
    {
        count = 0;
        return _held?.TryTake(destination, out count) == true;
    }

    /// <summary>Goes through the records that are there, and keeps the application data among them for <see cref="TryRead"/>.</summary>
    /// <param name="answered">What is looked for.</param>
    /// <returns>Whether more bytes from the transport are wanted: not when it was found, when the peer has closed, or when enough is kept.</returns>
    /// <exception cref="TlsException">The peer broke a rule or ended the connection.</exception>
    public bool ReadAhead(Task answered)
    {
        while (true)
        {
            _held!.Add(_plaintext.Span);
            _plaintext = default;
            if (answered.IsCompleted || PeerClosed || _held.IsFull)
                return false;
            if (!Reader.TryRead(out var record))
            {
                Reader.Release();
                return true;
            }
            Accept(record);
        }
    }

    /// <summary>Seals a request for the client's certificate.</summary>
    /// <exception cref="InvalidOperationException">Too many have no answer yet, or none may be made.</exception>
    public PostHandshakeQuestion AskForCertificate()
    {
        var server = _serverAuthentication ?? throw new InvalidOperationException("There is no asking for certificates on this connection.");
        Seal(default);
        return server.Ask(Writer);
    }

    /// <summary>The server's next request that this client has not answered; null when there is none.</summary>
    public PostHandshakeAnswer? TakeUnanswered() => _clientAuthentication?.Take();

    /// <summary>Seals a prepared answer.</summary>
    public void AppendAnswer(PostHandshakeAnswer answer)
    {
        Seal(default);
        Writer.Append(ContentType.Handshake, answer.Finish(Writer.TrafficSecret));
        if (answer.Identity is { } identity)
            Session = Session.AfterShowing(identity.Chain, answer.Scheme);
    }

    /// <summary>The client has proved who it is.</summary>
    public void Accept(VerifiedPeer client)
    {
        Peer = client;
        Session = Session.AfterBeingShown(client.Chain, client.Verdict, client.Scheme);
    }

    /// <summary>Whoever waits for the client's certificate waits in vain.</summary>
    public void FailQuestions(TlsException reason) => _serverAuthentication?.Fail(reason);

    /// <summary>Seals application data, at most <see cref="MostPerWrite"/> bytes at a time, into the writer.</summary>
    public void Seal(ReadOnlySpan<byte> data)
    {
        if (Writer.KeysAreWorn || Interlocked.Exchange(ref _updateWanted, 0) == 1)
            AppendKeyUpdate(requestUpdate: false);
        if (!data.IsEmpty)
            Writer.Append(ContentType.ApplicationData, data);
    }

    /// <summary>RFC 8446 §4.6.3: announces new keys under the old ones, and changes to them at once.</summary>
    /// <exception cref="InvalidOperationException">The version is TLS 1.2, which has no such thing.</exception>
    public void AppendKeyUpdate(bool requestUpdate)
    {
        if (Session.Version == TlsVersion.Tls12)
            throw new InvalidOperationException("TLS 1.2 has no KeyUpdate.");
        Writer.Append(ContentType.Handshake, [HandshakeType.KeyUpdate.Value, 0, 0, 1, requestUpdate ? (byte)1 : (byte)0]);
        Writer.UpdateKeys();
    }

    /// <summary>Exports keying material (RFC 8446 §7.5, RFC 5705).</summary>
    /// <exception cref="InvalidOperationException">The connection speaks TLS 1.2 without extended_master_secret.</exception>
    public void Export(ReadOnlySpan<byte> label, ReadOnlySpan<byte> context, bool hasContext, Span<byte> output)
    {
        // RFC 7627 §5.4: such an end "MUST disable [RFC5705]", since another connection may have the same master secret.
        if (!Session.ExtendedMasterSecret)
            throw new InvalidOperationException("TLS 1.2 without extended_master_secret exports no keying material (RFC 7627 §5.4).");
        _exporter.Export(label, context, hasContext, output);
    }

    public void DisposeReader()
    {
        Reader.Dispose();
        assembler.Dispose();
        _tickets?.Dispose();
        _clientAuthentication?.Dispose();
        _serverAuthentication?.Dispose();
    }

    public void DisposeWriter()
    {
        Writer.Dispose();
        _exporter.Dispose();
    }

    private void Accept(Record record)
    {
        // RFC 8446 §5.1: "Handshake messages MUST NOT be interleaved with other record types."
        if (record.Type == ContentType.ApplicationData && (!assembler.IsEmpty || _serverAuthentication is { IsAnswering: true }))
            throw new TlsException(TlsError.InterleavedHandshake, "application data");
        if (record.Type == ContentType.ApplicationData && record.Content.Length > 0)
        {
            _plaintext = record.Content;
            _idle.Clear();
            return;
        }
        switch (record.Type)
        {
            case ContentType.Handshake:
                assembler.Add(record.Content.Span);
                while (assembler.TryTake(out var message))
                    Accept(message);
                break;
            case ContentType.Alert:
                AcceptAlert(record.Content.Span);
                break;
            case ContentType.ApplicationData:
            case ContentType.ChangeCipherSpec:
            case ContentType.Invalid:
            default:
                _idle.AddEmpty();
                break;
        }
    }

    private void AcceptAlert(ReadOnlySpan<byte> content)
    {
        var alert = AlertRecord.Parse(content);
        if (alert == TlsAlert.CloseNotify)
        {
            PeerClosed = true;
            _serverAuthentication?.Fail(new TlsException(TlsError.ClosedDuringHandshake, "it was asked for a certificate"));
        }
        else if (AlertRecord.IsPassedOver(content, Session.Version))
            _idle.AddWarning();
        else
            throw TlsException.FromPeer(alert);
    }

    private void Accept(HandshakeMessage message)
    {
        if (Session.Version == TlsVersion.Tls12)
            throw RefusalTls12(message);
        if (_serverAuthentication?.TryAccept(message, Reader.TrafficSecret) == true)
            return;
        if (message.Type == HandshakeType.CertificateRequest && _clientAuthentication is { } client)
        {
            client.Accept(message);
            return;
        }
        if (message.Type == HandshakeType.KeyUpdate)
        {
            _idle.AddKeyUpdate();
            AcceptKeyUpdate(KeyUpdate.Parse(message.Body));
            return;
        }
        // RFC 8446 §4.6.1: tickets come from servers.
        if (message.Type == HandshakeType.NewSessionTicket && !IsServer)
        {
            _idle.AddTicket();
            var ticket = NewSessionTicket.Parse(message.Body);
            _tickets?.Accept(ticket);
            return;
        }
        throw new TlsException(TlsError.UnexpectedMessage, $"{message.Type} after the handshake");
    }

    // RFC 5246 §7.2.2: no_renegotiation to a HelloRequest or a ClientHello. Nothing else may come after a TLS 1.2 handshake.
    private TlsException RefusalTls12(HandshakeMessage message) => message.Type == (IsServer ? HandshakeType.ClientHello : HandshakeType.HelloRequest)
        ? new TlsException(TlsError.Renegotiation, $"it sent {message.Type} after the handshake")
        : new TlsException(TlsError.UnexpectedMessage, $"{message.Type} after the handshake");

    private void AcceptKeyUpdate(KeyUpdate update)
    {
        // RFC 8446 §5.1: nothing may follow in the same record.
        if (!assembler.IsEmpty)
            throw new TlsException(TlsError.MessageAcrossKeyChange);
        Reader.UpdateKeys();
        // Several requests before our next record are answered by one update.
        if (update.RequestUpdate)
            Interlocked.Exchange(ref _updateWanted, 1);
    }
}
