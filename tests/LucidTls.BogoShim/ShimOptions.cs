using System.Net.Security;
using System.Text;
using LucidTls.Certificates;
using LucidTls.Cryptography;
using LucidTls.Handshake;
using LucidTls.Protocol;
using LucidTls.Sessions;

namespace LucidTls.BogoShim;

/// <summary>Turns the flags of a connection into LucidTls's options. What outlives a connection is here once for all of a test's.</summary>
internal sealed class ShimOptions
{
    /// <summary>Not sent as SNI, and the name under which sessions are kept when the test names no host.</summary>
    private const string NoName = "127.0.0.1";

    private readonly ShiftedTime _time = new();
    private readonly TlsSessionCache _cache;
    private readonly TicketKeyRing _tickets;
    private readonly TlsSessionStore _sessions;
    private readonly CertificateVerifier _refusing = CertificateVerifier.FromRoots([]);
    private readonly Dictionary<string, ShimCredentials> _credentials = [];
    private readonly Dictionary<ShimCredentials, Func<TlsCertificateRequest, CancellationToken, ValueTask<TlsIdentity?>>> _selectors = [];

    public ShimOptions()
    {
        _cache = new TlsSessionCache(time: _time);
        _tickets = new TicketKeyRing(time: _time);
        _sessions = new TlsSessionStore(time: _time);
    }

    /// <summary>What the last ClientHello that a server saw said.</summary>
    public TlsClientHelloInfo? ClientHello { get; private set; }

    /// <summary>How much later the next connection seems to come.</summary>
    public void Wait(TimeSpan delay) => _time.Offset += delay;

    /// <summary>Credentials are read once, since a session is resumed only with the identity that it was made with.</summary>
    public ShimCredentials CredentialsOf(ShimFlags flags)
    {
        var key = string.Join('\n', flags.All.Where(flag => flag.Name.StartsWith("-psk-importer", StringComparison.Ordinal) || flag.Name is "-new-x509-credential" or "-new-psk-credential" or "-cert-file" or "-key-file" or "-ocsp-response" or "-signed-cert-timestamps" or "-signing-prefs"));
        if (!_credentials.TryGetValue(key, out var credentials))
            _credentials.Add(key, credentials = ShimCredentials.From(flags));
        return credentials;
    }

    public TlsClientOptions Client(ShimFlags flags, ReadOnlyMemory<byte> earlyData)
    {
        var credentials = CredentialsOf(flags);
        var options = new TlsClientOptions
        {
            TargetHost = flags.Text("-host-name") ?? NoName,
            DangerousAcceptAnyCertificate = !flags.Has("-verify-fail"),
            CertificateVerifier = _refusing,
            IsFallback = flags.Has("-fallback-scsv"),
            IdentitySelector = SelectorOf(flags, credentials),
            SessionCache = flags.Has("-no-ticket") ? null : _cache,
            ApplicationProtocols = flags.Text("-advertise-alpn") is { } offered ? SplitProtocols(offered) : [],
            EarlyData = earlyData,
        };
        options.PreSharedKeys = credentials.Keys;
        options.AllowCertificateFallback = flags.Has("-verify-peer");
        options.Hooks = new AskingHooks(flags);
        SetCommon(options, flags);
        options.KeyShareGroups = KeyShares(flags, options.Groups);
        return options;
    }

    public TlsServerOptions Server(ShimFlags flags, Func<TlsEarlyDataExchange, CancellationToken, ValueTask> earlyDataHandler)
    {
        var asksForCertificate = flags.Has("-require-any-client-certificate") || flags.Has("-verify-peer");
        var protocols = flags.Has("-reject-alpn") ? "not spoken" : flags.Has("-decline-alpn") || flags.Text("-select-alpn") is "" ? null : flags.Text("-select-alpn");
        var options = new TlsServerOptions
        {
            Identities = CredentialsOf(flags).Identities,
            IdentitySelector = (hello, _) =>
            {
                ClientHello = hello;
                return flags.Has("-fail-cert-callback") ? throw new InvalidOperationException("the callback fails") : new ValueTask<TlsIdentity?>((TlsIdentity?)null);
            },
            ClientCertificateMode = flags.Has("-require-any-client-certificate") ? ClientCertificateMode.Required : asksForCertificate ? ClientCertificateMode.Optional : ClientCertificateMode.None,
            ClientCertificateVerifier = flags.Has("-verify-fail") || flags.Text("-trust-cert") is not { Length: > 0 } roots ? _refusing : RootsOf(roots),
            PreSharedKeyResolver = CredentialsOf(flags).Keys is { Count: > 0 } keys ? (request, _) => ValueTask.FromResult(keys.FirstOrDefault(key => Fits(key, request))) : null,
            CertificateAuthorities = Authorities(flags.Text("-use-client-ca-list")),
            TicketStore = flags.Has("-no-ticket") ? null : _tickets,
            SessionStore = _sessions,
            ApplicationProtocols = protocols == null ? [] : [new SslApplicationProtocol(protocols)],
            MaxEarlyDataSize = flags.Has("-enable-early-data") ? 14336 : 0,
            EarlyDataHandler = earlyDataHandler,
        };
        // With pre-shared keys alone there is nothing to select.
        if (options.PreSharedKeyResolver != null && options.Identities.Count == 0)
            options.IdentitySelector = null;
        SetCommon(options, flags);
        return options;
    }

    // One selector for all connections with the same credentials, since a session is resumed only with the selector that it was made with.
    private Func<TlsCertificateRequest, CancellationToken, ValueTask<TlsIdentity?>>? SelectorOf(ShimFlags flags, ShimCredentials credentials)
    {
        if (flags.Has("-fail-cert-callback"))
            return (_, _) => throw new InvalidOperationException("the callback fails");
        if (credentials.Identities.Count == 0)
            return null;
        if (!_selectors.TryGetValue(credentials, out var selector))
            _selectors.Add(credentials, selector = (request, _) =>
            {
                DemandAuthorities(flags, request);
                return ValueTask.FromResult<TlsIdentity?>(
                    credentials.Identities.FirstOrDefault(identity => identity.SchemesOf(TlsVersion.Tls13).Any(request.SignatureSchemes.Contains))
                    ?? credentials.Identities.FirstOrDefault(identity => identity.SchemesOf(TlsVersion.Tls12).Any(request.SignatureSchemes.Contains))
                    ?? credentials.Identities[0]);
            });
        return selector;
    }

    /// <summary>Names in DER, in hexadecimal with commas between them.</summary>
    private static IReadOnlyList<ReadOnlyMemory<byte>> Authorities(string? list) => list is null or "<NULL>" or "<EMPTY>"
        ? []
        : [.. list.Split(',').Select(name => (ReadOnlyMemory<byte>)Convert.FromHexString(name))];

    private static void DemandAuthorities(ShimFlags flags, TlsCertificateRequest request)
    {
        if (flags.Text("-expect-client-ca-list") is { } expected && Hex(Authorities(expected)) is var wanted && wanted != Hex(request.CertificateAuthorities))
            throw new ShimExpectationException($"expected otherwise: the authorities are {Hex(request.CertificateAuthorities)}");
    }

    private static string Hex(IReadOnlyList<ReadOnlyMemory<byte>> names) => string.Join(',', names.Select(name => Convert.ToHexString(name.Span)));

    private static void SetCommon(TlsOptions options, ShimFlags flags)
    {
        options.MinimumVersion = flags.Has("-no-tls12") || flags.Number("-min-version") > TlsVersion.Tls12.Value ? TlsVersion.Tls13 : TlsVersion.Tls12;
        options.MaximumVersion = flags.Has("-no-tls13") || flags.Number("-max-version") < TlsVersion.Tls13.Value ? TlsVersion.Tls12 : TlsVersion.Tls13;
        if (flags.Number("-max-version") < TlsVersion.Tls12.Value || options.MinimumVersion.Value > options.MaximumVersion.Value)
            throw new UnknownFlagException("-max-version");
        options.AllowMissingExtendedMasterSecret = true;
        options.HandshakeTimeout = TimeSpan.FromMinutes(1);
        if (flags.Numbers("-curves") is { Count: > 0 } groups)
            options.Groups = [.. groups.Select(group => new NamedGroup(group))];
        foreach (var group in options.Groups)
        {
            if (!CryptoProvider.Default.TryGetGroup(group, out _))
                throw new UnknownFlagException($"-curves {group}");
        }
        if (flags.Numbers("-verify-prefs") is { Count: > 0 } schemes)
            options.SignatureSchemes = [.. schemes.Select(scheme => new SignatureScheme(scheme))];
        if (flags.Text("-cipher") is { } suites)
            options.CipherSuites = ShimSuites.Parse(suites);
    }

    // A share for the hybrid group wanted most and one for the other group wanted most.
    private static IReadOnlyList<NamedGroup> KeyShares(ShimFlags flags, IReadOnlyList<NamedGroup> groups)
    {
        if (flags.Has("-no-key-shares"))
            return [];
        if (flags.Numbers("-key-shares") is { Count: > 0 } wanted)
            return [.. wanted.Select(group => new NamedGroup(group))];
        var (hybrid, classical) = (groups.FirstOrDefault(group => !group.IsForTls12), groups.FirstOrDefault(group => group.IsForTls12));
        return [.. groups.Where(group => group == hybrid || group == classical)];
    }

    private static List<SslApplicationProtocol> SplitProtocols(string list)
    {
        var protocols = new List<SslApplicationProtocol>();
        var rest = Encoding.Latin1.GetBytes(list).AsSpan();
        while (!rest.IsEmpty)
        {
            protocols.Add(new SslApplicationProtocol(rest[1..(1 + rest[0])].ToArray()));
            rest = rest[(1 + rest[0])..];
        }
        return protocols;
    }

    private static bool Fits(TlsPreSharedKey key, TlsPreSharedKeyRequest request) =>
        request.IsImported && request.Identity.Span.SequenceEqual(key.Identity.Span) && request.Context.Span.SequenceEqual(key.Context.Span);

    private static CertificateVerifier RootsOf(string path) => CertificateVerifier.FromRoots(ShimCredentials.ReadCertificates(path));

    /// <summary>Asks for what only a verifier that judges it asks for otherwise.</summary>
    private sealed class AskingHooks(ShimFlags flags) : HandshakeHooks
    {
        public override IHandshakeBody BeforeSend(IHandshakeBody message)
        {
            // Binders are made already when there are pre-shared keys.
            if (message is not ClientHello hello || hello.Extensions.Contains(ExtensionType.PreSharedKey))
                return message;
            if (flags.Has("-enable-ocsp-stapling") && !hello.Extensions.Contains(ExtensionType.StatusRequest))
                hello.Extensions.Add(ExtensionType.StatusRequest, Extensions.BuildStatusRequest());
            if (flags.Has("-enable-signed-cert-timestamps") && !hello.Extensions.Contains(ExtensionType.SignedCertificateTimestamp))
                hello.Extensions.Add(ExtensionType.SignedCertificateTimestamp, default);
            return hello;
        }
    }

    /// <summary>A clock that moves only when a test puts it forward.</summary>
    private sealed class ShiftedTime : TimeProvider
    {
        private readonly DateTimeOffset _start = System.GetUtcNow();

        public TimeSpan Offset { get; set; }

        public override DateTimeOffset GetUtcNow() => _start + Offset;
    }
}
