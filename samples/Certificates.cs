using LucidTls.Certificates;

namespace Samples;

/// <summary>The examples of docs/certificates.md, compiled with the tests so that they stay true.</summary>
internal static class Certificates
{
    public static async Task AskAsync(IReadOnlyList<ReadOnlyMemory<byte>> chain)
    {
        var verifier = CertificateVerifier.FromPemFile("/etc/ssl/company-ca.pem");
        var verdict = await verifier.VerifyAsync(chain, "db.internal", CertificatePurpose.Server);
        if (!verdict.IsAccepted)
        {
            Console.Error.WriteLine(verdict.Explanation);       // the most telling fault, with values
            Console.Error.WriteLine(verdict.Problem?.Rule);     // for programs
            Console.Error.WriteLine(verdict.Problem?.Mender);   // who can mend it: this end, the peer, the authority
            Console.Error.WriteLine(verdict.ToTree());          // every path that was tried
        }
    }

    public static CertificateVerifier Vary()
    {
        var options = new CertificateVerifierOptions
        {
            TrustStore = TrustStore.FromPemFile("/etc/ssl/company-ca.pem", reload: true),
            Profile = CertificateProfile.WebPki.Without(CertificateRule.AuthorityKeyIdentifier),
            MaxDepth = 1,
        };
        var strict = new CertificateVerifier(options);
        return strict;
    }
}
