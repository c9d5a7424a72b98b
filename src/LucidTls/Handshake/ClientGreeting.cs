using System.Security.Cryptography;
using LucidTls.Cryptography;
using LucidTls.Diagnostics;
using LucidTls.Protocol;
using LucidTls.Records;
using LucidTls.Sessions;

namespace LucidTls.Handshake;

/// <summary>
/// What a client begins with in any version: one ClientHello offers all of them, and the server's answer decides which handshake goes on
/// (<see cref="Tls13Client"/> or <see cref="Tls12Client"/>).
/// </summary>
internal sealed class ClientGreeting(TlsClientOptions options, HandshakeChannel channel, CryptoProvider crypto, HandshakeHooks hooks) : IDisposable
{
    private ClientOffer? _offer;
    private KeyLog? _keyLog;
    private byte[] _helloBytes = [];
    private bool _sentChangeCipherSpec;

    /// <summary>Under what sessions with this server are kept; null when they are not.</summary>
    public SessionKey? SessionKey { get; } = SessionKey.Of(options);

    public Transcript Transcript { get; } = new();

    /// <summary>The session that was offered for resumption, or null.</summary>
    public ClientSession? Session { get; private set; }

    public ClientOffer Offer => _offer ?? throw new InvalidOperationException("Nothing was offered yet.");
    public KeyLog KeyLog => _keyLog ?? throw new InvalidOperationException("Nothing was offered yet.");

    /// <summary>Sends the ClientHello and awaits its answer, which is not in the transcript yet.</summary>
    /// <exception cref="TlsException">The server picked a version that was not offered.</exception>
    public async ValueTask<(TlsVersion Version, ServerHello Hello, HandshakeMessage Message)> RunAsync(CancellationToken cancellationToken)
    {
        SendClientHello();
        if (Offer.OffersEarlyData)
            SendEarlyData();
        await channel.FlushAsync(cancellationToken).ConfigureAwait(false);
        channel.AllowsChangeCipherSpec = Offer.OffersTls13;

        var message = await channel.ReceiveAsync(HandshakeType.ServerHello, cancellationToken).ConfigureAwait(false);
        var hello = ServerHello.Parse(message.Body);
        var version = VersionOf(hello);
        // RFC 8446 §D.3: "A client that attempts to send 0-RTT data MUST fail a connection if it receives a ServerHello with TLS 1.2 or older."
        if (Offer.OffersEarlyData && version != TlsVersion.Tls13)
            throw new TlsException(TlsError.EarlyDataNeedsTls13);
        channel.Version = version;
        return (version, hello, message);
    }

    /// <summary>RFC 8446 §D.4: once, before the first protected or repeated message, and only if the session id asked for this dance.</summary>
    public void SendChangeCipherSpec()
    {
        if (_sentChangeCipherSpec || Offer.Hello.SessionId.IsEmpty)
            return;
        _sentChangeCipherSpec = true;
        channel.SendChangeCipherSpec();
    }

    public void Dispose()
    {
        _offer?.Dispose();
        Session?.Dispose();
        Transcript.Dispose();
    }

    /// <summary>The version that the server picked.</summary>
    /// <exception cref="TlsException">It was not offered, or something made the server pick less than it speaks.</exception>
    private TlsVersion VersionOf(ServerHello hello)
    {
        var version = hello.Version;
        if (hello.Extensions.Contains(ExtensionType.SupportedVersions))
        {
            // RFC 8446 §4.2.1: a version that was not offered, or one before TLS 1.3, is an illegal_parameter here.
            return version == TlsVersion.Tls13 && Offer.OffersTls13 ? version : throw new TlsException(TlsError.SelectedUnofferedVersion, version.ToString());
        }
        if (Offer.OffersTls13)
            DemandNoDowngrade(hello);
        return version == TlsVersion.Tls12 && Offer.OffersTls12
            ? version
            : throw new TlsException(TlsError.UnsupportedVersion, $"the server picked {version}; this client accepts {string.Join(", ", Offer.Versions)}");
    }

    // RFC 8446 §4.1.3: the last eight bytes of the random are "DOWNGRD" and 0 or 1 when a TLS 1.3 server was made to speak less.
    private static void DemandNoDowngrade(ServerHello hello)
    {
        if (DowngradeSentinel.IsIn(hello.Random.Span))
            throw new TlsException(TlsError.Downgrade, $"the server speaks TLS 1.3 and was made to pick {hello.Version}");
    }

    private void SendClientHello()
    {
        Session = TakeSession();
        _offer = new ClientOffer(options, Session, crypto, hooks);
        Offer.Hello = (ClientHello)hooks.BeforeSend(Offer.Hello);
        _keyLog = new KeyLog(options, Offer.Hello.Random.Span);
        var sent = channel.Send(Offer.Hello, Offer.Description).Span;
        Transcript.Add(sent);
        if (Offer.OffersEarlyData)
            _helloBytes = sent.ToArray();
    }

    // RFC 8446 §4.2.10, under the suite of the session, since there is no other yet.
    private void SendEarlyData()
    {
        if (!crypto.TryGetSuite(Session!.CipherSuite, out var suite))
            throw new InvalidOperationException($"{Session.CipherSuite} went away.");
        SendChangeCipherSpec();
        using var early = EarlyStage.Create(suite, Session.PreSharedKey.Span);
        var traffic = early.ClientEarlyTraffic(CryptographicOperations.HashData(suite.Hash, _helloBytes));
        KeyLog.Write("CLIENT_EARLY_TRAFFIC_SECRET", traffic);
        channel.InstallWriteKeys(new TrafficKeys(suite, traffic), TlsProtection.EarlyData);
        channel.SendData(options.EarlyData.Span);
    }

    private ClientSession? TakeSession()
    {
        var session = SessionKey == null ? null : options.SessionCache?.Take(SessionKey);
        if (session != null
            && SpokenVersions.Of(options, crypto).Contains(session.Version)
            && options.CipherSuites.Contains(session.CipherSuite) && crypto.TryGetSuite(session.CipherSuite, out _)
            && (session.ExtendedMasterSecret || options.AllowMissingExtendedMasterSecret))
            return session;
        session?.Dispose();
        return null;
    }
}
