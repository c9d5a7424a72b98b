using System.Net.Security;
using LucidTls.Certificates;
using LucidTls.Sessions;

namespace LucidTls;

/// <summary>What a client offers and demands. Mutable until the first handshake uses it, then frozen; one object may serve any number of connections.</summary>
public sealed class TlsClientOptions : TlsOptions
{
    private string? _targetHost;
    private CertificateVerifier _certificateVerifier = CertificateVerifier.System;
    private bool _dangerousAcceptAnyCertificate;
    private bool _judgesAfterwards;
    private IReadOnlyList<NamedGroup> _keyShareGroups = Defaults.KeyShareGroups;
    private bool _isFallback;
    private ReadOnlyMemory<byte> _earlyData;
    private SslApplicationProtocol? _earlyDataProtocol;
    private IReadOnlyList<TlsPreSharedKey> _preSharedKeys = [];
    private bool _allowCertificateFallback;
    private TlsIdentity? _identity;
    private int? _requestedTickets;
    private int _requestedTicketsOnResumption = 1;
    private TlsSessionCache? _sessionCache = TlsSessionCache.Shared;
    private Func<TlsCertificateRequest, CancellationToken, ValueTask<TlsIdentity?>>? _identitySelector;

    /// <summary>The server's DNS name or IP address: sent as SNI when it is a DNS name, and what the certificate must be for.</summary>
    public string? TargetHost { get => _targetHost; set => Set(ref _targetHost, value); }

    /// <summary>Judges the server's certificate. The default trusts the system's roots.</summary>
    public CertificateVerifier CertificateVerifier { get => _certificateVerifier; set => Set(ref _certificateVerifier, value); }

    /// <summary>Accepts any certificate from anybody: the connection is then open to whoever sits in the middle. For tests only.</summary>
    public bool DangerousAcceptAnyCertificate { get => _dangerousAcceptAnyCertificate; set => Set(ref _dangerousAcceptAnyCertificate, value); }

    /// <summary>Whether the server is asked for all that <see cref="CertificateVerifier"/> looks at though any certificate is accepted: somebody judges it afterwards.</summary>
    internal bool JudgesAfterwards { get => _judgesAfterwards; set => Set(ref _judgesAfterwards, value); }

    /// <summary>The groups for which the first ClientHello carries a key share; a subset of <see cref="TlsOptions.Groups"/>.</summary>
    public IReadOnlyList<NamedGroup> KeyShareGroups { get => _keyShareGroups; set => Set(ref _keyShareGroups, value); }

    /// <summary>
    /// Whether this is another attempt with a lower <see cref="TlsOptions.MaximumVersion"/> after one that failed: the server is told (TLS_FALLBACK_SCSV,
    /// RFC 7507), and refuses if it speaks more, since then somebody made the first attempt fail.
    /// </summary>
    public bool IsFallback { get => _isFallback; set => Set(ref _isFallback, value); }

    /// <summary>What this client proves itself with when the server asks; null for nothing.</summary>
    public TlsIdentity? Identity { get => _identity; set => Set(ref _identity, value); }

    /// <summary>Picks the identity by the server's request; wins over <see cref="Identity"/>. Null as its result declines.</summary>
    public Func<TlsCertificateRequest, CancellationToken, ValueTask<TlsIdentity?>>? IdentitySelector { get => _identitySelector; set => Set(ref _identitySelector, value); }

    /// <summary>A copy that can be changed, even if this one is in use.</summary>
    public TlsClientOptions Clone() => (TlsClientOptions)Copy();

    /// <summary>Where tickets are kept for resuming later; null not to resume. The default is shared by all connections of the process.</summary>
    public TlsSessionCache? SessionCache { get => _sessionCache; set => Set(ref _sessionCache, value); }

    /// <summary>
    /// How many tickets to ask the server for after a full handshake (RFC 9149), 0 to 255: as many as connections are to be resumed at the same time, since
    /// each ticket is used once. Null, the default, leaves it to the server. Without a <see cref="SessionCache"/> nothing is asked.
    /// </summary>
    public int? RequestedTickets
    {
        get => _requestedTickets;
        set
        {
            if (value is { } count)
                ArgumentOutOfRangeException.ThrowIfNotEqual(count, (byte)count, nameof(value));
            Set(ref _requestedTickets, value);
        }
    }

    /// <summary>How many to ask for after a resumed one, where <see cref="RequestedTickets"/> is set; 1 by default, which makes up for the one used.</summary>
    public int RequestedTicketsOnResumption
    {
        get => _requestedTicketsOnResumption;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(value, (byte)value);
            Set(ref _requestedTicketsOnResumption, value);
        }
    }

    /// <summary>
    /// Data to send along with the ClientHello when a session is resumed whose ticket allows as many bytes (0-RTT, RFC 8446 §2.3); empty, the default, for none. Whoever records it
    /// can have the server see it twice: only what may safely happen twice belongs here. It saves a round trip and is forward secret only as far as the ticket is.
    /// <see cref="TlsSessionInfo.EarlyData"/> says afterwards whether it was sent and taken; if not, nothing of it has been read, and the application sends it anew if it still wants to.
    /// Each connection with these options sends it: <see cref="Clone"/> them for one.
    /// </summary>
    public ReadOnlyMemory<byte> EarlyData { get => _earlyData; set => Set(ref _earlyData, value); }

    /// <summary>The application protocol that <see cref="EarlyData"/> is of, where several are offered: it goes along only with a session of that one. Null for whatever the session is of.</summary>
    internal SslApplicationProtocol? EarlyDataProtocol { get => _earlyDataProtocol; set => Set(ref _earlyDataProtocol, value); }

    /// <summary>
    /// Keys that this client and its server were given beforehand, most wanted first (RFC 8446 §4.2.11); with TLS 1.3 only. A session made with one is resumed with the same keys alone.
    /// </summary>
    public IReadOnlyList<TlsPreSharedKey> PreSharedKeys { get => _preSharedKeys; set => Set(ref _preSharedKeys, value); }

    /// <summary>
    /// Whether a server that takes none of <see cref="PreSharedKeys"/> may prove itself with a certificate instead, which is verified as always; false by default. Without keys it says nothing.
    /// </summary>
    public bool AllowCertificateFallback { get => _allowCertificateFallback; set => Set(ref _allowCertificateFallback, value); }

    /// <summary>Whether a server can only prove itself with a key that was given beforehand.</summary>
    internal override bool DemandsPreSharedKey => PreSharedKeys.Count > 0 && !AllowCertificateFallback;

    internal override void DemandUsable()
    {
        base.DemandUsable();
        if (TargetHost == null && !DangerousAcceptAnyCertificate && !DemandsPreSharedKey)
            throw new InvalidOperationException("TargetHost must name the server, or its certificate proves nothing.");
        if (TargetHost != null)
            ServerNames.Demand(TargetHost);
    }
}
