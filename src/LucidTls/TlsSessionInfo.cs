using System.Net.Security;
using LucidTls.Certificates;
using LucidTls.Certificates.Names;

namespace LucidTls;

/// <summary>What a finished handshake agreed on.</summary>
public sealed class TlsSessionInfo
{
    internal TlsSessionInfo()
    {
    }

    /// <summary>The version.</summary>
    public required TlsVersion Version { get; init; }

    /// <summary>The cipher suite.</summary>
    public required CipherSuite CipherSuite { get; init; }

    /// <summary>The key-exchange group; in a resumed TLS 1.2 session that of the handshake that it comes from.</summary>
    public required NamedGroup Group { get; init; }

    /// <summary>The scheme of the server's signature.</summary>
    public required SignatureScheme? ServerSignatureScheme { get; init; }

    /// <summary>The scheme of the client's signature; null when the client sent no certificate.</summary>
    public required SignatureScheme? ClientSignatureScheme { get; init; }

    /// <summary>The DNS name that the client asked for (SNI), or null.</summary>
    public required string? ServerName { get; init; }

    /// <summary>The application protocol agreed on (ALPN), or the default value when there is none.</summary>
    public required SslApplicationProtocol ApplicationProtocol { get; init; }

    /// <summary>The peer's certificates in DER, leaf first, as it sent them; empty when it sent none.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> PeerCertificates { get; init; }

    /// <summary>
    /// The URI in the peer's certificate, which is its identity where services name each other so (SPIFFE); null when it has none or several. It is as true as the certificate: whom to accept is said
    /// by <see cref="CertificateVerifierOptions.PeerUris"/>.
    /// </summary>
    public string? PeerUri => PeerCertificates.Count == 0 ? null : PeerUris.Of(PeerCertificates[0]);

    /// <summary>The DNS names in the peer's certificate; those of a client say who it is where <see cref="CertificateVerifierOptions.PeerDnsNames"/> says whom to accept.</summary>
    public IReadOnlyList<string> PeerDnsNames => PeerCertificates.Count == 0 ? [] : LucidTls.Certificates.Names.PeerDnsNames.Of(PeerCertificates[0]);

    /// <summary>This end's certificates in DER, leaf first, as sent; empty when none were.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> LocalCertificates { get; init; }

    /// <summary>What the verifier said of the peer's certificates; null when none were asked for or any are accepted.</summary>
    public required CertificateVerdict? PeerVerdict { get; init; }

    /// <summary>The name of the key given beforehand (<see cref="TlsPreSharedKey"/>) with which both ends proved themselves; null when they did not. There are no certificates then.</summary>
    public ReadOnlyMemory<byte>? PreSharedKeyIdentity { get; init; }

    /// <summary>What the peer proved itself with.</summary>
    public TlsPeerProof PeerProof => PreSharedKeyIdentity != null ? TlsPeerProof.PreSharedKey : PeerCertificates.Count > 0 ? TlsPeerProof.Certificate : TlsPeerProof.None;

    /// <summary>Whether an earlier session was resumed: the peer proved itself then, and its certificates are those of that session.</summary>
    public required bool Resumed { get; init; }

    /// <summary>Whether the keys are bound to the whole handshake: always in TLS 1.3, with extended_master_secret (RFC 7627) in TLS 1.2.</summary>
    public required bool ExtendedMasterSecret { get; init; }

    /// <summary>How many tickets the server says it will send, at a client that asked for some (<see cref="TlsClientOptions.RequestedTickets"/>); null where it says nothing.</summary>
    public int? ExpectedTickets { get; init; }

    /// <summary>Whether the server asked for another key share first (HelloRetryRequest).</summary>
    public required bool HelloRetried { get; init; }

    /// <summary>What became of the client's early data (0-RTT).</summary>
    public TlsEarlyDataStatus EarlyData { get; init; }

    /// <summary>The messages of the handshake in order, with times.</summary>
    public required IReadOnlyList<TlsHandshakeStep> Steps { get; init; }

    /// <summary>How long the handshake took, from the first byte of work to the keys' installation.</summary>
    public required TimeSpan HandshakeDuration { get; init; }

    /// <summary>The same at a client that has shown a certificate since (RFC 8446 §4.6.2).</summary>
    internal TlsSessionInfo AfterShowing(IReadOnlyList<ReadOnlyMemory<byte>> certificates, SignatureScheme? scheme) =>
        Changed(scheme, PeerCertificates, PeerVerdict, certificates);

    /// <summary>The same at a server whose client has shown a certificate since.</summary>
    internal TlsSessionInfo AfterBeingShown(IReadOnlyList<ReadOnlyMemory<byte>> certificates, CertificateVerdict? verdict, SignatureScheme? scheme) =>
        Changed(scheme, certificates, verdict, LocalCertificates);

    private TlsSessionInfo Changed(SignatureScheme? clientScheme, IReadOnlyList<ReadOnlyMemory<byte>> peer, CertificateVerdict? verdict, IReadOnlyList<ReadOnlyMemory<byte>> local) => new()
    {
        Version = Version,
        CipherSuite = CipherSuite,
        Group = Group,
        ServerSignatureScheme = ServerSignatureScheme,
        ClientSignatureScheme = clientScheme,
        ServerName = ServerName,
        ApplicationProtocol = ApplicationProtocol,
        PeerCertificates = peer,
        LocalCertificates = local,
        PeerVerdict = verdict,
        PreSharedKeyIdentity = PreSharedKeyIdentity,
        Resumed = Resumed,
        ExtendedMasterSecret = ExtendedMasterSecret,
        HelloRetried = HelloRetried,
        EarlyData = EarlyData,
        ExpectedTickets = ExpectedTickets,
        Steps = Steps,
        HandshakeDuration = HandshakeDuration,
    };
}
