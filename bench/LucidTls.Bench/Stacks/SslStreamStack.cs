using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using LucidTls.TestSupport;

namespace LucidTls.Bench.Stacks;

/// <summary>The platform's SslStream, here on OpenSSL.</summary>
internal sealed class SslStreamStack : TlsStack
{
    private readonly X509Certificate2 _root;
    private readonly X509Certificate2 _intermediate;
    private readonly X509Certificate2 _leaf;
    private readonly SslClientAuthenticationOptions _clientOptions;
    private readonly SslServerAuthenticationOptions _serverOptions;

    public SslStreamStack(TestPki pki, TestCertificate server)
    {
        _root = X509CertificateLoader.LoadCertificate(pki.Root);
        _intermediate = X509CertificateLoader.LoadCertificate(pki.Intermediate);
        _leaf = server.ToPlatform();
        _clientOptions = new()
        {
            TargetHost = HostName,
            EnabledSslProtocols = SslProtocols.Tls13,
            CipherSuitesPolicy = Suites(),
            AllowTlsResume = false,
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { _root },
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            },
        };
        _serverOptions = new()
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(_leaf, [_intermediate], offline: true),
            EnabledSslProtocols = SslProtocols.Tls13,
            CipherSuitesPolicy = Suites(),
            AllowTlsResume = false,
        };
    }

    public override string Name => "SslStream";

    // .NET has no option for the groups: X25519 is what OpenSSL 3.0 takes by itself.
    public override bool Supports(NamedGroup group) => group == NamedGroup.X25519;

    public override void Dispose()
    {
        _root.Dispose();
        _intermediate.Dispose();
        _leaf.Dispose();
    }

    protected override async Task<Stream> AuthenticateClientAsync(Stream inner, NamedGroup group)
    {
        var stream = new SslStream(inner, leaveInnerStreamOpen: true);
        await stream.AuthenticateAsClientAsync(_clientOptions).ConfigureAwait(false);
        return stream;
    }

    protected override async Task<Stream> AuthenticateServerAsync(Stream inner, NamedGroup group)
    {
        var stream = new SslStream(inner, leaveInnerStreamOpen: true);
        await stream.AuthenticateAsServerAsync(_serverOptions).ConfigureAwait(false);
        return stream;
    }

#pragma warning disable CA1416 // The bench runs on Linux; elsewhere the suite cannot be set and this says so.
    private static CipherSuitesPolicy Suites() => new([TlsCipherSuite.TLS_AES_128_GCM_SHA256]);
#pragma warning restore CA1416
}
