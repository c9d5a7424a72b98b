using System.Net.Security;
using LucidTls.Handshake;
using LucidTls.Records;

namespace LucidTls;

/// <summary>What both ends can set. Mutable until the first handshake uses it, then frozen.</summary>
public abstract class TlsOptions
{
    private IReadOnlyList<SslApplicationProtocol> _applicationProtocols = [];
    private TlsVersion _minimumVersion = Defaults.MinimumVersion;
    private TlsVersion _maximumVersion = Defaults.MaximumVersion;
    private bool _allowMissingExtendedMasterSecret;
    private IReadOnlyList<CipherSuite> _cipherSuites = Defaults.CipherSuites;
    private IReadOnlyList<NamedGroup> _groups = Defaults.Groups;
    private IReadOnlyList<SignatureScheme> _signatureSchemes = Defaults.SignatureSchemes;
    private TimeSpan _handshakeTimeout = Defaults.HandshakeTimeout;
    private RecordPadding _padding = RecordPadding.None;
    private int? _recordSizeLimit;
    private bool _requireApplicationProtocol;
    private bool _postHandshakeAuthentication;
    private Action<string>? _keyLog;
    private Action<TlsHandshakeStep>? _onHandshakeStep;
    private volatile bool _frozen;

    private protected TlsOptions()
    {
    }

    /// <summary>The application protocols offered (client) or accepted (server), most wanted first (ALPN, RFC 7301). Empty for none.</summary>
    public IReadOnlyList<SslApplicationProtocol> ApplicationProtocols { get => _applicationProtocols; set => Set(ref _applicationProtocols, value); }

    /// <summary>
    /// Whether a peer that does not take part in ALPN is refused; false. It keeps an attacker from leading a connection to a server of another
    /// protocol that has a certificate for the same name (ALPACA, RFC 9325 §3.8). <see cref="ApplicationProtocols"/> must be set with it.
    /// </summary>
    public bool RequireApplicationProtocol { get => _requireApplicationProtocol; set => Set(ref _requireApplicationProtocol, value); }

    /// <summary>The oldest version spoken: TLS 1.2, the default, or TLS 1.3.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Any other version.</exception>
    public TlsVersion MinimumVersion { get => _minimumVersion; set => Set(ref _minimumVersion, Known(value)); }

    /// <summary>The newest version spoken: TLS 1.3, the default, or TLS 1.2.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Any other version.</exception>
    public TlsVersion MaximumVersion { get => _maximumVersion; set => Set(ref _maximumVersion, Known(value)); }

    /// <summary>
    /// Whether a peer may speak TLS 1.2 without extended_master_secret (RFC 7627), as implementations from before 2015 do. Its sessions
    /// are then open to the triple handshake attack, and neither channel binding nor exported keying material can be had (§5.4).
    /// </summary>
    public bool AllowMissingExtendedMasterSecret { get => _allowMissingExtendedMasterSecret; set => Set(ref _allowMissingExtendedMasterSecret, value); }

    /// <summary>The cipher suites of all versions, most wanted first. A version for which there is none is not spoken.</summary>
    public IReadOnlyList<CipherSuite> CipherSuites { get => _cipherSuites; set => Set(ref _cipherSuites, value); }

    /// <summary>The key-exchange groups, most wanted first.</summary>
    public IReadOnlyList<NamedGroup> Groups { get => _groups; set => Set(ref _groups, value); }

    /// <summary>The signature schemes accepted from the peer, most wanted first; in TLS 1.3, PKCS#1 ones count for certificates only.</summary>
    public IReadOnlyList<SignatureScheme> SignatureSchemes { get => _signatureSchemes; set => Set(ref _signatureSchemes, value); }

    /// <summary>How long a handshake may take before it is given up; 10 seconds by default, <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</summary>
    public TimeSpan HandshakeTimeout { get => _handshakeTimeout; set => Set(ref _handshakeTimeout, value); }

    /// <summary>How the lengths of records are hidden (RFC 8446 §5.4).</summary>
    public RecordPadding Padding { get => _padding; set => Set(ref _padding, value); }

    /// <summary>
    /// The longest record that this end accepts, in bytes of what is protected, as RFC 8449 counts them: the content, in TLS 1.3 with a byte
    /// for its type and the padding. From 64 to 16385; null, the default, for no wish. A client tells the server, and a server the
    /// clients that ask; with a peer that does not know the extension nothing is limited. The peer's own limit is always kept.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">A limit below 64 or above 16385.</exception>
    public int? RecordSizeLimit
    {
        get => _recordSizeLimit;
        set
        {
            if (value is { } limit)
            {
                ArgumentOutOfRangeException.ThrowIfLessThan(limit, RecordSizes.SmallestLimit, nameof(value));
                ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, RecordLimits.MaxPlaintext + 1, nameof(value));
            }
            Set(ref _recordSizeLimit, value);
        }
    }

    /// <summary>
    /// Whether a client may be asked for a certificate when the handshake is long done (RFC 8446 §4.6.2), in TLS 1.3 only; false. A client tells the server that it
    /// may ask. A server that has this set, with a verifier for clients' certificates, asks with <see cref="TlsStream.RequestClientCertificateAsync"/>. HTTP/2 forbids it (RFC 8740).
    /// </summary>
    public bool PostHandshakeAuthentication { get => _postHandshakeAuthentication; set => Set(ref _postHandshakeAuthentication, value); }

    /// <summary>
    /// Gets each line of the key log (the format of SSLKEYLOGFILE), with which whoever holds it can decrypt the connection.
    /// Null, the default, writes to the file that the environment variable SSLKEYLOGFILE names, if it is set.
    /// </summary>
    public Action<string>? KeyLog { get => _keyLog; set => Set(ref _keyLog, value); }

    /// <summary>Called for each handshake message as it is sent or received, on the thread of the handshake. It must not throw.</summary>
    public Action<TlsHandshakeStep>? OnHandshakeStep { get => _onHandshakeStep; set => Set(ref _onHandshakeStep, value); }

    /// <summary>Where randomness comes from; tests replay recorded values.</summary>
    internal HandshakeHooks Hooks { get; set; } = HandshakeHooks.None;

    /// <summary>Whether nothing but a key given beforehand counts, and so nothing but TLS 1.3.</summary>
    internal abstract bool DemandsPreSharedKey { get; }

    /// <exception cref="InvalidOperationException">These options contradict themselves or lack what a handshake cannot do without.</exception>
    internal virtual void DemandUsable()
    {
        if (RequireApplicationProtocol && ApplicationProtocols.Count == 0)
            throw new InvalidOperationException("RequireApplicationProtocol needs ApplicationProtocols.");
        if (MinimumVersion.Value > MaximumVersion.Value)
            throw new InvalidOperationException($"MinimumVersion {MinimumVersion} is newer than MaximumVersion {MaximumVersion}.");
        if (DemandsPreSharedKey && MaximumVersion != TlsVersion.Tls13)
            throw new InvalidOperationException("Pre-shared keys need TLS 1.3: set MaximumVersion to it.");
    }

    internal void Freeze() => _frozen = true;

    private protected TlsOptions Copy()
    {
        var copy = (TlsOptions)MemberwiseClone();
        copy._frozen = false;
        return copy;
    }

    private static TlsVersion Known(TlsVersion version) => version == TlsVersion.Tls12 || version == TlsVersion.Tls13
        ? version
        : throw new ArgumentOutOfRangeException(nameof(version), version, "TLS 1.2 and TLS 1.3 are spoken, no other version.");

    private protected void Set<T>(ref T field, T value)
    {
        if (_frozen)
            throw new InvalidOperationException("These options are in use by a connection and can no longer be changed; make a new object.");
        field = value;
    }
}
