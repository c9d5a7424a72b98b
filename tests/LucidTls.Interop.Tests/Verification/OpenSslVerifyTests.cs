using System.Globalization;
using LucidTls.Certificates;
using LucidTls.Certificates.Revocation;
using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests.Verification;

/// <summary>Thousands of chains, each judged by <c>openssl verify</c> and by ours: where the two differ there must be an explanation.</summary>
public sealed class OpenSslVerifyTests
{
    private const int Chains = 2000;
    private const string Ok = "ok";

    [Fact]
    public async Task Both_judge_thousands_of_mutated_chains_alike_but_for_what_is_explained()
    {
        using var folder = new TempFolder();
        var chains = Enumerable.Range(0, Chains).Select(seed => new MutatedChain(seed)).ToList();
        for (var i = 0; i < chains.Count; i++)
        {
            File.WriteAllText(folder.File($"{i}.leaf"), MutatedChain.Pem("CERTIFICATE", chains[i].Leaf));
            File.WriteAllText(folder.File($"{i}.sent"), MutatedChain.Pem("CERTIFICATE", chains[i].Sent));
            File.WriteAllText(folder.File($"{i}.anchor"), MutatedChain.Pem("CERTIFICATE", chains[i].Anchor));
            File.WriteAllText(folder.File($"{i}.purpose"), chains[i].Purpose == CertificatePurpose.Server ? $"sslserver -verify_hostname {MutatedChain.Name}" : "sslclient");
            if (chains[i].Lists is { } lists)
                File.WriteAllText(folder.File($"{i}.lists"), MutatedChain.Pem("X509 CRL", lists));
        }
        var theirs = await JudgeByOpenSslAsync(folder, chains);

        var unexplained = new List<string>();
        var counts = new Dictionary<string, int>();
        for (var i = 0; i < chains.Count; i++)
        {
            var ours = await JudgeAsync(chains[i]);
            if (ours.IsAccepted == (theirs[i] == Ok))
            {
                Count(counts, ours.IsAccepted ? "both accept" : "both refuse");
                continue;
            }
            var difference = Differences.FirstOrDefault(difference => difference.Explains(chains[i], ours, theirs[i]));
            Count(counts, difference?.Name ?? "unexplained");
            if (difference == null)
                unexplained.Add($"seed {i}: {chains[i]}\n  OpenSSL: {theirs[i]}\n  ours: {(ours.IsAccepted ? "accepted" : $"{ours.Problem!.Rule}: {ours.Explanation}")}");
        }
        Assert.True(unexplained.Count == 0, $"{unexplained.Count} differences without an explanation:\n{string.Join('\n', unexplained.Take(12))}\n{Text(counts)}");
        TestContext.Current.TestOutputHelper?.WriteLine(Text(counts));
        // The test would say little if nearly all chains were bad, or good.
        Assert.InRange(counts["both accept"], Chains / 5, Chains);
        Assert.InRange(counts["both refuse"], Chains / 5, Chains);
    }

    /// <summary>Where the two differ on purpose, and why ours does as it does.</summary>
    private static IReadOnlyList<Difference> Differences { get; } =
    [
        new("ours takes key identifiers for hints (RFC 4158 §3.5.12); OpenSSL does not look at an issuer whose identifier differs",
            (chain, ours, theirs) => ours.IsAccepted && IsError(theirs, 20, 21) && chain.Plans.Any(plan => plan.HasForeignAuthorityKeyIdentifier)),
        new("ours demands basic constraints of authorities (RFC 5280 §4.2.1.9); OpenSSL takes a key usage that signs for them, unless it is told to be strict",
            (chain, ours, theirs) => theirs == Ok && ours.Problem?.Rule == CertificateRule.IssuerIsAuthority && chain.Plans.Skip(1).Any(plan => plan.IsAuthority == null)),
        new("ours takes anyExtendedKeyUsage for every purpose, as RFC 5280 §4.2.1.12 lets it; OpenSSL wants the purpose itself",
            (chain, ours, theirs) => ours.IsAccepted && IsError(theirs, 26, 24) && chain.Plans.Any(plan => plan.ExtendedKeyUsages?.Contains(CertificatePlan.AnyUsage) == true)),
        new("ours demands digitalSignature, since TLS 1.3 only signs (RFC 8446 §4.4.2.2); OpenSSL takes keys for encipherment and agreement too",
            (chain, ours, theirs) => theirs == Ok && ours.Problem?.Rule == CertificateRule.DigitalSignature),
        new("ours does not ask whether a trust anchor was revoked (RFC 5280 §6.1); OpenSSL does of one that names another issuer",
            (chain, ours, theirs) => ours.IsAccepted && IsError(theirs, 3) && chain.Plans[^1].Issuer != null),
        new("ours takes no wildcard that is part of a label (RFC 9525 §6.3)",
            (chain, ours, theirs) => theirs == Ok && ours.Problem?.Rule == CertificateRule.Name && chain.Plans[0].Names.Any(name => name.StartsWith("w*.", StringComparison.Ordinal))),
    ];

    private static bool IsError(string theirs, params ReadOnlySpan<int> numbers)
    {
        foreach (var number in numbers)
        {
            if (theirs.StartsWith($"error {number} ", StringComparison.Ordinal))
                return true;
        }
        return false;
    }

    private sealed record Difference(string Name, Func<MutatedChain, CertificateVerdict, string, bool> Explains);

    private static void Count(Dictionary<string, int> counts, string what) => counts[what] = counts.GetValueOrDefault(what) + 1;

    private static string Text(Dictionary<string, int> counts) => string.Join('\n', counts.OrderByDescending(count => count.Value).Select(count => $"{count.Value}: {count.Key}"));

    private static async Task<CertificateVerdict> JudgeAsync(MutatedChain chain)
    {
        var verifier = new CertificateVerifier(new CertificateVerifierOptions
        {
            TrustStore = TrustStore.FromCertificates([chain.Anchor]),
            Revocation = chain.Lists == null ? RevocationOptions.Off : RevocationOptions.Off with { Lists = RevocationMode.HardFail, GivenLists = [.. chain.Lists.Select(list => CertificateRevocationList.FromDer(list))], ClockSkew = TimeSpan.Zero },
        });
        return await verifier.VerifyAsync([chain.Leaf, .. chain.Sent.Select(der => (ReadOnlyMemory<byte>)der)], chain.Purpose == CertificatePurpose.Server ? MutatedChain.Name : null, chain.Purpose, TestContext.Current.CancellationToken);
    }

    /// <returns>For each chain "ok", or OpenSSL's number and text of the error.</returns>
    private static async Task<string[]> JudgeByOpenSslAsync(TempFolder folder, IReadOnlyList<MutatedChain> chains)
    {
        var script = string.Create(CultureInfo.InvariantCulture, $$"""
            for i in $(seq 0 {{chains.Count - 1}}); do
              sent=
              lists=
              if [ -s $i.sent ]; then sent="-untrusted $i.sent"; fi
              if [ -e $i.lists ]; then lists="-crl_check_all"; fi
              if [ -s $i.lists ]; then lists="$lists -CRLfile $i.lists"; fi
              echo "== $i"
              {{OpenSsl.Find()}} verify -no-CAfile -no-CApath -no-CAstore -trusted $i.anchor $sent $lists -partial_chain -purpose $(cat $i.purpose) $i.leaf 2>&1
            done
            echo "== end"
            """);
        File.WriteAllText(folder.File("verify.sh"), $"cd '{folder.Path}'\n{script}\n");
        using var process = PeerProcess.Start("/bin/sh", [folder.File("verify.sh")]);
        Assert.Equal(0, await process.WaitForExitAsync(TimeSpan.FromMinutes(12)));
        var answers = process.Text.Split("== ", StringSplitOptions.RemoveEmptyEntries)[..^1];
        Assert.Equal(chains.Count, answers.Length);
        return [.. answers.Select(answer => answer.Contains(".leaf: OK", StringComparison.Ordinal) ? Ok : answer.Split('\n').FirstOrDefault(line => line.StartsWith("error ", StringComparison.Ordinal)) ?? answer)];
    }
}
