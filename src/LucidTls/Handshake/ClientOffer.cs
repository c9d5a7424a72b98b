using System.Buffers.Binary;
using LucidTls.Certificates;
using LucidTls.Certificates.Revocation;
using LucidTls.Cryptography;
using LucidTls.Protocol;
using LucidTls.Sessions;

namespace LucidTls.Handshake;

/// <summary>Builds the ClientHello and the one after HelloRetryRequest, and keeps the private keys of its shares.</summary>
internal sealed class ClientOffer : IDisposable
{
    private readonly TlsClientOptions _options;
    private readonly CryptoProvider _crypto;
    private readonly HandshakeHooks _hooks;
    private readonly Grease _grease;
    private readonly List<KeyShare> _shares = [];
    private readonly List<KeyShare> _owned = [];
    private readonly ClientSession? _session;
    private readonly List<ClientPsk> _psks = [];
    private IReadOnlyList<ClientPsk> _offeredPsks = [];
    private readonly ClientSession? _tls12Session;

    /// <param name="options">What to offer.</param>
    /// <param name="session">A session to resume, or null.</param>
    /// <param name="crypto">What this machine can do.</param>
    /// <param name="hooks">Where randomness comes from.</param>
    public ClientOffer(TlsClientOptions options, ClientSession? session, CryptoProvider crypto, HandshakeHooks hooks)
    {
        _options = options;
        _session = session is { } one && one.Version == TlsVersion.Tls13 ? one : null;
        _tls12Session = session is { } other && other.Version == TlsVersion.Tls12 ? other : null;
        _crypto = crypto;
        _hooks = hooks;
        _grease = new Grease(hooks);
        Versions = SpokenVersions.Of(options, crypto);
        CipherSuites = [.. options.CipherSuites.Where(suite => Versions.Contains(suite.Version) && crypto.TryGetSuite(suite, out _))];
        Groups = [.. options.Groups.Where(group => (OffersTls13 || group.IsForTls12) && crypto.TryGetGroup(group, out _))];
        if (OffersTls13)
            GenerateShares();
        if (OffersTls13)
            CollectPsks();
        Hello = Build();
        BindPsks(default);
    }

    public IReadOnlyList<TlsVersion> Versions { get; }
    public IReadOnlyList<CipherSuite> CipherSuites { get; }
    public IReadOnlyList<NamedGroup> Groups { get; }

    public bool OffersTls13 => Versions.Contains(TlsVersion.Tls13);
    public bool OffersTls12 => Versions.Contains(TlsVersion.Tls12);

    /// <summary>The pre-shared keys of the hello last sent, in their order there.</summary>
    public IReadOnlyList<ClientPsk> Psks => _offeredPsks;

    /// <summary>Whether early data goes along: there is a session to resume, and its ticket allows as much (RFC 8446 §4.2.10).</summary>
    public bool OffersEarlyData => !_options.EarlyData.IsEmpty && _session != null && (uint)_options.EarlyData.Length <= _session.MaxEarlyDataSize
        && (_options.EarlyDataProtocol is not { } protocol || protocol == _session.ApplicationProtocol);

    /// <summary>The hello last sent.</summary>
    public ClientHello Hello { get; set; }

    /// <summary>The offer in a few words for people.</summary>
    public string Description =>
        StepDetails.Offer(CipherSuites, _shares.Select(share => share.Group), ServerName()) + (OffersEarlyData ? $"; {_options.EarlyData.Length} bytes of early data go along" : "");

    /// <summary>The private key for the group that the server picked; null when no share of that group was sent.</summary>
    public KeyShare? ShareOf(NamedGroup group) => _shares.Find(share => share.Group == group);

    /// <summary>RFC 8446 §4.1.2: the same hello with the share asked for, and the cookie if there is one.</summary>
    /// <param name="group">The group wanted, or null.</param>
    /// <param name="cookie">The cookie to bring back, or null.</param>
    /// <param name="suite">The suite that the server picked: a pre-shared key goes along only if its hash fits (§4.1.4).</param>
    /// <param name="before">The transcript before the new hello: message_hash and HelloRetryRequest.</param>
    public void Retry(NamedGroup? group, ReadOnlyMemory<byte>? cookie, SuiteAlgorithm suite, ReadOnlySpan<byte> before)
    {
        var extensions = new ExtensionBlock();
        foreach (var extension in Hello.Extensions.Items)
        {
            // RFC 8446 §4.1.2: the early data that went along with the first hello is lost.
            if (extension.Type != ExtensionType.PreSharedKey && extension.Type != ExtensionType.EarlyData)
                extensions.Add(extension.Type, extension.Data);
        }
        if (group is { } wanted)
        {
            _shares.Clear();
            AddShare(wanted);
            extensions.Set(ExtensionType.KeyShare, Extensions.BuildClientShares(_shares.Select(Entry)));
        }
        if (cookie is { } value)
            extensions.Set(ExtensionType.Cookie, Extensions.BuildCookie(value));
        AddPsks(extensions, [.. _psks.Where(psk => psk.Suite.Hash == suite.Hash)]);
        Hello = new ClientHello
        {
            Random = Hello.Random,
            SessionId = Hello.SessionId,
            CipherSuites = Hello.CipherSuites,
            Extensions = extensions,
        };
        BindPsks(before);
    }

    public void Dispose()
    {
        foreach (var share in _owned)
            share.Dispose();
        foreach (var psk in _psks)
            psk.Dispose();
    }

    private void GenerateShares()
    {
        foreach (var group in _options.KeyShareGroups)
        {
            if (Groups.Contains(group))
                AddShare(group);
        }
        if (_shares.Count == 0)
            AddShare(Groups[0]);
    }

    private void AddShare(NamedGroup group)
    {
        // draft-ietf-tls-hybrid-design §3.2: the classical half of a hybrid may stand alone as well.
        foreach (var share in _owned)
        {
            if (share.ClassicalPart is { } part && part.Group == group)
            {
                _shares.Add(part);
                return;
            }
        }
        if (!_crypto.TryGetGroup(group, out var algorithm))
            throw new InvalidOperationException($"{group} is not offered.");
        var fresh = _hooks.GenerateShare(algorithm);
        _owned.Add(fresh);
        _shares.Add(fresh);
    }

    private ClientHello Build()
    {
        var random = new byte[32];
        _hooks.FillRandom(random);
        var sessionId = SessionId();

        var extensions = new ExtensionBlock();
        extensions.Add(_grease.FirstExtension, default);
        if (ServerName() is { } name)
            extensions.Add(ExtensionType.ServerName, Extensions.BuildServerName(name));
        if (OffersTls12)
            AddTls12Extensions(extensions);
        extensions.Add(ExtensionType.SupportedGroups, Extensions.BuildGroups([_grease.Group, .. Groups]));
        extensions.Add(ExtensionType.SignatureAlgorithms, Extensions.BuildSignatureSchemes(_options.SignatureSchemes));
        if (_options.ApplicationProtocols.Count > 0)
            extensions.Add(ExtensionType.ApplicationLayerProtocolNegotiation, Extensions.BuildProtocols(_options.ApplicationProtocols));
        if (OffersTls13 && _options is { SessionCache: not null, RequestedTickets: { } tickets })
            extensions.Add(ExtensionType.TicketRequest, Extensions.BuildTicketRequest(new TicketRequest((byte)tickets, (byte)_options.RequestedTicketsOnResumption)));
        if (_options.RecordSizeLimit != null)
            extensions.Add(ExtensionType.RecordSizeLimit, Extensions.BuildRecordSizeLimit(RecordSizes.Advertised(_options, Versions[0])));
        if (_options.CertificateVerifier.Options.Revocation.Stapled != RevocationMode.Off && IsJudged)
            extensions.Add(ExtensionType.StatusRequest, Extensions.BuildStatusRequest());
        // RFC 6962 §3.3.1: only who can judge timestamps asks for them.
        if (_options.CertificateVerifier.Options.TransparencyLogs != null && IsJudged)
            extensions.Add(ExtensionType.SignedCertificateTimestamp, default);
        if (OffersTls13)
            AddTls13Extensions(extensions);
        if (OffersTls13 && _options.PostHandshakeAuthentication)
            extensions.Add(ExtensionType.PostHandshakeAuth, default);
        if (OffersEarlyData)
            extensions.Add(ExtensionType.EarlyData, default);
        extensions.Add(_grease.LastExtension, new byte[1]);
        // RFC 8446 §4.2.11: the last extension.
        AddPsks(extensions, _psks);
        return new ClientHello
        {
            Random = random,
            SessionId = sessionId,
            // RFC 7507 §4: behind the others.
            CipherSuites = [_grease.Suite, .. CipherSuites, .. _options.IsFallback ? [CipherSuite.FallbackScsv] : Array.Empty<CipherSuite>()],
            Extensions = extensions,
        };
    }

    private bool IsJudged => !_options.DangerousAcceptAnyCertificate || _options.JudgesAfterwards;

    // RFC 8446 §D.4: a session id that is not empty makes the handshake look like a resumption to middleboxes.
    // RFC 5077 §3.4: with a ticket it tells whether the server resumes.
    private byte[] SessionId()
    {
        if (_tls12Session is { SessionId.IsEmpty: false })
            return _tls12Session.SessionId.ToArray();
        if (!OffersTls13 && _tls12Session == null)
            return [];
        var sessionId = new byte[32];
        _hooks.FillRandom(sessionId);
        return sessionId;
    }

    private void AddTls12Extensions(ExtensionBlock extensions)
    {
        extensions.Add(ExtensionType.ExtendedMasterSecret, default);
        // RFC 5746 §3.4: empty in a first handshake.
        extensions.Add(ExtensionType.RenegotiationInfo, new byte[1]);
        // RFC 8422 §5.1.2: uncompressed.
        extensions.Add(ExtensionType.EcPointFormats, new byte[] { 1, 0 });
        if (_options.SessionCache != null)
            extensions.Add(ExtensionType.SessionTicket, _tls12Session?.Ticket ?? default);
    }

    private void AddTls13Extensions(ExtensionBlock extensions)
    {
        extensions.Add(ExtensionType.SupportedVersions, Extensions.BuildOfferedVersions([_grease.Version, .. Versions]));
        extensions.Add(ExtensionType.KeyShare, Extensions.BuildClientShares([new KeyShareEntry(_grease.Group, new byte[1]), .. _shares.Select(Entry)]));
        // RFC 8446 §4.2.9: without it a server sends no tickets. Only with a fresh key exchange: psk_dhe_ke.
        if (_options.SessionCache != null || _psks.Count > 0)
            extensions.Add(ExtensionType.PskKeyExchangeModes, Extensions.BuildPskModes([1]));
    }

    private void CollectPsks()
    {
        if (_session != null)
            _psks.Add(ClientPsk.Of(_session, Suite(_session.CipherSuite)));
        SuiteAlgorithm[] suites = [.. CipherSuites.Where(suite => suite.Version == TlsVersion.Tls13).Select(Suite)];
        foreach (var key in _options.PreSharedKeys)
            _psks.AddRange(ClientPsk.Of(key, suites));
    }

    /// <summary>The extension without binders yet: zeros stand for them.</summary>
    private void AddPsks(ExtensionBlock extensions, IReadOnlyList<ClientPsk> psks)
    {
        _offeredPsks = psks;
        if (psks.Count == 0)
            return;
        var now = _options.SessionCache?.Now ?? default;
        extensions.Add(ExtensionType.PreSharedKey, new OfferedPsks
        {
            Identities = [.. psks.Select(psk => psk.ToWire(now))],
            Binders = [.. psks.Select(psk => new ReadOnlyMemory<byte>(new byte[psk.Suite.HashLength]))],
        }.Build());
    }

    /// <summary>RFC 8446 §4.2.11.2: each binder covers the whole hello up to the list of binders.</summary>
    private void BindPsks(ReadOnlySpan<byte> before)
    {
        if (_offeredPsks.Count == 0 || !Hello.Extensions.TryGet(ExtensionType.PreSharedKey, out var extension))
            return;
        using var writer = new TlsWriter();
        writer.WriteUInt8(HandshakeType.ClientHello.Value);
        using (writer.Length24())
            Hello.Write(writer);
        var bound = extension.ToArray();
        var binders = bound.AsSpan(bound.Length - _offeredPsks.Sum(psk => 1 + psk.Suite.HashLength));
        var truncatedHello = writer.Written[..^(2 + binders.Length)];
        foreach (var psk in _offeredPsks)
        {
            using var early = EarlyStage.Create(psk.Suite, psk.Key.Span);
            PskBinder.Compute(psk.Suite, early, psk.Kind, before, truncatedHello, binders.Slice(1, psk.Suite.HashLength));
            binders = binders[(1 + psk.Suite.HashLength)..];
        }
        Hello.Extensions.Set(ExtensionType.PreSharedKey, bound);
    }

    private SuiteAlgorithm Suite(CipherSuite id) => _crypto.TryGetSuite(id, out var suite)
        ? suite
        : throw new InvalidOperationException($"{id} went away.");

    // RFC 6066 §3: "Literal IPv4 and IPv6 addresses are not permitted in 'HostName'."
    private string? ServerName() => _options.TargetHost is { } host ? ServerNames.ForSni(host) : null;

    private static KeyShareEntry Entry(KeyShare share) => new(share.Group, share.PublicShare);

    /// <summary>Values without a meaning that keep servers tolerant of the unknown (RFC 8701), the same for both hellos of a handshake.</summary>
    private sealed class Grease
    {
        private readonly byte[] _choices = new byte[5];

        public Grease(HandshakeHooks hooks)
        {
            hooks.FillRandom(_choices);
            // Two extensions may not have the same type.
            if (Value(3) == Value(4))
                _choices[4] ^= 1;
        }

        public CipherSuite Suite => new(Value(0));
        public NamedGroup Group => new(Value(1));
        public TlsVersion Version => new(Value(2));
        public ExtensionType FirstExtension => new(Value(3));
        public ExtensionType LastExtension => new(Value(4));

        // 0x0A0A, 0x1A1A … 0xFAFA
        private ushort Value(int index) => BinaryPrimitives.ReadUInt16BigEndian([Byte(index), Byte(index)]);

        private byte Byte(int index) => (byte)((_choices[index] & 0x0F) << 4 | 0x0A);
    }
}
