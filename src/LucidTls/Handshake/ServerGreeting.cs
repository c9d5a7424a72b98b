using LucidTls.Cryptography;
using LucidTls.Diagnostics;
using LucidTls.Protocol;

namespace LucidTls.Handshake;

/// <summary>
/// What a server begins with in any version: the ClientHello decides which handshake goes on (<see cref="Tls13Server"/> or
/// <see cref="Tls12Server"/>).
/// </summary>
internal sealed class ServerGreeting(TlsServerOptions options, HandshakeChannel channel, CryptoProvider crypto)
{
    private ClientHello? _hello;
    private KeyLog? _keyLog;

    /// <summary>The options that hold for this connection: those given, or those that their selector picked by the ClientHello.</summary>
    public TlsServerOptions Options { get; private set; } = options;

    public ClientHello Hello => _hello ?? throw new InvalidOperationException("No ClientHello has come yet.");
    public KeyLog KeyLog => _keyLog ?? throw new InvalidOperationException("No ClientHello has come yet.");

    /// <summary>The ClientHello with its header, for the transcript.</summary>
    public ReadOnlyMemory<byte> HelloBytes { get; private set; }

    /// <summary>The versions that this server speaks with this client, the newest first.</summary>
    public IReadOnlyList<TlsVersion> Versions { get; private set; } = [];

    /// <summary>Awaits the ClientHello and picks the newest version that both ends speak.</summary>
    /// <exception cref="TlsException">There is none, or the client fell back to less than this server speaks.</exception>
    public async ValueTask<TlsVersion> RunAsync(CancellationToken cancellationToken)
    {
        var message = await channel.ReceiveAsync(HandshakeType.ClientHello, cancellationToken).ConfigureAwait(false);
        _hello = ClientHello.Parse(message.Body);
        HelloBytes = message.Bytes;
        Options = await ServerChoice.OptionsAsync(Hello, Options, cancellationToken).ConfigureAwait(false);
        Versions = SpokenVersions.Of(Options, crypto);
        _keyLog = new KeyLog(Options, Hello.Random.Span);
        var version = Version();
        channel.Version = version;
        channel.Describe(StepDetails.Offer(Hello.CipherSuites, (Hello.KeyShares ?? []).Select(share => share.Group), Hello.ServerName));
        return version;
    }

    private TlsVersion Version()
    {
        // RFC 8446 §4.2.1: with supported_versions legacy_version says nothing; without, TLS 1.2 is the most there can be.
        IReadOnlyList<TlsVersion> offered = Hello.Versions ?? (Hello.LegacyVersion >= TlsVersion.Tls12.Value ? [TlsVersion.Tls12] : []);
        var version = Versions.FirstOrDefault(offered.Contains);
        // RFC 7507 §3: a client that fell back says so, and this server speaks more than it asks for.
        if (version != Versions[0] && Hello.CipherSuites.Contains(CipherSuite.FallbackScsv))
            throw new TlsException(TlsError.InappropriateFallback);
        if (version != default)
            return version;
        var offer = Hello.Versions is { } list ? string.Join(", ", list.Where(one => !GreaseValues.Contain(one.Value))) : $"up to {new TlsVersion(Hello.LegacyVersion)}";
        throw new TlsException(TlsError.UnsupportedVersion, $"the client offers {offer}; this server accepts {string.Join(", ", Versions)}");
    }
}
