using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using LucidTls.TestSupport;

namespace LucidTls.Bench.Stacks;

/// <summary>The platform's SslStream, here on OpenSSL.</summary>
internal sealed class SslStreamStack : TlsStack
{
    private readonly List<X509Certificate2> _certificates = [];
    private readonly Dictionary<HandshakeKind, (SslClientAuthenticationOptions Client, SslServerAuthenticationOptions Server)> _options;

    public SslStreamStack(TestPki pki, TestCertificate server, TestCertificate client)
    {
        var root = Keep(X509CertificateLoader.LoadCertificate(pki.Root));
        var intermediate = Keep(X509CertificateLoader.LoadCertificate(pki.Intermediate));
        var serverContext = SslStreamCertificateContext.Create(Keep(server.ToPlatform()), [intermediate], offline: true);
        var clientContext = SslStreamCertificateContext.Create(Keep(client.ToPlatform()), [intermediate], offline: true);
        _options = HandshakeKind.All.ToDictionary(kind => kind, kind => Options(kind, root, serverContext, clientContext));
    }

    public override string Name => "SslStream";

    // .NET has no option for the groups: X25519 is what OpenSSL 3.0 takes by itself.
    public override bool Supports(HandshakeKind kind) => kind.Group == NamedGroup.X25519;

    public override void Dispose() => _certificates.ForEach(certificate => certificate.Dispose());

    protected override async Task<Stream> AuthenticateClientAsync(Stream inner, HandshakeKind kind)
    {
        var stream = new SslStream(inner, leaveInnerStreamOpen: true);
        await stream.AuthenticateAsClientAsync(_options[kind].Client).ConfigureAwait(false);
        return stream;
    }

    protected override async Task<Stream> AuthenticateServerAsync(Stream inner, HandshakeKind kind)
    {
        var stream = new SslStream(inner, leaveInnerStreamOpen: true);
        await stream.AuthenticateAsServerAsync(_options[kind].Server).ConfigureAwait(false);
        return stream;
    }

    private static (SslClientAuthenticationOptions, SslServerAuthenticationOptions) Options(HandshakeKind kind, X509Certificate2 root, SslStreamCertificateContext server, SslStreamCertificateContext client)
    {
        // With a list of suites SslStream makes a new context for each connection, and resumes nothing.
        var suites = kind.Resumes ? null : Suites(kind);
        var version = kind.IsTls12 ? SslProtocols.Tls12 : SslProtocols.Tls13;
        return (new()
        {
            TargetHost = HostName,
            EnabledSslProtocols = version,
            CipherSuitesPolicy = suites,
            AllowTlsResume = kind.Resumes,
            CertificateChainPolicy = Trust(root),
            ClientCertificateContext = kind.IsMutual ? client : null,
        }, new()
        {
            ServerCertificateContext = server,
            EnabledSslProtocols = version,
            CipherSuitesPolicy = suites,
            AllowTlsResume = kind.Resumes,
            ClientCertificateRequired = kind.IsMutual,
            CertificateChainPolicy = kind.IsMutual ? Trust(root) : null,
        });
    }

    private static X509ChainPolicy Trust(X509Certificate2 root) => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        CustomTrustStore = { root },
        RevocationMode = X509RevocationMode.NoCheck,
        DisableCertificateDownloads = true,
    };

    private X509Certificate2 Keep(X509Certificate2 certificate)
    {
        _certificates.Add(certificate);
        return certificate;
    }

#pragma warning disable CA1416 // The bench runs on Linux; elsewhere the suite cannot be set and this says so.
    private static CipherSuitesPolicy Suites(HandshakeKind kind) =>
        new([kind.IsTls12 ? TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 : TlsCipherSuite.TLS_AES_128_GCM_SHA256]);
#pragma warning restore CA1416
}
