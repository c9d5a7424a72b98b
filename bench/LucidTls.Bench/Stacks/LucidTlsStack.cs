using LucidTls.Certificates;
using LucidTls.Sessions;
using LucidTls.TestSupport;

namespace LucidTls.Bench.Stacks;

/// <summary>This library.</summary>
internal sealed class LucidTlsStack(TestPki pki, TestCertificate server, TestCertificate client) : TlsStack
{
    private readonly Dictionary<HandshakeKind, (TlsClientOptions Client, TlsServerOptions Server)> _options = HandshakeKind.All.ToDictionary(kind => kind, kind => Options(kind, pki, server, client));

    public override string Name => "LucidTls";

    public override bool Supports(HandshakeKind kind) => true;

    protected override async Task<Stream> AuthenticateClientAsync(Stream inner, HandshakeKind kind)
    {
        var stream = new TlsStream(inner, leaveInnerStreamOpen: true);
        await stream.AuthenticateAsClientAsync(_options[kind].Client).ConfigureAwait(false);
        return stream;
    }

    protected override async Task<Stream> AuthenticateServerAsync(Stream inner, HandshakeKind kind)
    {
        var stream = new TlsStream(inner, leaveInnerStreamOpen: true);
        await stream.AuthenticateAsServerAsync(_options[kind].Server).ConfigureAwait(false);
        return stream;
    }

    private static (TlsClientOptions, TlsServerOptions) Options(HandshakeKind kind, TestPki pki, TestCertificate server, TestCertificate client)
    {
        var version = kind.IsTls12 ? TlsVersion.Tls12 : TlsVersion.Tls13;
        var suite = (kind.IsTls12, kind.Resumes) switch
        {
            (false, false) => CipherSuite.Aes128GcmSha256,
            (false, true) => CipherSuite.Aes256GcmSha384,
            (true, false) => CipherSuite.EcdheEcdsaAes128GcmSha256,
            (true, true) => CipherSuite.EcdheEcdsaAes256GcmSha384,
        };
        var clientOptions = new TlsClientOptions
        {
            TargetHost = HostName,
            MinimumVersion = version,
            MaximumVersion = version,
            CipherSuites = [suite],
            // In TLS 1.2 the groups are the curves that a certificate's key may be on, too (RFC 8422 §5.1).
            Groups = kind.IsTls12 ? [kind.Group, NamedGroup.Secp256r1] : [kind.Group],
            KeyShareGroups = [kind.Group],
            CertificateVerifier = CertificateVerifier.FromRoots([pki.Root]),
            Identity = kind.IsMutual ? client.Identity() : null,
            SessionCache = kind.Resumes ? new TlsSessionCache() : null,
        };
        var serverOptions = new TlsServerOptions { Identities = [server.Identity()], MinimumVersion = version, MaximumVersion = version, CipherSuites = [suite] };
        if (!kind.Resumes)
            serverOptions.TicketStore = null;
        if (kind.IsMutual)
        {
            serverOptions.ClientCertificateMode = ClientCertificateMode.Required;
            serverOptions.ClientCertificateVerifier = CertificateVerifier.FromRoots([pki.Root]);
        }
        return (clientOptions, serverOptions);
    }
}
