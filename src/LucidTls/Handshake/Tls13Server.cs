using System.Net.Security;
using LucidTls.Certificates;
using LucidTls.Cryptography;
using LucidTls.Diagnostics;
using LucidTls.Protocol;
using LucidTls.Records;

namespace LucidTls.Handshake;

/// <summary>The server's side of the TLS 1.3 handshake (RFC 8446 §2), from the ClientHello on: <see cref="RunAsync"/> reads as the RFC's first figure does.</summary>
internal sealed class Tls13Server(ServerGreeting greeting, TlsServerOptions options, HandshakeChannel channel, CryptoProvider crypto, HandshakeHooks hooks, StepRecorder steps) : IDisposable
{
    private readonly Transcript _transcript = new();
    private readonly byte[] _hash = new byte[64];
    private SuiteAlgorithm? _suite;
    private HandshakeStage? _handshakeStage;
    private MasterStage? _masterStage;
    private Secret? _clientTraffic;
    private Secret? _serverTraffic;
    private NamedGroup _group;
    private bool _sentChangeCipherSpec;
    private bool _retried;
    private ReadOnlyMemory<byte> _helloBytes = greeting.HelloBytes;
    private byte[] _beforeHello = [];
    private ServerResumption? _resumption;
    private ServerPsk? _psk;
    private (ushort Index, VerifiedPeer Client)? _acceptedPsk;
    private TlsEarlyDataStatus _earlyData;
    private string? _earlyDataRefusal;
    private RecordSizes _sizes;
    private TlsIdentity? _identity;
    private SignatureScheme? _scheme;

    private ClientHello Hello { get; set; } = greeting.Hello;
    private KeyLog KeyLog => greeting.KeyLog;

    /// <summary>Whether nothing else proves the two ends: no session and no key given beforehand.</summary>
    private bool MustShowIdentity => _resumption == null && _acceptedPsk == null;

    private bool MayAskForCertificateLater => options.PostHandshakeAuthentication && Hello.OffersPostHandshakeAuth;

    private Secret? PreSharedKey => _resumption?.PreSharedKey ?? (_acceptedPsk == null ? null : _psk!.Secret);
    private SuiteAlgorithm Suite => _suite ?? throw new InvalidOperationException("The suite is not known yet.");

    public async ValueTask<HandshakeResult> RunAsync(CancellationToken cancellationToken)
    {
        CheckClientHello();
        channel.AllowsChangeCipherSpec = true;
        _psk = await ServerPsk.FindAsync(Hello, options, crypto, cancellationToken).ConfigureAwait(false);
        _suite = _psk?.Suite ?? ServerChoice.Suite(Hello, options, crypto, TlsVersion.Tls13);
        var protocol = ServerChoice.Protocol(Hello, options);
        _transcript.Start(Suite, keepMessages: MayAskForCertificateLater);
        var (group, share) = await AgreeOnGroupAsync(cancellationToken).ConfigureAwait(false);
        _resumption = await ServerResumption.TryAsync(Hello, _helloBytes, _beforeHello, Suite, holdsKey: _psk != null, options, cancellationToken).ConfigureAwait(false);
        if (_resumption == null)
            _acceptedPsk = _psk?.Check(Hello, _helloBytes.Span, _beforeHello);
        _transcript.Add(_helloBytes.Span);
        await DecideOnEarlyDataAsync(protocol, cancellationToken).ConfigureAwait(false);

        if (MustShowIdentity)
            (_identity, _scheme) = await ServerChoice.IdentityAsync(Hello, options, cancellationToken).ConfigureAwait(false);
        _sizes = RecordSizes.OfServer(Hello, options, TlsVersion.Tls13);
        _sizes.ApplyToSent(channel);
        SendServerHello(group, share);
        SendEncryptedExtensions(protocol);
        var request = MustShowIdentity ? await SendServerProofAsync(cancellationToken).ConfigureAwait(false) : null;
        Send(FinishedProof.Make(Suite, _serverTraffic!, _transcript.Current(_hash)), "both ends saw the same handshake");
        _masterStage = _handshakeStage!.Advance();
        var serverFinishedHash = _transcript.Current(_hash).ToArray();
        InstallApplicationWriteKeys(serverFinishedHash);
        await channel.FlushAsync(cancellationToken).ConfigureAwait(false);

        var earlyData = await ReceiveEarlyDataAsync(protocol, cancellationToken).ConfigureAwait(false);
        var client = _resumption?.Client ?? _acceptedPsk?.Client ?? await ReceiveClientProofAsync(request, cancellationToken).ConfigureAwait(false);
        var finished = await ReceiveFinishedAsync(cancellationToken).ConfigureAwait(false);
        channel.AllowsChangeCipherSpec = false;
        InstallApplicationReadKeys(client, finished, serverFinishedHash);

        await SendTicketsAsync(client, protocol, cancellationToken).ConfigureAwait(false);

        var exporter = new Tls13Exporter(Suite, ExporterSecret(serverFinishedHash));
        return new HandshakeResult(client, finished, SessionInfo(client, protocol), exporter, tickets: null, earlyData)
        {
            WantsToAskLater = options.PostHandshakeAuthentication,
            ServerAuthentication = MayAskForCertificateLater ? new PostHandshakeServer(Suite, _transcript.Messages, options, hooks) : null,
        };
    }

    public void Dispose()
    {
        _transcript.Dispose();
        _resumption?.Dispose();
        _psk?.Dispose();
        _handshakeStage?.Dispose();
        _masterStage?.Dispose();
        _clientTraffic?.Dispose();
        _serverTraffic?.Dispose();
    }

    private void CheckClientHello()
    {
        ClientHelloChecks.Demand(Hello);
        if (!Hello.OffersEarlyData)
            return;
        _earlyData = TlsEarlyDataStatus.Rejected;
        channel.EarlyDataToSkip = (int)Math.Clamp(9L * options.MaxEarlyDataSize / 8, LeastEarlyDataToSkip, int.MaxValue);
    }

    /// <summary>
    /// A client whose early data is not taken has sent some already. This much of it is passed over even by a server that takes none, as BoringSSL does; by one that does,
    /// an eighth more than may come, since records are longer than what they hold.
    /// </summary>
    private const int LeastEarlyDataToSkip = 1 << 14;

    private async ValueTask<(KeyExchangeGroup Group, ReadOnlyMemory<byte> Share)> AgreeOnGroupAsync(CancellationToken cancellationToken)
    {
        var group = ServerChoice.Group(Hello, options, crypto, out var share);
        _group = group.Id;
        if (share is { } sent)
            return (group, sent);

        var cookie = await RetryAsync(group.Id, cancellationToken).ConfigureAwait(false);
        var message = await channel.ReceiveAsync(HandshakeType.ClientHello, cancellationToken).ConfigureAwait(false);
        var second = ClientHello.Parse(message.Body);
        if (second.Versions?.Contains(TlsVersion.Tls13) != true)
            throw new TlsException(TlsError.ClientHelloChanged, "TLS 1.3 is no longer offered");
        ClientHelloChecks.Demand(second);
        ClientHelloChecks.DemandSame(Hello, second, group.Id, cookie);
        channel.Describe($"once more, with a key share for {group.Id}");
        // RFC 8446 §4.2.10: none follows the second hello, whatever that says.
        channel.EarlyDataToSkip = 0;
        Hello = second;
        _helloBytes = message.Bytes;
        return (group, second.KeyShares![0].KeyExchange);
    }

    // RFC 8446 §4.1.4. This server keeps its state, so it needs no cookie; the one checked is what a hook put in.
    private async ValueTask<ReadOnlyMemory<byte>?> RetryAsync(NamedGroup group, CancellationToken cancellationToken)
    {
        _retried = true;
        _transcript.Add(_helloBytes.Span);
        var messageHash = _transcript.ReplaceWithMessageHash();
        var extensions = new ExtensionBlock();
        extensions.Add(ExtensionType.SupportedVersions, Extensions.BuildSelectedVersion(TlsVersion.Tls13));
        extensions.Add(ExtensionType.KeyShare, Extensions.BuildSelectedGroup(group));
        var retry = (ServerHello)hooks.BeforeSend(new ServerHello
        {
            Random = ServerHello.HelloRetryRandom.ToArray(),
            SessionId = Hello.SessionId,
            CipherSuite = Suite.Id,
            Extensions = extensions,
        });
        var sent = channel.Send(retry, $"HelloRetryRequest: wants a key share for {group}");
        _transcript.Add(sent.Span);
        _beforeHello = [.. messageHash, .. sent.Span];
        SendChangeCipherSpec();
        await channel.FlushAsync(cancellationToken).ConfigureAwait(false);
        return retry.Extensions.TryGet(ExtensionType.Cookie, out var cookie) ? Extensions.ParseCookie(cookie) : default(ReadOnlyMemory<byte>?);
    }

    private void SendServerHello(KeyExchangeGroup group, ReadOnlyMemory<byte> clientShare)
    {
        var random = new byte[32];
        hooks.FillRandom(random);
        var (serverShare, sharedSecret) = Respond(group, clientShare.Span);
        using (sharedSecret)
        {
            var extensions = new ExtensionBlock();
            extensions.Add(ExtensionType.KeyShare, Extensions.BuildServerShare(new KeyShareEntry(group.Id, serverShare)));
            extensions.Add(ExtensionType.SupportedVersions, Extensions.BuildSelectedVersion(TlsVersion.Tls13));
            // RFC 8446 §4.2.11: which of the client's pre-shared keys was taken.
            if ((_resumption?.Index ?? _acceptedPsk?.Index) is { } index)
                extensions.Add(ExtensionType.PreSharedKey, Extensions.BuildSelectedIdentity(index));
            Send(new ServerHello { Random = random, SessionId = Hello.SessionId, CipherSuite = Suite.Id, Extensions = extensions }, $"picks {Suite.Id}, {group.Id}{StepDetails.Psk(_resumption != null, _acceptedPsk?.Client.PreSharedKey)}");
            _handshakeStage = EarlyStage.Pass(Suite, PreSharedKey is { } key ? key.Span : default, sharedSecret);
        }
        SendChangeCipherSpec();
        InstallHandshakeKeys();
    }

    private (byte[] ServerShare, Secret SharedSecret) Respond(KeyExchangeGroup group, ReadOnlySpan<byte> clientShare)
    {
        try
        {
            return hooks.Respond(group, clientShare);
        }
        catch (InvalidKeyShareException exception)
        {
            throw new TlsException(TlsError.InvalidKeyShare, exception.Message);
        }
    }

    private void InstallHandshakeKeys()
    {
        var hash = _transcript.Current(_hash);
        _clientTraffic = _handshakeStage!.ClientTraffic(hash);
        _serverTraffic = _handshakeStage.ServerTraffic(hash);
        KeyLog.Write("CLIENT_HANDSHAKE_TRAFFIC_SECRET", _clientTraffic);
        KeyLog.Write("SERVER_HANDSHAKE_TRAFFIC_SECRET", _serverTraffic);
        channel.InstallWriteKeys(TrafficKeys.OfHandshake(Suite, _serverTraffic), TlsProtection.Handshake);
        if (_earlyData != TlsEarlyDataStatus.Accepted)
            InstallHandshakeReadKeys();
    }

    private void InstallHandshakeReadKeys()
    {
        channel.InstallReadKeys(TrafficKeys.OfHandshake(Suite, _clientTraffic!), TlsProtection.Handshake);
        channel.MostContentReceived = _sizes.Received;
    }

    // RFC 8446 §4.2.10: what is not taken is passed over, and the handshake goes on.
    private async ValueTask DecideOnEarlyDataAsync(SslApplicationProtocol protocol, CancellationToken cancellationToken)
    {
        if (_earlyData == TlsEarlyDataStatus.NotOffered)
            return;
        _earlyDataRefusal = await EarlyDataChoice.RefusalAsync(_resumption, Hello, _retried, protocol, options, cancellationToken).ConfigureAwait(false);
        if (_earlyDataRefusal != null)
            return;
        _earlyData = TlsEarlyDataStatus.Accepted;
        channel.EarlyDataToSkip = 0;
        using var early = EarlyStage.Create(Suite, _resumption!.PreSharedKey.Span);
        var traffic = early.ClientEarlyTraffic(_transcript.Current(_hash));
        KeyLog.Write("CLIENT_EARLY_TRAFFIC_SECRET", traffic);
        channel.InstallReadKeys(new TrafficKeys(Suite, traffic), TlsProtection.EarlyData);
    }

    /// <returns>What the application's handler left unread.</returns>
    private async ValueTask<ReadOnlyMemory<byte>> ReceiveEarlyDataAsync(SslApplicationProtocol protocol, CancellationToken cancellationToken)
    {
        if (_earlyData != TlsEarlyDataStatus.Accepted)
            return default;
        var exchange = new TlsEarlyDataExchange(channel, _resumption!.Session.MaxEarlyDataSize, Hello.ServerName, protocol);
        try
        {
            if (options.EarlyDataHandler is { } handler)
                await handler(exchange, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not (OperationCanceledException or TlsException))
        {
            throw new TlsException(TlsError.LocalFailure, "the early data handler failed", exception);
        }
        var rest = await exchange.FinishAsync(cancellationToken).ConfigureAwait(false);
        var message = await channel.ReceiveAsync(HandshakeType.EndOfEarlyData, cancellationToken).ConfigureAwait(false);
        EndOfEarlyData.Parse(message.Body);
        channel.Describe($"after {exchange.Received} bytes of early data");
        _transcript.Add(message.Bytes.Span);
        InstallHandshakeReadKeys();
        return rest;
    }

    private void SendEncryptedExtensions(SslApplicationProtocol protocol)
    {
        var extensions = new ExtensionBlock();
        // RFC 6066 §3: an empty server_name says that the name was used.
        // RFC 6066 §3: a server that resumes "MUST NOT include a server_name extension".
        if (Hello.ServerName != null && _resumption == null)
            extensions.Add(ExtensionType.ServerName, default);
        if (!protocol.Protocol.IsEmpty)
            extensions.Add(ExtensionType.ApplicationLayerProtocolNegotiation, Extensions.BuildProtocols([protocol]));
        if (_earlyData == TlsEarlyDataStatus.Accepted)
            extensions.Add(ExtensionType.EarlyData, default);
        if (_sizes.Answer is { } answer)
            extensions.Add(answer, _sizes.AnswerData);
        // RFC 9149 §3: how many it will be.
        if (Hello.TicketRequest != null)
            extensions.Add(ExtensionType.TicketRequest, new[] { (byte)TicketsToGive });
        Send(new EncryptedExtensions { Extensions = extensions }, StepDetails.Answer(protocol, _earlyData, _earlyDataRefusal));
    }

    private async ValueTask<CertificateRequest?> SendServerProofAsync(CancellationToken cancellationToken)
    {
        var request = SendCertificateRequest();
        Send(CertificateProof.Message(_identity, default, Hello.Extensions), StepDetails.Certificates(_identity!.Chain.Count));
        await SendCertificateVerifyAsync(_identity, _scheme!.Value, cancellationToken).ConfigureAwait(false);
        return request;
    }

    /// <summary>As many as the client asks for, within what a server may give at all; if it does not ask, as the options say, and one after a resumption.</summary>
    private int TicketsToGive
    {
        get
        {
            if (options.TicketStore == null || options.TicketCount == 0 || Hello.PskModes?.Contains((byte)1) != true)
                return 0;
            if (Hello.TicketRequest is { } wanted)
                return Math.Min((int)(_resumption == null ? wanted.AfterFull : wanted.AfterResumed), TlsServerOptions.MostTickets);
            return _resumption == null ? options.TicketCount : 1;
        }
    }

    // RFC 8446 §4.6.1: tickets for a client that can use them: psk_dhe_ke (1).
    private async ValueTask SendTicketsAsync(VerifiedPeer client, SslApplicationProtocol protocol, CancellationToken cancellationToken)
    {
        if (options.TicketStore is not { } store || TicketsToGive == 0)
            return;
        using var secret = _masterStage!.Resumption(_transcript.Current(_hash));
        for (byte nonce = 0; nonce < TicketsToGive; nonce++)
        {
            if (await ServerResumption.MakeTicketAsync(store, Suite, secret, nonce, _group, Hello.ServerName, protocol, client, options, hooks, cancellationToken).ConfigureAwait(false) is { } ticket)
                channel.Send(hooks.BeforeSend(ticket), "for resuming this session");
        }
        // Early data may have been answered already, and then nothing follows that tickets could travel with.
        await (_earlyData == TlsEarlyDataStatus.Accepted ? channel.FlushAsync(cancellationToken) : channel.FlushLaterAsync(cancellationToken)).ConfigureAwait(false);
    }

    private CertificateRequest? SendCertificateRequest()
    {
        if (options.ClientCertificateMode == ClientCertificateMode.None)
            return null;
        var request = CertificateProof.Request(options, hooks.ClientVerifier(options), context: default);
        Send(request, "asks for a client certificate");
        return request;
    }

    private async ValueTask SendCertificateVerifyAsync(TlsIdentity identity, SignatureScheme scheme, CancellationToken cancellationToken)
    {
        var content = CertificateProof.SignedContent(byServer: true, _transcript.Current(_hash));
        Send(await CertificateProof.SignAsync(identity, scheme, content, cancellationToken).ConfigureAwait(false), $"signed with {scheme}");
    }

    private async ValueTask<VerifiedPeer> ReceiveClientProofAsync(CertificateRequest? request, CancellationToken cancellationToken)
    {
        if (request == null)
            return VerifiedPeer.AnonymousClient(ClientCertificateMode.None, TlsVersion.Tls13);
        var message = await channel.ReceiveAsync(HandshakeType.Certificate, cancellationToken).ConfigureAwait(false);
        var certificate = CertificateMessage.Parse(message.Body);
        if (!certificate.Context.IsEmpty)
            throw new TlsException(TlsError.IllegalValue, "a certificate context that was not in the request");
        foreach (var entry in certificate.Entries)
            entry.Extensions.DemandAllOffered(request.Extensions);
        channel.Describe(StepDetails.Certificates(certificate.Entries.Count));
        if (certificate.Entries.Count == 0)
        {
            _transcript.Add(message.Bytes.Span);
            return VerifiedPeer.AnonymousClient(options.ClientCertificateMode, TlsVersion.Tls13);
        }
        var judged = await JudgedChain.JudgeAsync(certificate, hooks.ClientVerifier(options), name: null, CertificatePurpose.Client, request.Extensions, cancellationToken).ConfigureAwait(false);
        _transcript.Add(message.Bytes.Span);

        var signed = CertificateProof.SignedContent(byServer: false, _transcript.Current(_hash));
        message = await channel.ReceiveAsync(HandshakeType.CertificateVerify, cancellationToken).ConfigureAwait(false);
        var proof = CertificateVerify.Parse(message.Body);
        var client = VerifiedPeer.Check(judged, proof, options.SignatureSchemes, signed, TlsVersion.Tls13);
        channel.Describe($"signed with {proof.Scheme}");
        _transcript.Add(message.Bytes.Span);
        return client;
    }

    private async ValueTask<VerifiedFinished> ReceiveFinishedAsync(CancellationToken cancellationToken)
    {
        var hash = _transcript.Current(_hash).ToArray();
        var message = await channel.ReceiveAsync(HandshakeType.Finished, cancellationToken).ConfigureAwait(false);
        var finished = VerifiedFinished.Check(Suite, _clientTraffic!, hash, message.Body);
        channel.Describe("both ends saw the same handshake");
        _transcript.Add(message.Bytes.Span);
        return finished;
    }

    // RFC 8446 §4.4.4: the server may write as soon as it has sent its Finished; the application gets to do so only with a result in hand.
    private void InstallApplicationWriteKeys(ReadOnlySpan<byte> serverFinishedHash)
    {
        var traffic = _masterStage!.ServerTraffic(serverFinishedHash);
        KeyLog.Write("SERVER_TRAFFIC_SECRET_0", traffic);
        channel.InstallWriteKeys(new TrafficKeys(Suite, traffic), TlsProtection.Application);
    }

    private void InstallApplicationReadKeys(VerifiedPeer client, VerifiedFinished finished, ReadOnlySpan<byte> serverFinishedHash)
    {
        _ = (client, finished);
        var traffic = _masterStage!.ClientTraffic(serverFinishedHash);
        KeyLog.Write("CLIENT_TRAFFIC_SECRET_0", traffic);
        channel.InstallReadKeys(new TrafficKeys(Suite, traffic), TlsProtection.Application);
    }

    private Secret ExporterSecret(ReadOnlySpan<byte> serverFinishedHash)
    {
        var secret = _masterStage!.Exporter(serverFinishedHash);
        KeyLog.Write("EXPORTER_SECRET", secret);
        return secret;
    }

    private TlsSessionInfo SessionInfo(VerifiedPeer client, SslApplicationProtocol protocol) => new()
    {
        Version = TlsVersion.Tls13,
        CipherSuite = Suite.Id,
        Group = _group,
        ServerSignatureScheme = _scheme,
        ClientSignatureScheme = client.Scheme,
        ServerName = Hello.ServerName,
        ApplicationProtocol = protocol,
        PeerCertificates = client.Chain,
        LocalCertificates = _identity?.Chain ?? [],
        PeerVerdict = client.Verdict,
        Resumed = _resumption != null,
        ExtendedMasterSecret = true,
        HelloRetried = _retried,
        EarlyData = _earlyData,
        PreSharedKeyIdentity = client.PreSharedKey?.Identity,
        Steps = steps.Finish(),
        HandshakeDuration = steps.Elapsed,
    };

    // RFC 8446 §D.4: once, after the first message, and only if the client's session id asked for this dance.
    private void SendChangeCipherSpec()
    {
        if (_sentChangeCipherSpec || Hello.SessionId.IsEmpty)
            return;
        _sentChangeCipherSpec = true;
        channel.SendChangeCipherSpec();
    }

    private void Send(IHandshakeBody message, string detail) => _transcript.Add(channel.Send(hooks.BeforeSend(message), detail).Span);
}
