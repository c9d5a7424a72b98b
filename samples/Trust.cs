using LucidTls;
using LucidTls.Certificates;
using LucidTls.Certificates.Fetching;

namespace Samples;

/// <summary>The examples of docs/trust.md.</summary>
internal static class Trust
{
    public static CertificateVerifier Reloaded()
    {
        var verifier = new CertificateVerifier(new CertificateVerifierOptions
        {
            TrustStore = TrustStore.FromPemFile("/etc/ssl/company-ca.pem", reload: true),
        });
        return verifier;
    }

    public static TrustStore Limited(byte[] partnerRoot)
    {
        var store = TrustStore.FromAnchors(
        [
            .. TrustStore.System.Anchors,
            new TrustAnchor(partnerRoot)
            {
                PermittedNames = ["partner.example", "192.0.2.0/24"],
                Purposes = [CertificatePurpose.Server],
                DistrustAfter = new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero),
            },
        ]);
        return store;
    }

    public static CertificateVerifierOptions Pinned()
    {
        var options = new CertificateVerifierOptions
        {
            Pins =
            [
                Convert.FromHexString("6B86B273FF34FCE19D6B804EFF5A3F5747ADA4EAA22F1D49C01E52DDB7875B4B"),
                Convert.FromHexString("D4735E3A265E16EEE03F59718B9B5D03019C07D8B6C51F90DA3A666EEC13AB35"),
            ],
        };
        return options;
    }

    public static CertificateVerifierOptions Fetching()
    {
        var options = new CertificateVerifierOptions
        {
            IssuerFetcher = new IssuerFetcher(),
        };
        return options;
    }

    public static TlsIdentity[] Identities()
    {
        TlsIdentity[] identities =
        [
            TlsIdentity.FromPemFile("fullchain.pem", "privkey.pem"),
            TlsIdentity.FromPemFile("everything.pem", password: "secret"),
            TlsIdentity.FromPkcs12(File.ReadAllBytes("server.p12"), "secret"),
        ];
        return identities;
    }
}
