using System.Net.Security;
using System.Security.Cryptography;
using LucidTls.Certificates;
using LucidTls.Cryptography;
using LucidTls.Protocol;
using LucidTls.Records;
using LucidTls.Sessions;

namespace LucidTls.Handshake;

/// <summary>
/// The server's side of the TLS 1.2 handshake (RFC 5246 §7.3), from the ClientHello on: <see cref="RunFullAsync"/> and
/// <see cref="ResumeAsync"/> read as the RFC's two figures do.
/// </summary>
internal sealed class Tls12Server(ServerGreeting greeting, TlsServerOptions options, HandshakeChannel channel, CryptoProvider crypto, HandshakeHooks hooks, StepRecorder steps) : IDisposable
{
    private readonly Transcript _transcript = new();
    private readonly byte[] _hash = new byte[64];
    private readonly byte[] _random = new byte[32];
    private SuiteAlgorithm? _suite;
    private NamedGroup _group;
    private Tls12KeySchedule? _schedule;
    private RecordSizes _sizes;
    private Tls12Resumption? _resumption;
    private TlsIdentity? _identity;
    private SignatureScheme? _scheme;
    private SslApplicationProtocol _protocol;
    private byte[] _newSessionId = [];

    private ClientHello Hello => greeting.Hello;
    private SuiteAlgorithm Suite => _suite ?? throw new InvalidOperationException("The suite is not known yet.");
    private Tls12KeySchedule Schedule => _schedule ?? throw new InvalidOperationException("There is no master secret yet.");
    private bool UsesExtendedMasterSecret => Hello.Extensions.Contains(ExtensionType.ExtendedMasterSecret);

    /// <summary>RFC 6066 §8: the leaf's OCSP response, if there is one and the client asks for it.</summary>
    private ReadOnlyMemory<byte>? Staple => _identity is { Staples: [{ IsEmpty: false } staple, ..] } && CertificateProof.AsksForStaples(Hello.Extensions) ? staple : default(ReadOnlyMemory<byte>?);

    /// <summary>Whether the client gets a ticket; only after a full handshake, so that it proves itself anew in time.</summary>
    private bool GivesTicket => _resumption == null && options.TicketStore != null && options.TicketCount > 0 && Hello.Extensions.Contains(ExtensionType.SessionTicket);

    public async ValueTask<HandshakeResult> RunAsync(CancellationToken cancellationToken)
    {
        ClientHelloChecks.DemandTls12(Hello, options);
        _protocol = ServerChoice.Protocol(Hello, options);
        _sizes = RecordSizes.OfServer(Hello, options, TlsVersion.Tls12);
        _sizes.ApplyTo(channel);
        _resumption = await Tls12Resumption.TryAsync(Hello, options, crypto, cancellationToken).ConfigureAwait(false);
        return _resumption == null
            ? await RunFullAsync(cancellationToken).ConfigureAwait(false)
            : await ResumeAsync(_resumption, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<HandshakeResult> RunFullAsync(CancellationToken cancellationToken)
    {
        (_identity, _scheme, _suite) = await ServerChoice.Tls12IdentityAsync(Hello, options, crypto, cancellationToken).ConfigureAwait(false);
        var group = ServerChoice.Tls12Group(Hello, options, crypto);
        _group = group.Id;
        StartTranscript();

        SendServerHello(NewSessionId(), $"picks {Suite.Id}");
        Send(new Tls12Certificate { Certificates = _identity.Chain }, StepDetails.Certificates(_identity.Chain.Count));
        if (Staple is { } staple)
            Send(new CertificateStatusMessage { Status = Extensions.BuildCertificateStatus(staple) }, "a stapled OCSP response");
        using var share = hooks.GenerateShare(group);
        await SendServerKeyExchangeAsync(_identity, _scheme.Value, share, cancellationToken).ConfigureAwait(false);
        var request = SendCertificateRequest();
        Send(new ServerHelloDone(), "");
        await channel.FlushAsync(cancellationToken).ConfigureAwait(false);

        var judged = request == null ? null : await ReceiveCertificateAsync(cancellationToken).ConfigureAwait(false);
        await ReceiveClientKeyExchangeAsync(share, cancellationToken).ConfigureAwait(false);
        var client = await ReceiveCertificateVerifyAsync(judged, cancellationToken).ConfigureAwait(false);
        var (clientKeys, serverKeys) = Schedule.TrafficKeys();
        var finished = await ReceiveFinishedAsync(clientKeys, cancellationToken).ConfigureAwait(false);

        await KeepSessionAsync(client, cancellationToken).ConfigureAwait(false);
        await SendFinishedAsync(serverKeys, cancellationToken).ConfigureAwait(false);
        return Result(client, finished);
    }

    private async ValueTask<HandshakeResult> ResumeAsync(Tls12Resumption resumption, CancellationToken cancellationToken)
    {
        _suite = resumption.Suite;
        _group = resumption.Session.Group;
        StartTranscript();

        SendServerHello(Hello.SessionId, $"picks {Suite.Id}, resumes the session");
        TakeMasterSecret(new Tls12KeySchedule(Suite, new Secret(resumption.Session.PreSharedKey.Span), Hello.Random, _random));
        var (clientKeys, serverKeys) = Schedule.TrafficKeys();
        await SendFinishedAsync(serverKeys, cancellationToken).ConfigureAwait(false);

        var finished = await ReceiveFinishedAsync(clientKeys, cancellationToken).ConfigureAwait(false);
        return Result(resumption.Client, finished);
    }

    public void Dispose()
    {
        _transcript.Dispose();
        _resumption?.Dispose();
        _schedule?.Dispose();
    }

    private void StartTranscript()
    {
        _transcript.Start(Suite, keepMessages: _resumption == null && options.ClientCertificateMode != ClientCertificateMode.None);
        _transcript.Add(greeting.HelloBytes.Span);
    }

    // RFC 5077 §3.4: empty with a ticket. RFC 5246 §7.4.1.3: an id of the server's own for a session that it keeps.
    private byte[] NewSessionId()
    {
        if (GivesTicket || options.SessionStore == null)
            return _newSessionId;
        _newSessionId = new byte[32];
        hooks.FillRandom(_newSessionId);
        return _newSessionId;
    }

    private void SendServerHello(ReadOnlyMemory<byte> sessionId, string detail)
    {
        hooks.FillRandom(_random);
        if (greeting.Versions[0] == TlsVersion.Tls13)
            DowngradeSentinel.Put(_random);
        Send(new ServerHello { Random = _random, SessionId = sessionId, CipherSuite = Suite.Id, Extensions = ServerHelloExtensions() }, detail);
    }

    private ExtensionBlock ServerHelloExtensions()
    {
        var extensions = new ExtensionBlock();
        // RFC 6066 §3: an empty server_name says that the name was used; not when a session is resumed.
        if (Hello.ServerName != null && _resumption == null)
            extensions.Add(ExtensionType.ServerName, default);
        if (UsesExtendedMasterSecret)
            extensions.Add(ExtensionType.ExtendedMasterSecret, default);
        // RFC 5746 §3.6: in answer to the extension or to the SCSV.
        if (Hello.Extensions.Contains(ExtensionType.RenegotiationInfo) || Hello.CipherSuites.Contains(CipherSuite.EmptyRenegotiationInfoScsv))
            extensions.Add(ExtensionType.RenegotiationInfo, new byte[1]);
        // RFC 8422 §5.1.2
        if (Hello.Extensions.Contains(ExtensionType.EcPointFormats) && _resumption == null)
            extensions.Add(ExtensionType.EcPointFormats, new byte[] { 1, 0 });
        if (Staple != null)
            extensions.Add(ExtensionType.StatusRequest, default);
        if (GivesTicket)
            extensions.Add(ExtensionType.SessionTicket, default);
        if (!_protocol.Protocol.IsEmpty)
            extensions.Add(ExtensionType.ApplicationLayerProtocolNegotiation, Extensions.BuildProtocols([_protocol]));
        if (_sizes.Answer is { } answer)
            extensions.Add(answer, _sizes.AnswerData);
        // RFC 6962 §3.3.1
        if (_identity is { Timestamps.Count: > 0 } && Hello.Extensions.Contains(ExtensionType.SignedCertificateTimestamp))
            extensions.Add(ExtensionType.SignedCertificateTimestamp, Extensions.BuildTimestamps(_identity.Timestamps));
        return extensions;
    }

    private async ValueTask SendServerKeyExchangeAsync(TlsIdentity identity, SignatureScheme scheme, KeyShare share, CancellationToken cancellationToken)
    {
        var content = ServerKeyExchange.SignedContent(Hello.Random.Span, _random, share.Group, share.PublicShare.Span);
        var proof = await CertificateProof.SignAsync(identity, scheme, content, cancellationToken).ConfigureAwait(false);
        Send(new ServerKeyExchange { Group = share.Group, PublicKey = share.PublicShare, Scheme = proof.Scheme, Signature = proof.Signature }, $"key share for {share.Group}, signed with {scheme}");
    }

    private Tls12CertificateRequest? SendCertificateRequest()
    {
        if (options.ClientCertificateMode == ClientCertificateMode.None)
            return null;
        var request = new Tls12CertificateRequest
        {
            CertificateTypes = new[] { Tls12CertificateRequest.EcdsaSign, Tls12CertificateRequest.RsaSign },
            SignatureSchemes = options.SignatureSchemes,
            CertificateAuthorities = options.AuthoritiesBy(hooks.ClientVerifier(options)).Names,
        };
        Send(request, "asks for a client certificate");
        return request;
    }

    /// <returns>The client's chain, or null when it sent none.</returns>
    private async ValueTask<JudgedChain?> ReceiveCertificateAsync(CancellationToken cancellationToken)
    {
        var message = await channel.ReceiveAsync(HandshakeType.Certificate, cancellationToken).ConfigureAwait(false);
        var certificate = Tls12Certificate.Parse(message.Body);
        channel.Describe(StepDetails.Certificates(certificate.Certificates.Count));
        _transcript.Add(message.Bytes.Span);
        if (certificate.Certificates.Count > 0)
            return await JudgedChain.JudgeAsync(certificate.WithLeafExtensions(new ExtensionBlock()), hooks.ClientVerifier(options), name: null, CertificatePurpose.Client, asked: null, cancellationToken).ConfigureAwait(false);
        // RFC 5246 §7.4.6: a server that cannot do without a certificate says so at once.
        _ = VerifiedPeer.AnonymousClient(options.ClientCertificateMode, TlsVersion.Tls12);
        return null;
    }

    private async ValueTask ReceiveClientKeyExchangeAsync(KeyShare share, CancellationToken cancellationToken)
    {
        var message = await channel.ReceiveAsync(HandshakeType.ClientKeyExchange, cancellationToken).ConfigureAwait(false);
        var exchange = ClientKeyExchange.Parse(message.Body);
        channel.Describe($"key share for {share.Group}");
        _transcript.Add(message.Bytes.Span);
        try
        {
            using var premasterSecret = share.Agree(exchange.PublicKey.Span);
            TakeMasterSecret(Tls12KeySchedule.Derive(Suite, premasterSecret, Hello.Random, _random, UsesExtendedMasterSecret ? _transcript.Current(_hash) : default));
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

    private async ValueTask<VerifiedPeer> ReceiveCertificateVerifyAsync(JudgedChain? judged, CancellationToken cancellationToken)
    {
        if (judged == null)
        {
            _transcript.DropMessages();
            return VerifiedPeer.AnonymousClient(options.ClientCertificateMode, TlsVersion.Tls12);
        }
        var signed = _transcript.Messages;
        _transcript.DropMessages();
        var message = await channel.ReceiveAsync(HandshakeType.CertificateVerify, cancellationToken).ConfigureAwait(false);
        var proof = CertificateVerify.Parse(message.Body);
        var client = VerifiedPeer.Check(judged, proof, options.SignatureSchemes, signed, TlsVersion.Tls12);
        channel.Describe($"signed with {proof.Scheme}");
        _transcript.Add(message.Bytes.Span);
        return client;
    }

    private async ValueTask<VerifiedFinished> ReceiveFinishedAsync(TrafficKeys clientKeys, CancellationToken cancellationToken)
    {
        await channel.ReceiveChangeCipherSpecAsync(cancellationToken).ConfigureAwait(false);
        channel.InstallReadKeys(clientKeys, TlsProtection.Application);
        var hash = _transcript.Current(_hash).ToArray();
        var message = await channel.ReceiveAsync(HandshakeType.Finished, cancellationToken).ConfigureAwait(false);
        var finished = VerifiedFinished.CheckTls12(Schedule, ofServer: false, hash, message.Body);
        channel.Describe("both ends saw the same handshake");
        _transcript.Add(message.Bytes.Span);
        return finished;
    }

    private async ValueTask SendFinishedAsync(TrafficKeys serverKeys, CancellationToken cancellationToken)
    {
        channel.SendChangeCipherSpec();
        channel.InstallWriteKeys(serverKeys, TlsProtection.Application);
        Send(new Finished { VerifyData = Schedule.VerifyData(ofServer: true, _transcript.Current(_hash)) }, "both ends saw the same handshake");
        await channel.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    // RFC 5077 §3.3: a ticket that was promised must come, empty if need be.
    private async ValueTask KeepSessionAsync(VerifiedPeer client, CancellationToken cancellationToken)
    {
        if (!GivesTicket && _newSessionId.Length == 0)
            return;
        var state = State(client);
        try
        {
            if (GivesTicket)
            {
                var ticket = await ServerResumption.StoreAsync(options.TicketStore!, state, options.TicketLifetime, cancellationToken).ConfigureAwait(false);
                Send(new Tls12NewSessionTicket { LifetimeHintSeconds = (uint)options.TicketLifetime.TotalSeconds, Ticket = ticket }, "for resuming this session");
            }
            else
            {
                await StoreAsync(state, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(state);
        }
    }

    private byte[] State(VerifiedPeer client) => new ServerSession
    {
        Version = TlsVersion.Tls12,
        CipherSuite = Suite.Id,
        Group = _group,
        ExtendedMasterSecret = UsesExtendedMasterSecret,
        Issued = DateTimeOffset.UtcNow,
        Lifetime = options.TicketLifetime,
        ServerName = Hello.ServerName,
        ClientChain = client.Chain,
        PreSharedKey = Schedule.MasterSecret,
    }.ToBytes();

    private async ValueTask StoreAsync(ReadOnlyMemory<byte> state, CancellationToken cancellationToken)
    {
        try
        {
            await options.SessionStore!.StoreAsync(_newSessionId, state, options.TicketLifetime, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            throw new TlsException(TlsError.LocalFailure, "the session store failed", exception);
        }
    }

    private HandshakeResult Result(VerifiedPeer client, VerifiedFinished finished)
    {
        var result = new HandshakeResult(client, finished, SessionInfo(client), new Tls12Exporter(Schedule), tickets: null);
        _schedule = null;
        return result;
    }

    private TlsSessionInfo SessionInfo(VerifiedPeer client) => new()
    {
        Version = TlsVersion.Tls12,
        CipherSuite = Suite.Id,
        Group = _group,
        ServerSignatureScheme = _scheme,
        ClientSignatureScheme = client.Scheme,
        ServerName = Hello.ServerName,
        ApplicationProtocol = _protocol,
        PeerCertificates = client.Chain,
        LocalCertificates = _identity?.Chain ?? [],
        PeerVerdict = client.Verdict,
        Resumed = _resumption != null,
        ExtendedMasterSecret = UsesExtendedMasterSecret,
        HelloRetried = false,
        Steps = steps.Finish(),
        HandshakeDuration = steps.Elapsed,
    };

    private void Send(IHandshakeBody message, string detail) => _transcript.Add(channel.Send(hooks.BeforeSend(message), detail).Span);
}
