using LucidTls.Certificates;
using LucidTls.TestSupport;

namespace LucidTls.Bench.Stacks;

/// <summary>This library.</summary>
internal sealed class LucidTlsStack : TlsStack
{
    private readonly Dictionary<NamedGroup, TlsClientOptions> _clientOptions = [];
    private readonly TlsServerOptions _serverOptions;

    public LucidTlsStack(TestPki pki, TestCertificate server)
    {
        var verifier = CertificateVerifier.FromRoots([pki.Root]);
        foreach (var group in new[] { NamedGroup.X25519, NamedGroup.X25519MLKEM768 })
        {
            _clientOptions[group] = new()
            {
                TargetHost = HostName,
                CipherSuites = [CipherSuite.Aes128GcmSha256],
                Groups = [group],
                KeyShareGroups = [group],
                CertificateVerifier = verifier,
                SessionCache = null,
            };
        }
        _serverOptions = new() { Identities = [server.Identity()], CipherSuites = [CipherSuite.Aes128GcmSha256], TicketStore = null };
    }

    public override string Name => "LucidTls";

    public override bool Supports(NamedGroup group) => _clientOptions.ContainsKey(group);

    protected override async Task<Stream> AuthenticateClientAsync(Stream inner, NamedGroup group)
    {
        var stream = new TlsStream(inner, leaveInnerStreamOpen: true);
        await stream.AuthenticateAsClientAsync(_clientOptions[group]).ConfigureAwait(false);
        return stream;
    }

    protected override async Task<Stream> AuthenticateServerAsync(Stream inner, NamedGroup group)
    {
        var stream = new TlsStream(inner, leaveInnerStreamOpen: true);
        await stream.AuthenticateAsServerAsync(_serverOptions).ConfigureAwait(false);
        return stream;
    }
}
