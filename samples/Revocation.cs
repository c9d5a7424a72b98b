using LucidTls;
using LucidTls.Certificates;
using LucidTls.Certificates.Revocation;

namespace Samples;

/// <summary>The examples of docs/revocation.md.</summary>
internal static class Revocation
{
    public static void GivenLists()
    {
        var verifier = new CertificateVerifier(new CertificateVerifierOptions
        {
            TrustStore = TrustStore.FromPemFile("company-root.pem"),
            Revocation = new RevocationOptions
            {
                GivenLists = CertificateRevocationList.FromFile("company.crl"),
                Lists = RevocationMode.HardFail,
            },
        });
        _ = verifier;
    }

    public static void IndirectLists()
    {
        var options = new RevocationOptions
        {
            GivenLists = CertificateRevocationList.FromFile("all-authorities.crl"),
            ListIssuers = [File.ReadAllBytes("list-signer.cer")],
        };
        _ = options;
    }

    public static void ByRequest()
    {
        var fetcher = new RevocationFetcher { Deadline = TimeSpan.FromSeconds(3) };
        var verifier = new CertificateVerifier(new CertificateVerifierOptions
        {
            Revocation = new RevocationOptions { Fetcher = fetcher, Ocsp = RevocationMode.SoftFail, Lists = RevocationMode.HardFail },
        });
        _ = verifier;
    }

    public static async Task StapleAsync(CancellationToken stop)
    {
        var identity = TlsIdentity.FromPemFile("chain.pem", "key.pem");
        await using var stapler = new OcspStapler(identity);
        await stapler.Ready;
        var options = new TlsServerOptions { Identities = [identity] };
        await ServeAsync(options, stop);
    }

    public static void Explain(CertificateVerdict verdict)
    {
        foreach (var status in verdict.Paths[^1].Statuses)
            Console.WriteLine($"{status.Source}: {status.Kind}, {status.Explanation}");
    }

    private static Task ServeAsync(TlsServerOptions options, CancellationToken stop)
    {
        _ = options;
        return Task.Delay(Timeout.Infinite, stop);
    }
}
