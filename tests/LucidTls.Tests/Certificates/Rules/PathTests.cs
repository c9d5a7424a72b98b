using System.Globalization;
using System.Security.Cryptography;
using LucidTls.Certificates;
using LucidTls.Tests.Certificates.Revocation;
using LucidTls.TestSupport;

namespace LucidTls.Tests.Certificates.Rules;

/// <summary>How paths are found: by whatever certificates are there, in any order, and at a bounded cost.</summary>
public sealed class PathTests
{
    private static readonly Party A = new("A");
    private static readonly Party B = new("B");
    private static readonly Party C = new("C");
    private static readonly byte[] Leaf = LeafOf(C);

    [Fact]
    public async Task Surplus_certificates_in_any_order_do_no_harm()
    {
        byte[][] sent = [A.By(A), C.By(B), B.By(A), new Party("X").By(A), C.By(B), [1, 2, 3], []];
        var random = new Random(1);
        for (var i = 0; i < 20; i++)
        {
            random.Shuffle(sent);
            var verdict = await VerifyAsync([A.By(A)], Leaf, sent);
            Assert.True(verdict.IsAccepted, verdict.Explanation);
            Assert.Equal(4, verdict.Path.Count);
        }
    }

    [Fact]
    public async Task A_cross_signed_authority_leads_to_whichever_root_is_trusted()
    {
        var other = new Party("Other root");
        byte[][] sent = [C.By(B), B.By(A), B.By(other)];
        Assert.True((await VerifyAsync([A.By(A)], Leaf, sent)).IsAccepted);
        Assert.True((await VerifyAsync([other.By(other)], Leaf, sent)).IsAccepted);
        Assert.False((await VerifyAsync([new Party("A").By(A)], Leaf, sent)).IsAccepted);
    }

    [Fact]
    public async Task An_authority_with_a_new_key_is_told_from_the_old_one_of_its_name()
    {
        var renewed = new Party("B");
        byte[][] sent = [renewed.By(A), C.By(B), B.By(A), C.By(renewed)];
        Assert.True((await VerifyAsync([A.By(A)], Leaf, sent)).IsAccepted);
        Assert.True((await VerifyAsync([A.By(A)], LeafOf(C), [C.By(renewed), B.By(A), renewed.By(A)])).IsAccepted);
        // Without the key that signed it is no way up.
        Assert.False((await VerifyAsync([A.By(A)], Leaf, [C.By(B), renewed.By(A)])).IsAccepted);
    }

    [Fact]
    public async Task Two_authorities_that_sign_each_other_are_no_way_to_a_root()
    {
        var verdict = await VerifyAsync([A.By(A)], Leaf, [C.By(B), B.By(C)]);
        Assert.Equal(CertificateRule.TrustAnchor, verdict.Problem?.Rule);
        Assert.True((await VerifyAsync([A.By(A)], Leaf, [C.By(B), B.By(C), B.By(A)])).IsAccepted);
    }

    [Fact]
    public async Task An_expired_twin_does_not_hinder_a_good_one()
    {
        var now = TestChain.Now;
        var expired = B.Builder(A) with { NotAfter = now.AddDays(-1) };
        Assert.True((await VerifyAsync([A.By(A)], Leaf, [C.By(B), expired.Sign(A.Key), B.By(A)])).IsAccepted);
        Assert.Equal(CertificateRule.Validity, (await VerifyAsync([A.By(A)], Leaf, [C.By(B), expired.Sign(A.Key)])).Problem?.Rule);
    }

    [Fact]
    public async Task An_intermediate_and_a_leaf_can_be_trust_anchors()
    {
        Assert.Equal(3, (await VerifyAsync([B.By(A)], Leaf, [C.By(B)])).Path.Count);
        Assert.Single((await VerifyAsync([Leaf], Leaf, [])).Path);
        Assert.Single((await VerifyAsync([Leaf], Leaf, [C.By(B), B.By(A)])).Path);
        // The same name and key in another certificate is not what was trusted.
        Assert.False((await VerifyAsync([Leaf], LeafOf(C), [])).IsAccepted);
    }

    [Fact]
    public async Task What_is_missing_is_said()
    {
        Assert.Contains("the peer sent only its own certificate; the issuer of CN=www.site.example, \"CN=C\", is not a trust anchor", (await VerifyAsync([A.By(A)], Leaf, [])).Explanation, StringComparison.Ordinal);
        Assert.Contains("the chain ends in the root CN=A, which is not a trust anchor", (await VerifyAsync([new Party("Z").By(A)], Leaf, [C.By(B), B.By(A), A.By(A)])).Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_path_of_sixteen_is_found_and_one_of_seventeen_is_not()
    {
        var parties = Enumerable.Range(0, 16).Select(i => new Party($"P{i}")).ToArray();
        byte[][] Chain(int length) => [.. Enumerable.Range(1, length - 2).Select(i => parties[i].By(parties[i - 1]))];
        Assert.True((await VerifyAsync([parties[0].By(parties[0])], LeafOf(parties[14]), Chain(16))).IsAccepted);
        Assert.Equal(CertificateRule.SearchBudget, (await VerifyAsync([parties[0].By(parties[0])], LeafOf(parties[15]), Chain(17))).Problem?.Rule);
    }

    [Fact]
    public async Task A_mesh_of_authorities_that_all_sign_each_other_costs_five_thousand_candidates_at_most()
    {
        // Ten authorities, each with a certificate from each other one: millions of paths, and none leads to the root.
        var parties = Enumerable.Range(0, 10).Select(i => new Party($"Mesh {i}")).ToArray();
        var mesh = parties.SelectMany(one => parties.Where(other => other != one).Select(other => one.By(other))).ToArray();
        var leaf = LeafOf(parties[0]);
        var root = A.By(A);
        // Without anything to wait for all of it runs on this thread.
        var before = GC.GetAllocatedBytesForCurrentThread();
        var verdict = await VerifyAsync([root], leaf, mesh);
        Assert.Equal(CertificateRule.SearchBudget, verdict.Problem?.Rule);
        Assert.Contains("5000 candidates", verdict.Explanation, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 30_000_000);
        Assert.InRange(verdict.ToJson().Length, 1, 5_000_000);
    }

    [Fact]
    public async Task A_hundred_signature_checks_are_the_most()
    {
        byte[][] Strangers(int count) => [.. Enumerable.Range(0, count).Select(_ => new Party("C").By(A))];
        var leaf = TestChain.LeafFor(TestChain.Name) with { Issuer = new("CN=C") };
        var der = leaf.Without(RawExtensions.AuthorityKeyIdentifierOid).Sign(C.Key);
        Assert.True((await VerifyAsync([A.By(A)], der, [.. Strangers(97), C.By(B), B.By(A)])).IsAccepted);
        var verdict = await VerifyAsync([A.By(A)], der, [.. Strangers(110), (C.Builder(B) with { NotBefore = TestChain.Now.AddYears(-3) }).Sign(B.Key), B.By(A)]);
        Assert.Equal(CertificateRule.SearchBudget, verdict.Problem?.Rule);
        Assert.Contains("100 signature checks", verdict.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Thousands_of_name_constraints_against_thousands_of_names_are_not_all_compared()
    {
        var names = Enumerable.Range(0, 900).Select(i => $"dns:n{i}.example").ToArray();
        var constrained = C.Builder(A).With(RawExtensions.NameConstraints([.. names.Select(name => name.Replace(".example", ".test", StringComparison.Ordinal)), "dns:example"]));
        var leaf = TestChain.LeafFor(TestChain.Name) with { Issuer = new("CN=C") };
        leaf = leaf.With(RawExtensions.AlternativeNames(["dns:" + TestChain.Name, .. names]));
        var verdict = await VerifyAsync([A.By(A)], leaf.Sign(C.Key), [constrained.Sign(A.Key)]);
        Assert.Equal(CertificateRule.SearchBudget, verdict.Problem?.Rule);
        Assert.Contains("250000 comparisons", verdict.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_than_128_certificates_are_not_looked_at()
    {
        var verdict = await VerifyAsync([A.By(A)], Leaf, [.. Enumerable.Repeat(C.By(B), 128)]);
        Assert.Equal(CertificateRule.SearchBudget, verdict.Problem?.Rule);
        Assert.True((await VerifyAsync([A.By(A)], Leaf, [B.By(A), .. Enumerable.Repeat(C.By(B), 126)])).IsAccepted);
    }

    [Fact]
    public async Task Random_and_mutated_chains_are_never_accepted_and_never_throw()
    {
        byte[][] good = [Leaf, C.By(B), B.By(A)];
        var verifier = Verifier([A.By(A)]);
        Assert.True((await VerifyAsync(verifier, good[0], good[1..])).IsAccepted);
        var random = new Random(7);
        for (var i = 0; i < 4000; i++)
        {
            var chain = good.Select(der => (byte[])der.Clone()).ToArray();
            var victim = random.Next(chain.Length);
            var changes = 1 + random.Next(3);
            for (var j = 0; j < changes; j++)
                Change(random, ref chain[victim]);
            var verdict = await VerifyAsync(verifier, chain[0], chain[1..]);
            Assert.True(!verdict.IsAccepted || chain[victim].AsSpan().SequenceEqual(good[victim]), $"round {i}: {Convert.ToHexString(chain[victim])}");
            _ = verdict.ToTree();
        }
    }

    [Fact]
    public async Task A_leaf_that_is_trusted_itself_and_refused_gets_one_path_that_says_why()
    {
        var own = TestChain.LeafFor("other.example") with { Issuer = new("CN=other.example") };
        var der = own.With(RawExtensions.AuthorityKeyIdentifier([1])).Sign(TestChain.LeafSigner);
        var verdict = await VerifyAsync([der], der, []);
        Assert.Equal(CertificateRule.Name, verdict.Problem?.Rule);
        Assert.Single(verdict.Paths);
    }

    [Theory]
    [InlineData("2019-05-01", "the clock of this machine says 2019-05-01 00:00 UTC", "before this library was made")]
    [InlineData("2026-05-01", "the clock of this machine says 2026-05-01 00:00 UTC", "installed too early")]
    public async Task A_certificate_of_the_future_puts_the_clock_in_question(string time, string sentence, string remedy)
    {
        var verifier = new CertificateVerifier(new CertificateVerifierOptions { TrustStore = TrustStore.FromCertificates([A.By(A)]), TimeProvider = new ManualTime(DateTimeOffset.Parse(time + "Z", CultureInfo.InvariantCulture)) });
        var verdict = await verifier.VerifyAsync(new CertificateVerificationRequest { Chain = [LeafOf(A)], Names = [PeerName.Parse(TestChain.Name)] }, TestContext.Current.CancellationToken);
        Assert.Contains(verdict.Paths[0].Steps[0].Problems, problem => problem.Rule == CertificateRule.Validity && problem.Explanation.Contains(sentence, StringComparison.Ordinal) && problem.Remedy.Contains(remedy, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_time_that_was_asked_about_puts_no_clock_in_question()
    {
        var verdict = await Verifier([A.By(A)]).VerifyAsync(new CertificateVerificationRequest { Chain = [LeafOf(A)], Time = TestChain.Now.AddDays(-20) }, TestContext.Current.CancellationToken);
        Assert.Contains("becomes valid in 10 days", verdict.Explanation, StringComparison.Ordinal);
        Assert.Contains("the time asked about is", verdict.Explanation, StringComparison.Ordinal);
        Assert.DoesNotContain("clock", verdict.Explanation, StringComparison.Ordinal);
    }

    private static void Change(Random random, ref byte[] der)
    {
        var at = random.Next(der.Length);
        switch (random.Next(4))
        {
            case 0:
                der[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                der[at] = (byte)random.Next(256);
                break;
            case 2:
                der = [.. der[..at], .. der[Math.Min(der.Length, at + 1 + random.Next(4))..]];
                if (der.Length == 0)
                    der = [0];
                break;
            default:
                der = [.. der[..at], (byte)random.Next(256), .. der[at..]];
                break;
        }
    }

    private static byte[] LeafOf(Party issuer)
    {
        var leaf = TestChain.LeafFor(TestChain.Name) with { Issuer = new($"CN={issuer.Name}") };
        return leaf.With(RawExtensions.AuthorityKeyIdentifier(TestChain.Identifier(issuer.Key))).Sign(issuer.Key);
    }

    private static CertificateVerifier Verifier(byte[][] roots) => new(new CertificateVerifierOptions { TrustStore = TrustStore.FromCertificates(roots.Select(root => (ReadOnlyMemory<byte>)root)) });

    private static ValueTask<CertificateVerdict> VerifyAsync(byte[][] roots, byte[] leaf, byte[][] sent) => VerifyAsync(Verifier(roots), leaf, sent);

    private static ValueTask<CertificateVerdict> VerifyAsync(CertificateVerifier verifier, byte[] leaf, byte[][] sent) => verifier.VerifyAsync(new CertificateVerificationRequest
    {
        Chain = [leaf, .. sent.Select(der => (ReadOnlyMemory<byte>)der)],
        Names = [PeerName.Parse(TestChain.Name)],
        Time = TestChain.Now,
    }, TestContext.Current.CancellationToken);

    private sealed class Party(string name)
    {
        public string Name => name;
        public ECDsa Key { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        public CertificateBuilder Builder(Party issuer) => TestChain.Authority($"CN={issuer.Name}", $"CN={name}", Key, TestChain.Identifier(issuer.Key));

        public byte[] By(Party issuer) => Builder(issuer).Sign(issuer.Key);
    }
}
