using LucidTls;
using LucidTls.Certificates;

namespace Samples;

/// <summary>The examples of docs/client-certificates.md.</summary>
internal static class ClientCertificates
{
    public static TlsServerOptions Require(TlsIdentity identity)
    {
        var options = new TlsServerOptions
        {
            Identities = [identity],
            ClientCertificateMode = ClientCertificateMode.Required,
            ClientCertificateVerifier = CertificateVerifier.FromPemFile("clients-root.pem"),
        };
        return options;
    }

    public static void LetInSome(TlsServerOptions options)
    {
        options.ClientCertificateVerifier = new CertificateVerifier(new CertificateVerifierOptions
        {
            TrustStore = TrustStore.FromPemFile("clients-root.pem"),
            PeerDnsNames = ["billing.prod.example", "*.clients.example"],
        });
    }

    public static void Select(TlsClientOptions options, TlsIdentity identity)
    {
        options.IdentitySelector = (request, cancellationToken) => new ValueTask<TlsIdentity?>(
            request.CertificateAuthorities.Any(IsOurs) ? identity : null);
    }

    public static void OfferLater(TlsClientOptions options, TlsIdentity identity)
    {
        options.PostHandshakeAuthentication = true;
        options.Identity = identity;
    }

    public static async Task<bool> IsKnownAsync(TlsStream tls, CancellationToken cancellationToken)
    {
        if (tls.Session.PeerCertificates.Count == 0 && tls.CanRequestClientCertificate)
            await tls.RequestClientCertificateAsync(cancellationToken);
        var isKnown = tls.Session.PeerCertificates.Count > 0;
        return isKnown;
    }

    private static bool IsOurs(ReadOnlyMemory<byte> name) => name.Length > 0;
}
