using LucidTls;
using LucidTls.Certificates;
using LucidTls.Certificates.Transparency;

namespace Samples;

/// <summary>The examples of docs/transparency.md.</summary>
internal static class Transparency
{
    public static TlsClientOptions Client()
    {
        var verifier = new CertificateVerifier(new CertificateVerifierOptions
        {
            TransparencyLogs = CtLogList.FromJson(File.ReadAllBytes("log_list.json")),
        });
        var options = new TlsClientOptions { TargetHost = "example.org", CertificateVerifier = verifier };
        return options;
    }

    public static void Policy(CtLogList logs)
    {
        var options = new CertificateVerifierOptions
        {
            TransparencyLogs = logs,
            TransparencyPolicy = CtPolicy.Browsers with { RequireRfc6962Log = true, LongestListAge = TimeSpan.FromDays(70) },
        };
        _ = options;
    }

    public static void PrivateAuthority(CtLogList logs, byte[] companyRoot)
    {
        var options = new CertificateVerifierOptions
        {
            Profile = CertificateProfile.WebPki,
            TrustStore = TrustStore.FromAnchors([.. TrustStore.System.Anchors, new TrustAnchor(companyRoot) { IsExemptFromTransparency = true }]),
            TransparencyLogs = logs,
        };
        _ = options;
    }

    public static TlsIdentity Server()
    {
        var identity = TlsIdentity.FromPemFile("server.pem", "server.key")
            .WithTimestamps([File.ReadAllBytes("log-a.sct"), File.ReadAllBytes("log-b.sct")]);
        return identity;
    }
}
