using System.Net.Security;
using LucidTls.Certificates;
using LucidTls.Cryptography;
using LucidTls.Diagnostics;
using LucidTls.Protocol;
using LucidTls.Records;
using LucidTls.Sessions;

namespace LucidTls.Handshake;

/// <summary>The client's side of the TLS 1.3 handshake (RFC 8446 §2), from the answer to the ClientHello on: <see cref="RunAsync"/> reads as the RFC's first figure does.</summary>
internal sealed class Tls13Client(ClientGreeting greeting, TlsClientOptions options, HandshakeChannel channel, CryptoProvider crypto, HandshakeHooks hooks, StepRecorder steps) : IDisposable
{
    private readonly Transcript _transcript = greeting.Transcript;
    private readonly ClientSession? _session = greeting.Session is { } session && session.Version == TlsVersion.Tls13 ? session : null;
    private readonly byte[] _hash = new byte[64];
    private SuiteAlgorithm? _suite;
    private NamedGroup _group;
    private int? _expectedTickets;
    private HandshakeStage? _handshakeStage;
    private MasterStage? _masterStage;
    private Secret? _clientTraffic;
    private Secret? _serverTraffic;
    private TlsEarlyDataStatus _earlyData = greeting.Offer.OffersEarlyData ? TlsEarlyDataStatus.Rejected : TlsEarlyDataStatus.NotOffered;
    private bool _retried;
    private ClientPsk? _psk;

    private ClientOffer Offer => greeting.Offer;
    private KeyLog KeyLog => greeting.KeyLog;
    private bool Resumed => _psk?.Session != null;
    private SuiteAlgorithm Suite => _suite ?? throw new InvalidOperationException("The suite is not known yet.");

    public async ValueTask<HandshakeResult> RunAsync(ServerHello answer, HandshakeMessage message, CancellationToken cancellationToken)
    {
        var serverHello = await AcceptServerHelloAsync(answer, message, cancellationToken).ConfigureAwait(false);
        InstallHandshakeKeys(serverHello);

        var protocol = await ReceiveEncryptedExtensionsAsync(cancellationToken).ConfigureAwait(false);
        var (request, server) = _psk == null
            ? await ReceiveServerProofAsync(cancellationToken).ConfigureAwait(false)
            : (null, ProofOf(_psk));
        var finished = await ReceiveFinishedAsync(cancellationToken).ConfigureAwait(false);
        channel.AllowsChangeCipherSpec = false;

        _masterStage = _handshakeStage!.Advance();
        var serverFinishedHash = _transcript.Current(_hash).ToArray();
        InstallApplicationReadKeys(server, finished, serverFinishedHash);
        EndEarlyData();
        var (identity, scheme) = await SendClientProofAsync(request, cancellationToken).ConfigureAwait(false);
        SendFinished();
        InstallApplicationWriteKeys(server, finished, serverFinishedHash);
        await channel.FlushAsync(cancellationToken).ConfigureAwait(false);

        var exporter = new Tls13Exporter(Suite, ExporterSecret(serverFinishedHash));
        var session = SessionInfo(server, protocol, identity, scheme);
        return new HandshakeResult(server, finished, session, exporter, Tickets(session, server))
        {
            ClientAuthentication = options.PostHandshakeAuthentication ? new PostHandshakeClient(Suite, _transcript.Messages, options, hooks) : null,
        };
    }

    public void Dispose()
    {
        _handshakeStage?.Dispose();
        _masterStage?.Dispose();
        _clientTraffic?.Dispose();
        _serverTraffic?.Dispose();
    }

    private async ValueTask<ServerHello> AcceptServerHelloAsync(ServerHello hello, HandshakeMessage message, CancellationToken cancellationToken)
    {
        CheckServerHello(hello);
        StartTranscript(hello);
        if (!hello.IsHelloRetryRequest)
        {
            _transcript.Add(message.Bytes.Span);
            return hello;
        }

        await RetryAsync(hello, message, cancellationToken).ConfigureAwait(false);
        message = await channel.ReceiveAsync(HandshakeType.ServerHello, cancellationToken).ConfigureAwait(false);
        var second = ServerHello.Parse(message.Body);
        if (!second.Extensions.Contains(ExtensionType.SupportedVersions) || second.Version != TlsVersion.Tls13)
            throw new TlsException(TlsError.SuiteChangedAfterRetry, $"{TlsVersion.Tls13}, then {second.Version}");
        CheckServerHello(second);
        // RFC 8446 §4.1.4: a second HelloRetryRequest is an unexpected_message; the suite must stay the same.
        if (second.IsHelloRetryRequest)
            throw new TlsException(TlsError.SecondHelloRetryRequest);
        if (second.CipherSuite != hello.CipherSuite)
            throw new TlsException(TlsError.SuiteChangedAfterRetry, $"{hello.CipherSuite}, then {second.CipherSuite}");
        _transcript.Add(message.Bytes.Span);
        return second;
    }

    private void CheckServerHello(ServerHello hello)
    {
        var sent = Offer.Hello;
        if (hello.LegacyVersion != TlsVersion.Tls12.Value)
            throw new TlsException(TlsError.IllegalValue, $"legacy_version {new TlsVersion(hello.LegacyVersion)} in ServerHello");
        if (!hello.SessionId.Span.SequenceEqual(sent.SessionId.Span))
            throw new TlsException(TlsError.SessionIdMismatch);
        if (!Offer.CipherSuites.Contains(hello.CipherSuite) || hello.CipherSuite.Version != TlsVersion.Tls13 || !crypto.TryGetSuite(hello.CipherSuite, out _))
            throw new TlsException(TlsError.SelectedUnofferedSuite, hello.CipherSuite.ToString());
        if (hello.CompressionMethod != 0)
            throw new TlsException(TlsError.Compression, $"method {hello.CompressionMethod}");
        // RFC 8446 §4.2: answers only to what was sent; the cookie is the exception.
        hello.Extensions.DemandAllOffered(sent.Extensions, hello.IsHelloRetryRequest ? ExtensionType.Cookie : null);
    }

    private void StartTranscript(ServerHello hello)
    {
        crypto.TryGetSuite(hello.CipherSuite, out _suite);
        _transcript.Start(Suite, keepMessages: options.PostHandshakeAuthentication);
    }

    private async ValueTask RetryAsync(ServerHello retry, HandshakeMessage message, CancellationToken cancellationToken)
    {
        _retried = true;
        NamedGroup? group = retry.Extensions.TryGet(ExtensionType.KeyShare, out var selected) ? Extensions.ParseSelectedGroup(selected) : null;
        ReadOnlyMemory<byte>? cookie = retry.Extensions.TryGet(ExtensionType.Cookie, out var data) ? Extensions.ParseCookie(data) : default(ReadOnlyMemory<byte>?);
        // RFC 8446 §4.1.4: a retry that changes nothing is an illegal_parameter; §4.2.8: so is a group not offered or already there.
        if (group is { } wanted)
        {
            if (!Offer.Groups.Contains(wanted))
                throw new TlsException(TlsError.SelectedUnofferedGroup, wanted.ToString());
            if (Offer.ShareOf(wanted) != null)
                throw new TlsException(TlsError.UselessHelloRetryRequest, $"a share for {wanted} was sent");
        }
        else if (cookie == null)
        {
            throw new TlsException(TlsError.UselessHelloRetryRequest);
        }
        channel.Describe($"HelloRetryRequest: {(group is { } g ? $"wants a key share for {g}" : "wants its cookie back")}");
        byte[] before = [.. _transcript.ReplaceWithMessageHash(), .. message.Bytes.Span];
        _transcript.Add(message.Bytes.Span);

        greeting.SendChangeCipherSpec();
        if (Offer.OffersEarlyData)
            channel.RemoveWriteKeys();
        Offer.Retry(group, cookie, Suite, before);
        Offer.Hello = (ClientHello)hooks.BeforeSend(Offer.Hello);
        Send(Offer.Hello, "once more, as the server asked");
        await channel.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    private void InstallHandshakeKeys(ServerHello hello)
    {
        // RFC 8446 §4.2.8, §9.2
        if (!hello.Extensions.TryGet(ExtensionType.KeyShare, out var data))
            throw new TlsException(TlsError.MissingExtension, "key_share in ServerHello");
        var entry = Extensions.ParseServerShare(data);
        var share = Offer.ShareOf(entry.Group) ?? throw new TlsException(TlsError.SelectedUnofferedGroup, entry.Group.ToString());
        _group = entry.Group;
        _psk = AcceptedPsk(hello);
        channel.Describe($"picks {hello.CipherSuite}, {entry.Group}{StepDetails.Psk(Resumed, _psk?.External)}");
        // RFC 8446 §4.2.11 leaves it to the server; whether a certificate will do is for this end to say.
        if (_psk == null && options.DemandsPreSharedKey)
            throw new TlsException(TlsError.PreSharedKeyNotTaken, $"{string.Join(", ", options.PreSharedKeys)} were offered");
        try
        {
            using var sharedSecret = share.Agree(entry.KeyExchange.Span);
            _handshakeStage = EarlyStage.Pass(Suite, _psk == null ? default : _psk.Key.Span, sharedSecret);
        }
        catch (InvalidKeyShareException exception)
        {
            throw new TlsException(TlsError.InvalidKeyShare, exception.Message);
        }
        var hash = _transcript.Current(_hash);
        _clientTraffic = _handshakeStage.ClientTraffic(hash);
        _serverTraffic = _handshakeStage.ServerTraffic(hash);
        KeyLog.Write("CLIENT_HANDSHAKE_TRAFFIC_SECRET", _clientTraffic);
        KeyLog.Write("SERVER_HANDSHAKE_TRAFFIC_SECRET", _serverTraffic);
        channel.InstallReadKeys(TrafficKeys.OfHandshake(Suite, _serverTraffic), TlsProtection.Handshake);
        greeting.SendChangeCipherSpec();
        if (!MayHaveEarlyDataTaken)
            InstallHandshakeWriteKeys();
    }

    /// <summary>Whether EncryptedExtensions may still say that early data is taken: until then its keys stay.</summary>
    private bool MayHaveEarlyDataTaken => Offer.OffersEarlyData && Resumed && !_retried;

    private void InstallHandshakeWriteKeys() => channel.InstallWriteKeys(TrafficKeys.OfHandshake(Suite, _clientTraffic!), TlsProtection.Handshake);

    // RFC 8446 §4.2.11: the server names one of the identities offered, and a suite with its hash.
    private ClientPsk? AcceptedPsk(ServerHello hello)
    {
        if (!hello.Extensions.TryGet(ExtensionType.PreSharedKey, out var data))
            return null;
        var selected = Extensions.ParseSelectedIdentity(data);
        if (selected >= Offer.Psks.Count)
            throw new TlsException(TlsError.IllegalValue, $"pre-shared key {selected} of {Offer.Psks.Count}");
        var psk = Offer.Psks[selected];
        return psk.Suite.Hash == Suite.Hash
            ? psk
            : throw new TlsException(TlsError.IllegalValue, $"a pre-shared key for {psk.Suite.Hash.Name} taken with {Suite.Id}");
    }

    // Its Finished is still to come, and proves that it holds the key.
    private static VerifiedPeer ProofOf(ClientPsk psk) => (psk.External ?? psk.Session!.ExternalKey) is { } key
        ? VerifiedPeer.HoldsKey(key)
        : VerifiedPeer.Resumed(psk.Session!.ServerChain, psk.Session.Verdict, psk.Session.ServerSignatureScheme);

    private async ValueTask<SslApplicationProtocol> ReceiveEncryptedExtensionsAsync(CancellationToken cancellationToken)
    {
        var message = await channel.ReceiveAsync(HandshakeType.EncryptedExtensions, cancellationToken).ConfigureAwait(false);
        var extensions = EncryptedExtensions.Parse(message.Body).Extensions;
        extensions.DemandAllOffered(Offer.Hello.Extensions);
        if (extensions.TryGet(ExtensionType.ServerName, out var name))
            Extensions.DemandEmpty(name, "server_name");
        if (extensions.TryGet(ExtensionType.SupportedGroups, out var groups))
            Extensions.ParseGroups(groups);
        var protocol = extensions.TryGet(ExtensionType.ApplicationLayerProtocolNegotiation, out var data) ? ClientChoice.Protocol(options, data) : default;
        ClientChoice.DemandProtocol(options, protocol);
        AcceptEarlyDataVerdict(extensions, protocol);
        if (extensions.TryGet(ExtensionType.TicketRequest, out var tickets))
            _expectedTickets = Extensions.ParseExpectedTickets(tickets);
        RecordSizes.OfClient(extensions, options, TlsVersion.Tls13).ApplyTo(channel);
        channel.Describe(StepDetails.Answer(protocol, _earlyData));
        _transcript.Add(message.Bytes.Span);
        return protocol;
    }

    // RFC 8446 §4.2.10: taken under the first identity, its suite and its application protocol, or not at all.
    private void AcceptEarlyDataVerdict(ExtensionBlock extensions, SslApplicationProtocol protocol)
    {
        if (!extensions.TryGet(ExtensionType.EarlyData, out var data))
        {
            if (MayHaveEarlyDataTaken)
                InstallHandshakeWriteKeys();
            return;
        }
        Extensions.DemandEmpty(data, "early_data");
        if (!Resumed)
            throw new TlsException(TlsError.IllegalValue, "early data taken without the session that it was sent under");
        if (_session!.CipherSuite != Suite.Id)
            throw new TlsException(TlsError.IllegalValue, $"early data of {_session.CipherSuite} taken with {Suite.Id}");
        if (_session.ApplicationProtocol != protocol)
            throw new TlsException(TlsError.IllegalValue, $"early data for {_session.ApplicationProtocol} taken for {protocol}");
        _earlyData = TlsEarlyDataStatus.Accepted;
    }

    // RFC 8446 §4.5: only when it was taken.
    private void EndEarlyData()
    {
        if (_earlyData != TlsEarlyDataStatus.Accepted)
            return;
        Send(new EndOfEarlyData(), $"after {options.EarlyData.Length} bytes of early data");
        InstallHandshakeWriteKeys();
    }

    private async ValueTask<(CertificateRequest? Request, VerifiedPeer Server)> ReceiveServerProofAsync(CancellationToken cancellationToken)
    {
        CertificateRequest? request = null;
        var message = await channel.ReceiveAsync(cancellationToken).ConfigureAwait(false);
        if (message.Type == HandshakeType.CertificateRequest)
        {
            request = CertificateRequest.Parse(message.Body);
            // RFC 8446 §4.3.2: the context is empty during the handshake.
            if (!request.Context.IsEmpty)
                throw new TlsException(TlsError.IllegalValue, "a CertificateRequest with a context");
            channel.Describe("asks for a client certificate");
            _transcript.Add(message.Bytes.Span);
            message = await channel.ReceiveAsync(cancellationToken).ConfigureAwait(false);
        }
        message.Demand(HandshakeType.Certificate);
        var judged = await JudgeServerAsync(CertificateMessage.Parse(message.Body), cancellationToken).ConfigureAwait(false);
        _transcript.Add(message.Bytes.Span);

        var signed = CertificateProof.SignedContent(byServer: true, _transcript.Current(_hash));
        message = await channel.ReceiveAsync(HandshakeType.CertificateVerify, cancellationToken).ConfigureAwait(false);
        var proof = CertificateVerify.Parse(message.Body);
        var server = VerifiedPeer.Check(judged, proof, options.SignatureSchemes, signed, TlsVersion.Tls13);
        channel.Describe($"signed with {proof.Scheme}");
        _transcript.Add(message.Bytes.Span);
        return (request, server);
    }

    private async ValueTask<JudgedChain> JudgeServerAsync(CertificateMessage certificate, CancellationToken cancellationToken)
    {
        if (!certificate.Context.IsEmpty)
            throw new TlsException(TlsError.IllegalValue, "a server's Certificate with a context");
        if (certificate.Entries.Count == 0)
            throw new TlsException(TlsError.NoServerCertificate);
        foreach (var entry in certificate.Entries)
            entry.Extensions.DemandAllOffered(Offer.Hello.Extensions);
        channel.Describe(StepDetails.Certificates(certificate.Entries.Count));
        var verifier = options.DangerousAcceptAnyCertificate ? null : options.CertificateVerifier;
        return await JudgedChain.JudgeAsync(certificate, verifier, options.TargetHost, CertificatePurpose.Server, Offer.Hello.Extensions, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<VerifiedFinished> ReceiveFinishedAsync(CancellationToken cancellationToken)
    {
        var hash = _transcript.Current(_hash).ToArray();
        var message = await channel.ReceiveAsync(HandshakeType.Finished, cancellationToken).ConfigureAwait(false);
        var finished = VerifiedFinished.Check(Suite, _serverTraffic!, hash, message.Body);
        channel.Describe("both ends saw the same handshake");
        _transcript.Add(message.Bytes.Span);
        return finished;
    }

    private async ValueTask<(TlsIdentity? Identity, SignatureScheme? Scheme)> SendClientProofAsync(CertificateRequest? request, CancellationToken cancellationToken)
    {
        if (request == null)
            return default;
        var (identity, scheme) = await ClientChoice.ProofAsync(options, request, isAfterHandshake: false, cancellationToken).ConfigureAwait(false);
        Send(CertificateProof.Message(identity, request.Context, request.Extensions), StepDetails.Certificates(identity?.Chain.Count ?? 0));
        if (identity == null || scheme is not { } chosen)
            return default;
        var content = CertificateProof.SignedContent(byServer: false, _transcript.Current(_hash));
        Send(await CertificateProof.SignAsync(identity, chosen, content, cancellationToken).ConfigureAwait(false), $"signed with {chosen}");
        return (identity, chosen);
    }

    private void SendFinished() => Send(FinishedProof.Make(Suite, _clientTraffic!, _transcript.Current(_hash)), "both ends saw the same handshake");

    private void InstallApplicationReadKeys(VerifiedPeer server, VerifiedFinished finished, ReadOnlySpan<byte> serverFinishedHash)
    {
        _ = (server, finished);
        var traffic = _masterStage!.ServerTraffic(serverFinishedHash);
        KeyLog.Write("SERVER_TRAFFIC_SECRET_0", traffic);
        channel.InstallReadKeys(new TrafficKeys(Suite, traffic), TlsProtection.Application);
    }

    private void InstallApplicationWriteKeys(VerifiedPeer server, VerifiedFinished finished, ReadOnlySpan<byte> serverFinishedHash)
    {
        _ = (server, finished);
        var traffic = _masterStage!.ClientTraffic(serverFinishedHash);
        KeyLog.Write("CLIENT_TRAFFIC_SECRET_0", traffic);
        channel.InstallWriteKeys(new TrafficKeys(Suite, traffic), TlsProtection.Application);
    }

    private Secret ExporterSecret(ReadOnlySpan<byte> serverFinishedHash)
    {
        var secret = _masterStage!.Exporter(serverFinishedHash);
        KeyLog.Write("EXPORTER_SECRET", secret);
        return secret;
    }

    private TlsSessionInfo SessionInfo(VerifiedPeer server, SslApplicationProtocol protocol, TlsIdentity? identity, SignatureScheme? scheme) => new()
    {
        Version = TlsVersion.Tls13,
        CipherSuite = Suite.Id,
        Group = _group,
        ServerSignatureScheme = server.Scheme,
        ClientSignatureScheme = scheme,
        ServerName = Offer.Hello.Extensions.TryGet(ExtensionType.ServerName, out var name) ? Extensions.ParseServerName(name) : null,
        ApplicationProtocol = protocol,
        PeerCertificates = server.Chain,
        LocalCertificates = identity?.Chain ?? [],
        PeerVerdict = server.Verdict,
        Resumed = Resumed,
        ExtendedMasterSecret = true,
        ExpectedTickets = _expectedTickets,
        HelloRetried = _retried,
        EarlyData = _earlyData,
        PreSharedKeyIdentity = server.PreSharedKey?.Identity,
        Steps = steps.Finish(),
        HandshakeDuration = steps.Elapsed,
    };

    private TicketReceiver? Tickets(TlsSessionInfo session, VerifiedPeer server)
    {
        if (greeting.SessionKey == null || options.SessionCache is not { } cache)
            return null;
        var authenticated = Resumed ? _session!.Authenticated : cache.Now;
        return new TicketReceiver(Suite, _masterStage!.Resumption(_transcript.Current(_hash)), cache, greeting.SessionKey, session, server.PreSharedKey, authenticated);
    }

    private void Send(IHandshakeBody message, string detail)
    {
        message = message is ClientHello ? message : hooks.BeforeSend(message);
        _transcript.Add(channel.Send(message, detail).Span);
    }
}
