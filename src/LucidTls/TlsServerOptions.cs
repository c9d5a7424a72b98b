using LucidTls.Certificates;
using LucidTls.Protocol;
using LucidTls.Sessions;

namespace LucidTls;

/// <summary>Whether a server asks its clients for a certificate.</summary>
public enum ClientCertificateMode
{
    /// <summary>No certificate is asked for.</summary>
    None,
    /// <summary>A certificate is asked for; a client without one is let in, a bad one is refused.</summary>
    Optional,
    /// <summary>A client without a good certificate is refused.</summary>
    Required,
}

/// <summary>What a server accepts and proves itself with. Mutable until the first handshake uses it, then frozen; one object serves any number of connections.</summary>
public sealed class TlsServerOptions : TlsOptions
{
    /// <summary>However many tickets a client asks for, it gets no more.</summary>
    internal const int MostTickets = 8;

    private IReadOnlyList<TlsIdentity> _identities = [];
    private Func<TlsClientHelloInfo, CancellationToken, ValueTask<TlsIdentity?>>? _identitySelector;
    private Func<TlsClientHelloInfo, CancellationToken, ValueTask<TlsServerOptions?>>? _optionsSelector;
    private bool _requireKnownServerName;
    private ClientCertificateMode _clientCertificateMode;
    private CertificateVerifier? _clientCertificateVerifier;
    private ITlsTicketStore? _ticketStore = new TicketKeyRing();
    private ITlsSessionStore? _sessionStore;
    private int _ticketCount = Defaults.TicketCount;
    private TimeSpan _ticketLifetime = Defaults.TicketLifetime;
    private AuthorityNames? _certificateAuthorities;
    private Func<TlsPreSharedKeyRequest, CancellationToken, ValueTask<TlsPreSharedKey?>>? _preSharedKeyResolver;
    private int _maxEarlyDataSize;
    private TimeSpan _earlyDataFreshness = Defaults.EarlyDataFreshness;
    private ITlsReplayGuard _replayGuard = TlsReplayGuard.Shared;
    private Func<TlsEarlyDataExchange, CancellationToken, ValueTask>? _earlyDataHandler;

    /// <summary>The identities to choose from: by the name the client asks for, then by what it can verify, then in this order.</summary>
    public IReadOnlyList<TlsIdentity> Identities { get => _identities; set => Set(ref _identities, value); }

    /// <summary>Picks the identity by the ClientHello; when it gives null, <see cref="Identities"/> are chosen from.</summary>
    public Func<TlsClientHelloInfo, CancellationToken, ValueTask<TlsIdentity?>>? IdentitySelector { get => _identitySelector; set => Set(ref _identitySelector, value); }

    /// <summary>
    /// Picks the options of a connection by its ClientHello; when it gives null, these are used. What it gives is not asked to pick again,
    /// and <see cref="TlsOptions.HandshakeTimeout"/>, <see cref="TlsOptions.Padding"/> and <see cref="TlsOptions.OnHandshakeStep"/> stay those of these options.
    /// </summary>
    public Func<TlsClientHelloInfo, CancellationToken, ValueTask<TlsServerOptions?>>? OptionsSelector { get => _optionsSelector; set => Set(ref _optionsSelector, value); }

    /// <summary>
    /// Whether a client that asks for no name, or for one that no identity is for, is refused with unrecognized_name; false, so that it gets the first
    /// identity that it can verify. With it a connection for another server, led here by an attacker, ends at once (ALPACA, RFC 9325 §3.7).
    /// </summary>
    public bool RequireKnownServerName { get => _requireKnownServerName; set => Set(ref _requireKnownServerName, value); }

    /// <summary>Whether clients are asked for a certificate.</summary>
    public ClientCertificateMode ClientCertificateMode { get => _clientCertificateMode; set => Set(ref _clientCertificateMode, value); }

    /// <summary>Judges clients' certificates; must be set when they are asked for.</summary>
    public CertificateVerifier? ClientCertificateVerifier { get => _clientCertificateVerifier; set => Set(ref _clientCertificateVerifier, value); }

    /// <summary>
    /// The certificate authorities that a client is told are acceptable: distinguished names in DER (RFC 8446 §4.2.4, RFC 5246 §7.4.4), of which clients choose
    /// their certificate by. Null, the default, for those that <see cref="ClientCertificateVerifier"/> trusts, unless they are the system's or their names take
    /// more than 8 KiB; then, and with an empty list, a client is told none and shows what it has.
    /// </summary>
    /// <exception cref="ArgumentException">A name is empty, or they take more than 64 KiB.</exception>
    public IReadOnlyList<ReadOnlyMemory<byte>>? CertificateAuthorities
    {
        get => _certificateAuthorities?.Names;
        set => Set(ref _certificateAuthorities, value == null ? null : new AuthorityNames(value));
    }

    /// <summary>A copy that can be changed, even if this one is in use.</summary>
    public TlsServerOptions Clone() => (TlsServerOptions)Copy();

    /// <summary>What sessions are resumed with; null not to resume. The default seals them into their tickets under keys that change daily.</summary>
    public ITlsTicketStore? TicketStore { get => _ticketStore; set => Set(ref _ticketStore, value); }

    /// <summary>Where sessions of TLS 1.2 are kept under their session ids, for clients without tickets; null, the default, not to keep any.</summary>
    public ITlsSessionStore? SessionStore { get => _sessionStore; set => Set(ref _sessionStore, value); }

    /// <summary>How many tickets a client gets after a full handshake, 0 to 8; 2 by default. After a resumed one it gets one. A client may ask for more or fewer (RFC 9149); 0 gives none even then. In TLS 1.2 it gets one after a full handshake.</summary>
    public int TicketCount
    {
        get => _ticketCount;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, MostTickets);
            Set(ref _ticketCount, value);
        }
    }

    /// <summary>How long a ticket is good: one day by default, seven at most (RFC 8446 §4.6.1).</summary>
    public TimeSpan TicketLifetime
    {
        get => _ticketLifetime;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.FromSeconds(1));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, TimeSpan.FromDays(7));
            Set(ref _ticketLifetime, value);
        }
    }

    /// <summary>
    /// How many bytes of early data (0-RTT, RFC 8446 §2.3) a client may send with a ticket; 0, the default, takes none. Early data can be replayed by
    /// whoever recorded it: set this only if the application knows what it may do on its account (RFC 8470). Tickets say so from then on; a smaller value refuses the early data of older tickets.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public int MaxEarlyDataSize
    {
        get => _maxEarlyDataSize;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            Set(ref _maxEarlyDataSize, value);
        }
    }

    /// <summary>How far the age of a ticket may be from what the client says for its early data to be taken: 10 seconds by default (RFC 8446 §8.3).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not between zero and a day.</exception>
    public TimeSpan EarlyDataFreshness
    {
        get => _earlyDataFreshness;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, TimeSpan.FromDays(1));
            Set(ref _earlyDataFreshness, value);
        }
    }

    /// <summary>Remembers which tickets early data came under (RFC 8446 §8.1). The default is shared by all servers of the process; machines that share tickets must share a guard.</summary>
    public ITlsReplayGuard ReplayGuard { get => _replayGuard; set => Set(ref _replayGuard, value); }

    /// <summary>
    /// Called when early data is taken, before the handshake is done, to read it and perhaps to answer. What it leaves unread is in <see cref="TlsStream.EarlyData"/>, as everything is
    /// when this is null. The time that it takes counts for <see cref="TlsOptions.HandshakeTimeout"/>.
    /// </summary>
    public Func<TlsEarlyDataExchange, CancellationToken, ValueTask>? EarlyDataHandler { get => _earlyDataHandler; set => Set(ref _earlyDataHandler, value); }

    /// <summary>
    /// Finds the key that a client was given beforehand by the name that it asks for (RFC 8446 §4.2.11); null as its result says that there is none. In TLS 1.3 only.
    /// A server with neither <see cref="Identities"/> nor <see cref="IdentitySelector"/> refuses clients without such a key; any other falls back to its certificate.
    /// </summary>
    public Func<TlsPreSharedKeyRequest, CancellationToken, ValueTask<TlsPreSharedKey?>>? PreSharedKeyResolver { get => _preSharedKeyResolver; set => Set(ref _preSharedKeyResolver, value); }

    /// <summary>What clients are told whose certificates that verifier will judge.</summary>
    internal AuthorityNames AuthoritiesBy(CertificateVerifier? verifier) => _certificateAuthorities ?? verifier?.Options.TrustStore.ClientAuthorities ?? AuthorityNames.None;

    internal override bool DemandsPreSharedKey => PreSharedKeyResolver != null && Identities.Count == 0 && IdentitySelector == null;

    internal override void DemandUsable()
    {
        base.DemandUsable();
        if (Identities.Count == 0 && IdentitySelector == null && OptionsSelector == null && PreSharedKeyResolver == null)
            throw new InvalidOperationException("A server needs an identity: set Identities, IdentitySelector, OptionsSelector or PreSharedKeyResolver.");
        // RFC 8446 §4.3.2: a server that authenticates with a PSK must not ask for a certificate.
        if (PreSharedKeyResolver != null && ClientCertificateMode == ClientCertificateMode.Required)
            throw new InvalidOperationException("A client with a pre-shared key shows no certificate, so none can be required of all: set ClientCertificateMode to Optional and look at TlsSessionInfo.PeerProof.");
        if ((ClientCertificateMode != ClientCertificateMode.None || PostHandshakeAuthentication) && ClientCertificateVerifier == null)
            throw new InvalidOperationException("ClientCertificateVerifier must be set when client certificates are asked for.");
    }
}
