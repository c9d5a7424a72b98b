using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Certificates;
using LucidTls.Certificates.Revocation;
using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests.Verification;

/// <summary>What revocation lists say of a certificate.</summary>
internal enum ListAnswer
{
    Good,
    Revoked,
    Unknown,
}

/// <summary>A certificate that is looked up in revocation lists.</summary>
/// <param name="Leaf">The certificate.</param>
/// <param name="Answer">What ours says, and OpenSSL unless said otherwise; null where that is to be seen.</param>
/// <param name="Lists">The lists that both are given.</param>
internal sealed record ListScene(X509Certificate2 Leaf, ListAnswer? Answer, params TestList[] Lists)
{
    /// <summary>What OpenSSL says, and why ours does not; null when they agree.</summary>
    public (ListAnswer Answer, string Why)? Theirs { get; private init; }

    /// <summary>Whether the authorities are looked up, too.</summary>
    public bool IsForAll { get; init; }

    /// <summary>Whose certificate is at hand for indirect lists.</summary>
    public TestAuthority Signer { get; init; } = ListScenes.Lister;

    public IReadOnlyList<TestAuthority> Anchors { get; init; } = [ListScenes.Root];

    public ListScene ButTheirs(ListAnswer answer, string why) => this with { Theirs = (answer, why) };

    public async Task<(ListAnswer Answer, string Explanation)> OursAsync()
    {
        var options = RevocationOptions.Off with { Lists = RevocationMode.HardFail, GivenLists = [.. Lists.Select(list => list.Build())], ListIssuers = [Signer.Der], Scope = IsForAll ? RevocationScope.Path : RevocationScope.Leaf, ClockSkew = TimeSpan.Zero };
        var verifier = new CertificateVerifier(new CertificateVerifierOptions { TrustStore = TrustStore.FromCertificates([.. Anchors.Select(anchor => anchor.Der)]), Revocation = options });
        var verdict = await verifier.VerifyAsync(new CertificateVerificationRequest { Chain = [Leaf.RawData], Time = TestAuthority.Now }, TestContext.Current.CancellationToken);
        return (verdict.Problem?.Rule switch
        {
            null => ListAnswer.Good,
            CertificateRule.NotRevoked => ListAnswer.Revoked,
            CertificateRule.RevocationStatus => ListAnswer.Unknown,
            _ => throw new InvalidOperationException(verdict.Explanation),
        }, verdict.Explanation);
    }

    public async Task<(ListAnswer Answer, string Output)> TheirsAsync()
    {
        using var folder = new TempFolder();
        string[] arguments =
        [
            "verify", "-no-CApath", "-no-CAstore", "-attime", TestAuthority.Now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            IsForAll ? "-crl_check_all" : "-crl_check", "-extended_crl", "-use_deltas",
            "-CAfile", Write("anchors.pem", "CERTIFICATE", Anchors.Select(anchor => anchor.Der)),
            "-untrusted", Write("signer.pem", "CERTIFICATE", [Signer.Der]),
            "-CRLfile", Write("lists.pem", "X509 CRL", Lists.Select(list => list.Encode())),
            Write("leaf.pem", "CERTIFICATE", [Leaf.RawData]),
        ];
        using var process = PeerProcess.Start(OpenSsl.Find(), arguments);
        var code = await process.WaitForExitAsync();
        // Of a list's signer it says "[CRL path] error 23".
        var isRevoked = process.Text.Contains("\nerror 23 at 0", StringComparison.Ordinal);
        Assert.Equal(code == 0, process.Text.Contains("leaf.pem: OK", StringComparison.Ordinal));
        return (code == 0 ? ListAnswer.Good : isRevoked ? ListAnswer.Revoked : ListAnswer.Unknown, process.Text);

        string Write(string file, string label, IEnumerable<byte[]> blocks)
        {
            File.WriteAllText(folder.File(file), MutatedChain.Pem(label, blocks));
            return folder.File(file);
        }
    }
}
