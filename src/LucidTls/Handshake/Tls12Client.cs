using System.Net.Security;
using LucidTls.Certificates;
using LucidTls.Cryptography;
using LucidTls.Protocol;
using LucidTls.Records;
using LucidTls.Sessions;

namespace LucidTls.Handshake;

/// <summary>
/// The client's side of the TLS 1.2 handshake (RFC 5246 §7.3), from the answer to the ClientHello on: <see cref="RunFullAsync"/> and
/// <see cref="ResumeAsync"/> read as the RFC's two figures do.
/// </summary>
internal sealed class Tls12Client(ClientGreeting greeting, TlsClientOptions options, HandshakeChannel channel, CryptoProvider crypto, HandshakeHooks hooks, StepRecorder steps) : IDisposable
{
    private readonly Transcript _transcript = greeting.Transcript;
    private readonly ClientSession? _session = greeting.Session is { } session && session.Version == TlsVersion.Tls12 ? session : null;
    private readonly byte[] _hash = new byte[64];
    private SuiteAlgorithm? _suite;
    private ServerHello? _serverHello;
    private NamedGroup _group;
    private Tls12KeySchedule? _schedule;
    private bool _resumed;
    private SslApplicationProtocol _protocol;
    private Tls12NewSessionTicket? _ticket;

    private ClientHello Hello => greeting.Offer.Hello;
    private ServerHello ServerHello => _serverHello ?? throw new InvalidOperationException("No ServerHello has come yet.");
    private SuiteAlgorithm Suite => _suite ?? throw new InvalidOperationException("The suite is not known yet.");
    private Tls12KeySchedule Schedule => _schedule ?? throw new InvalidOperationException("There is no master secret yet.");
    private bool UsesExtendedMasterSecret => ServerHello.Extensions.Contains(ExtensionType.ExtendedMasterSecret);

    public async ValueTask<HandshakeResult> RunAsync(ServerHello answer, HandshakeMessage message, CancellationToken cancellationToken)
    {
        // Here change_cipher_spec has a meaning and one place (RFC 5246 §7.1).
        channel.AllowsChangeCipherSpec = false;
        AcceptServerHello(answer);
        _transcript.Start(Suite, keepMessages: true);
        _transcript.Add(message.Bytes.Span);
        return _resumed
            ? await ResumeAsync(_session!, cancellationToken).ConfigureAwait(false)
            : await RunFullAsync(cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<HandshakeResult> RunFullAsync(CancellationToken cancellationToken)
    {
        var (judged, next) = await ReceiveCertificateAsync(cancellationToken).ConfigureAwait(false);
        var (exchange, server) = AcceptServerKeyExchange(judged, next);
        var request = await ReceiveServerHelloDoneAsync(cancellationToken).ConfigureAwait(false);

        var (identity, scheme) = await SendCertificateAsync(request, cancellationToken).ConfigureAwait(false);
        SendClientKeyExchange(exchange);
        await SendCertificateVerifyAsync(identity, scheme, cancellationToken).ConfigureAwait(false);
        var (clientKeys, serverKeys) = Schedule.TrafficKeys();
        await SendFinishedAsync(clientKeys, cancellationToken).ConfigureAwait(false);

        await ReceiveNewSessionTicketAsync(cancellationToken).ConfigureAwait(false);
        var finished = await ReceiveFinishedAsync(serverKeys, cancellationToken).ConfigureAwait(false);
        return Result(server, finished, identity, scheme);
    }

    private async ValueTask<HandshakeResult> ResumeAsync(ClientSession session, CancellationToken cancellationToken)
    {
        _transcript.DropMessages();
        _group = session.Group;
        TakeMasterSecret(new Tls12KeySchedule(Suite, new Secret(session.PreSharedKey.Span), Hello.Random, ServerHello.Random));
        var (clientKeys, serverKeys) = Schedule.TrafficKeys();

        await ReceiveNewSessionTicketAsync(cancellationToken).ConfigureAwait(false);
        var finished = await ReceiveFinishedAsync(serverKeys, cancellationToken).ConfigureAwait(false);
        await SendFinishedAsync(clientKeys, cancellationToken).ConfigureAwait(false);
        return Result(VerifiedPeer.Resumed(session.ServerChain, session.Verdict, session.ServerSignatureScheme), finished, identity: null, scheme: null);
    }

    public void Dispose() => _schedule?.Dispose();

    private void AcceptServerHello(ServerHello hello)
    {
        _serverHello = hello;
        if (!greeting.Offer.CipherSuites.Contains(hello.CipherSuite) || hello.CipherSuite.Version != TlsVersion.Tls12 || !crypto.TryGetSuite(hello.CipherSuite, out _suite))
            throw new TlsException(TlsError.SelectedUnofferedSuite, hello.CipherSuite.ToString());
        if (hello.CompressionMethod != 0)
            throw new TlsException(TlsError.Compression, $"method {hello.CompressionMethod}");
        CheckExtensions(hello.Extensions);
        _resumed = AcceptsResumption(hello);
        _protocol = hello.Extensions.TryGet(ExtensionType.ApplicationLayerProtocolNegotiation, out var protocol) ? ClientChoice.Protocol(options, protocol) : default;
        ClientChoice.DemandProtocol(options, _protocol);
        channel.Describe($"picks {TlsVersion.Tls12}, {hello.CipherSuite}{(_resumed ? ", resumes the session" : "")}{(_protocol.Protocol.IsEmpty ? "" : $", application protocol {_protocol}")}");
    }

    private void CheckExtensions(ExtensionBlock extensions)
    {
        extensions.DemandPlaces(ExtensionPlace.Tls12ServerHello);
        // RFC 5246 §7.4.1.4: answers only to what was sent.
        extensions.DemandAllOffered(Hello.Extensions);
        foreach (var empty in (ReadOnlySpan<ExtensionType>)[ExtensionType.ServerName, ExtensionType.StatusRequest, ExtensionType.ExtendedMasterSecret, ExtensionType.SessionTicket])
        {
            if (extensions.TryGet(empty, out var data))
                Extensions.DemandEmpty(data, empty.ToString());
        }
        // RFC 5746 §3.4: "the client MUST then verify that the length of the 'renegotiated_connection' field is zero".
        if (extensions.TryGet(ExtensionType.RenegotiationInfo, out var renegotiation) && !renegotiation.Span.SequenceEqual("\0"u8))
            throw new TlsException(TlsError.WrongRenegotiationInfo);
        // RFC 8422 §5.2: a list without uncompressed points is an illegal_parameter.
        if (extensions.TryGet(ExtensionType.EcPointFormats, out var formats))
        {
            ExtensionForms.Demand(ExtensionType.EcPointFormats, formats, ExtensionPlace.Tls12ServerHello);
            if (!formats.Span[1..].Contains((byte)0))
                throw new TlsException(TlsError.IllegalValue, "ec_point_formats without uncompressed");
        }
        RecordSizes.OfClient(extensions, options, TlsVersion.Tls12).ApplyTo(channel);
        if (!UsesExtendedMasterSecret && !options.AllowMissingExtendedMasterSecret)
            throw new TlsException(TlsError.MissingExtendedMasterSecret);
    }

    // RFC 5246 §7.4.1.3 and RFC 5077 §3.4: the session id comes back exactly if the server resumes.
    private bool AcceptsResumption(ServerHello hello)
    {
        if (hello.SessionId.IsEmpty || !hello.SessionId.Span.SequenceEqual(Hello.SessionId.Span))
            return false;
        if (_session == null)
            throw new TlsException(TlsError.IllegalValue, "the server resumes a session that was not offered");
        if (_session.CipherSuite != hello.CipherSuite)
            throw new TlsException(TlsError.IllegalValue, $"a session of {_session.CipherSuite} resumed with {hello.CipherSuite}");
        // RFC 7627 §5.3: a session keeps what it had; otherwise the client "MUST abort the handshake".
        if (_session.ExtendedMasterSecret != UsesExtendedMasterSecret)
            throw new TlsException(TlsError.MissingExtendedMasterSecret, "the session and its resumption differ in it");
        return true;
    }

    /// <returns>The server's chain, and the message behind it and the stapled status that may follow.</returns>
    private async ValueTask<(JudgedChain Judged, HandshakeMessage Next)> ReceiveCertificateAsync(CancellationToken cancellationToken)
    {
        var message = await channel.ReceiveAsync(HandshakeType.Certificate, cancellationToken).ConfigureAwait(false);
        var certificate = Tls12Certificate.Parse(message.Body);
        if (certificate.Certificates.Count == 0)
            throw new TlsException(TlsError.NoServerCertificate);
        channel.Describe(StepDetails.Certificates(certificate.Certificates.Count));
        _transcript.Add(message.Bytes.Span);
        var extensions = LeafExtensions();
        var next = await channel.ReceiveAsync(cancellationToken).ConfigureAwait(false);
        // RFC 6066 §8: a server that announced a status need not send one.
        if (next.Type == HandshakeType.CertificateStatus && ServerHello.Extensions.Contains(ExtensionType.StatusRequest))
        {
            extensions.Add(ExtensionType.StatusRequest, CertificateStatusMessage.Parse(next.Body).Status);
            channel.Describe("a stapled OCSP response");
            _transcript.Add(next.Bytes.Span);
            next = await channel.ReceiveAsync(cancellationToken).ConfigureAwait(false);
        }
        next.Demand(HandshakeType.ServerKeyExchange);
        var verifier = options.DangerousAcceptAnyCertificate ? null : options.CertificateVerifier;
        var judged = await JudgedChain.JudgeAsync(certificate.WithLeafExtensions(extensions), verifier, options.TargetHost, CertificatePurpose.Server, Hello.Extensions, cancellationToken).ConfigureAwait(false);
        return (judged, next);
    }

    // RFC 6962 §3.3.1: in TLS 1.2 the timestamps stand in the ServerHello.
    private ExtensionBlock LeafExtensions()
    {
        var extensions = new ExtensionBlock();
        if (ServerHello.Extensions.TryGet(ExtensionType.SignedCertificateTimestamp, out var timestamps))
            extensions.Add(ExtensionType.SignedCertificateTimestamp, timestamps);
        return extensions;
    }

    private (ServerKeyExchange Exchange, VerifiedPeer Server) AcceptServerKeyExchange(JudgedChain judged, HandshakeMessage message)
    {
        var exchange = ServerKeyExchange.Parse(message.Body);
        // RFC 8422 §5.3: the certificate's key must be on a curve that was offered too.
        if (judged.LeafKey.Curve is { } curve && !greeting.Offer.Groups.Contains(curve))
            throw new TlsException(TlsError.UnsupportedCertificateKey, $"on {curve}, which was not offered (RFC 8422 §5.3)");
        // RFC 8422 §5.4: a curve that was offered.
        if (!exchange.Group.IsForTls12 || !greeting.Offer.Groups.Contains(exchange.Group))
            throw new TlsException(TlsError.SelectedUnofferedGroup, exchange.Group.ToString());
        // RFC 5246 §7.4.2: the key must be of the kind that the suite names.
        if (AuthenticationOf(exchange.Scheme) != Suite.Authentication)
            throw new TlsException(TlsError.WrongSignatureScheme, $"{exchange.Scheme} with {Suite.Id}");
        var proof = new CertificateVerify { Scheme = exchange.Scheme, Signature = exchange.Signature };
        var signed = ServerKeyExchange.SignedContent(Hello.Random.Span, ServerHello.Random.Span, exchange.Group, exchange.PublicKey.Span);
        var server = VerifiedPeer.Check(judged, proof, options.SignatureSchemes, signed, TlsVersion.Tls12);
        channel.Describe($"key share for {exchange.Group}, signed with {exchange.Scheme}");
        _transcript.Add(message.Bytes.Span);
        return (exchange, server);
    }

    private static SuiteAuthentication AuthenticationOf(SignatureScheme scheme) =>
        SchemeAlgorithm.Of(scheme) is { Kind: SignatureKind.Ecdsa or SignatureKind.Ed25519 } ? SuiteAuthentication.Ecdsa : SuiteAuthentication.Rsa;

    /// <returns>The server's wish for a certificate, if it has one.</returns>
    private async ValueTask<Tls12CertificateRequest?> ReceiveServerHelloDoneAsync(CancellationToken cancellationToken)
    {
        Tls12CertificateRequest? request = null;
        var message = await channel.ReceiveAsync(cancellationToken).ConfigureAwait(false);
        if (message.Type == HandshakeType.CertificateRequest)
        {
            request = Tls12CertificateRequest.Parse(message.Body);
            channel.Describe("asks for a client certificate");
            _transcript.Add(message.Bytes.Span);
            message = await channel.ReceiveAsync(cancellationToken).ConfigureAwait(false);
        }
        message.Demand(HandshakeType.ServerHelloDone);
        ServerHelloDone.Parse(message.Body);
        _transcript.Add(message.Bytes.Span);
        return request;
    }

    private async ValueTask<(TlsIdentity? Identity, SignatureScheme? Scheme)> SendCertificateAsync(Tls12CertificateRequest? request, CancellationToken cancellationToken)
    {
        if (request == null)
            return default;
        // RFC 5246 §7.4.4: a scheme whose type of key is not among the certificate types is of no use.
        var schemes = request.SignatureSchemes.Where(scheme => SchemeAlgorithm.Of(scheme) is not { } algorithm || Allows(request, algorithm.Authentication)).ToArray();
        var identity = await ClientChoice.IdentityAsync(options, schemes, request.CertificateAuthorities, isAfterHandshake: false, cancellationToken).ConfigureAwait(false);
        var scheme = identity == null ? null : CertificateProof.SchemeFor(identity, schemes, TlsVersion.Tls12);
        // RFC 5246 §7.4.6: without a suitable certificate the client sends an empty list.
        if (scheme == null)
            identity = null;
        Send(new Tls12Certificate { Certificates = identity?.Chain ?? [] }, StepDetails.Certificates(identity?.Chain.Count ?? 0));
        return (identity, scheme);
    }

    private static bool Allows(Tls12CertificateRequest request, SuiteAuthentication authentication) =>
        request.CertificateTypes.Span.Contains(authentication == SuiteAuthentication.Rsa ? Tls12CertificateRequest.RsaSign : Tls12CertificateRequest.EcdsaSign);

    private void SendClientKeyExchange(ServerKeyExchange exchange)
    {
        if (!crypto.TryGetGroup(exchange.Group, out var group))
            throw new InvalidOperationException($"{exchange.Group} was offered and is not there.");
        _group = exchange.Group;
        using var share = hooks.GenerateShare(group);
        try
        {
            using var premasterSecret = share.Agree(exchange.PublicKey.Span);
            Send(new ClientKeyExchange { PublicKey = share.PublicShare }, $"key share for {exchange.Group}");
            TakeMasterSecret(Tls12KeySchedule.Derive(Suite, premasterSecret, Hello.Random, ServerHello.Random, UsesExtendedMasterSecret ? _transcript.Current(_hash) : default));
        }
        catch (InvalidKeyShareException exception)
        {
            throw new TlsException(TlsError.InvalidKeyShare, exception.Message);
        }
    }

    private void TakeMasterSecret(Tls12KeySchedule schedule)
    {
        _schedule = schedule;
        greeting.KeyLog.Write("CLIENT_RANDOM", schedule.MasterSecret);
    }

    private async ValueTask SendCertificateVerifyAsync(TlsIdentity? identity, SignatureScheme? scheme, CancellationToken cancellationToken)
    {
        var signed = identity == null ? [] : _transcript.Messages;
        _transcript.DropMessages();
        if (identity == null || scheme is not { } chosen)
            return;
        Send(await CertificateProof.SignAsync(identity, chosen, signed, cancellationToken).ConfigureAwait(false), $"signed with {chosen}");
    }

    private async ValueTask SendFinishedAsync(TrafficKeys clientKeys, CancellationToken cancellationToken)
    {
        channel.SendChangeCipherSpec();
        channel.InstallWriteKeys(clientKeys, TlsProtection.Application);
        Send(new Finished { VerifyData = Schedule.VerifyData(ofServer: false, _transcript.Current(_hash)) }, "both ends saw the same handshake");
        await channel.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    // RFC 5077 §3.3: it comes exactly if the ServerHello announced it.
    private async ValueTask ReceiveNewSessionTicketAsync(CancellationToken cancellationToken)
    {
        if (!ServerHello.Extensions.Contains(ExtensionType.SessionTicket))
            return;
        var message = await channel.ReceiveAsync(HandshakeType.NewSessionTicket, cancellationToken).ConfigureAwait(false);
        _ticket = Tls12NewSessionTicket.Parse(message.Body);
        channel.Describe("for resuming this session");
        _transcript.Add(message.Bytes.Span);
    }

    private async ValueTask<VerifiedFinished> ReceiveFinishedAsync(TrafficKeys serverKeys, CancellationToken cancellationToken)
    {
        await channel.ReceiveChangeCipherSpecAsync(cancellationToken).ConfigureAwait(false);
        channel.InstallReadKeys(serverKeys, TlsProtection.Application);
        var hash = _transcript.Current(_hash).ToArray();
        var message = await channel.ReceiveAsync(HandshakeType.Finished, cancellationToken).ConfigureAwait(false);
        var finished = VerifiedFinished.CheckTls12(Schedule, ofServer: true, hash, message.Body);
        channel.Describe("both ends saw the same handshake");
        _transcript.Add(message.Bytes.Span);
        return finished;
    }

    private HandshakeResult Result(VerifiedPeer server, VerifiedFinished finished, TlsIdentity? identity, SignatureScheme? scheme)
    {
        KeepSession(server);
        var result = new HandshakeResult(server, finished, SessionInfo(server, identity, scheme), new Tls12Exporter(Schedule), tickets: null);
        _schedule = null;
        return result;
    }

    // Sessions of TLS 1.2 serve again: a server that resumes one need not give another ticket.
    private void KeepSession(VerifiedPeer server)
    {
        if (greeting.SessionKey == null || options.SessionCache is not { } cache)
            return;
        var ticket = _ticket?.Ticket ?? default;
        var isSame = _resumed && ticket.IsEmpty;
        var sessionId = ticket.IsEmpty && !_resumed ? ServerHello.SessionId : default;
        if (!isSame && ticket.IsEmpty && sessionId.IsEmpty)
            return;
        var now = cache.Now;
        var authenticated = _resumed ? _session!.Authenticated : now;
        // RFC 5077 §3.3: a hint of zero leaves it to the client.
        var lifetime = _ticket is { LifetimeHintSeconds: > 0 } ? TimeSpan.FromSeconds(_ticket.LifetimeHintSeconds) : Defaults.TicketLifetime;
        var latest = authenticated + TicketReceiver.LongestTrust;
        var expires = isSame ? _session!.Expires : now + lifetime;
        cache.Store(greeting.SessionKey, new ClientSession
        {
            Version = TlsVersion.Tls12,
            CipherSuite = Suite.Id,
            Group = _group,
            ExtendedMasterSecret = UsesExtendedMasterSecret,
            Ticket = isSame ? _session!.Ticket : ticket,
            SessionId = isSame ? _session!.SessionId : sessionId,
            PreSharedKey = new Secret(Schedule.MasterSecret.Span),
            AgeAdd = 0,
            Received = now,
            Authenticated = authenticated,
            Expires = expires < latest ? expires : latest,
            ServerChain = server.Chain,
            Verdict = server.Verdict,
            ServerSignatureScheme = server.Scheme,
        });
    }

    private TlsSessionInfo SessionInfo(VerifiedPeer server, TlsIdentity? identity, SignatureScheme? scheme) => new()
    {
        Version = TlsVersion.Tls12,
        CipherSuite = Suite.Id,
        Group = _group,
        ServerSignatureScheme = server.Scheme,
        ClientSignatureScheme = scheme,
        ServerName = Hello.Extensions.TryGet(ExtensionType.ServerName, out var name) ? Extensions.ParseServerName(name) : null,
        ApplicationProtocol = _protocol,
        PeerCertificates = server.Chain,
        LocalCertificates = identity?.Chain ?? [],
        PeerVerdict = server.Verdict,
        Resumed = _resumed,
        ExtendedMasterSecret = UsesExtendedMasterSecret,
        HelloRetried = false,
        Steps = steps.Finish(),
        HandshakeDuration = steps.Elapsed,
    };

    private void Send(IHandshakeBody message, string detail) => _transcript.Add(channel.Send(hooks.BeforeSend(message), detail).Span);
}
