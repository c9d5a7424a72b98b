using System.Security.Cryptography;
using LucidTls.Certificates;
using LucidTls.TestSupport;

namespace LucidTls.Tests.Certificates.Rules;

/// <summary>Certificate policies by RFC 9618 and RFC 5280 §6.1.</summary>
public sealed class PolicyTests
{
    private const string One = "1.2.3.1";
    private const string Two = "1.2.3.2";
    private const string Three = "1.2.3.3";
    private const string Any = "2.5.29.32.0";

    private static readonly TestChain Good = new();

    [Theory]
    [InlineData(One, One, true)]
    [InlineData(One, Two, false)]
    [InlineData(One, null, false)]
    [InlineData(null, One, false)]
    [InlineData(Any, One, true)]
    [InlineData(One, Any, true)]
    [InlineData(Any, Any, true)]
    public async Task A_policy_must_stand_in_every_certificate_where_one_is_demanded(string? above, string? below, bool isGood) =>
        Assert.Equal(isGood, await IsAcceptedAsync(Chain(above, below), new() { RequireExplicitPolicy = true }));

    [Fact]
    public async Task No_policy_is_needed_where_none_is_demanded() => Assert.True(await IsAcceptedAsync(Chain(One, Two), new()));

    [Fact]
    public async Task An_authority_can_demand_one()
    {
        var chain = Chain(One, Two);
        Assert.False(await IsAcceptedAsync(chain with { Intermediate = chain.Intermediate.With(RawExtensions.PolicyConstraints(requireExplicitPolicy: 0)) }, new()));
        chain = Chain(One, One);
        Assert.True(await IsAcceptedAsync(chain with { Intermediate = chain.Intermediate.With(RawExtensions.PolicyConstraints(requireExplicitPolicy: 0)) }, new()));
    }

    [Theory]
    [InlineData(One, true)]
    [InlineData(Two, false)]
    public async Task What_an_authority_maps_counts_as_what_it_was_mapped_from(string accepted, bool isGood)
    {
        var chain = Chain(One, Three);
        chain = chain with { Intermediate = chain.Intermediate.With(RawExtensions.PolicyMappings((One, Three))) };
        Assert.Equal(isGood, await IsAcceptedAsync(chain, new() { RequireExplicitPolicy = true, AcceptedPolicies = [accepted] }));
    }

    [Fact]
    public async Task Mapping_can_be_forbidden_by_the_caller()
    {
        var chain = Chain(One, Three);
        chain = chain with { Intermediate = chain.Intermediate.With(RawExtensions.PolicyMappings((One, Three))) };
        Assert.True(await IsAcceptedAsync(chain, new() { RequireExplicitPolicy = true }));
        Assert.False(await IsAcceptedAsync(chain, new() { RequireExplicitPolicy = true, InhibitPolicyMapping = true }));
    }

    [Fact]
    public async Task Any_policy_can_be_forbidden_by_the_caller_and_by_an_authority()
    {
        Assert.False(await IsAcceptedAsync(Chain(One, Any), new() { RequireExplicitPolicy = true, InhibitAnyPolicy = true }));
        var chain = Chain(One, Any);
        Assert.False(await IsAcceptedAsync(chain with { Intermediate = chain.Intermediate.With(RawExtensions.InhibitAnyPolicy(0)) }, new() { RequireExplicitPolicy = true }));
        Assert.True(await IsAcceptedAsync(chain with { Intermediate = chain.Intermediate.With(RawExtensions.InhibitAnyPolicy(1)) }, new() { RequireExplicitPolicy = true }));
    }

    [Fact]
    public async Task Mappings_that_would_multiply_a_tree_at_each_step_cost_no_more_than_a_line()
    {
        // RFC 9618 §2: ten authorities in a row, each of which maps 20 policies to all 20. RFC 5280's tree would have 20 to the power of ten leaves.
        var policies = Enumerable.Range(1, 20).Select(i => $"1.2.3.{i}").ToArray();
        var all = RawExtensions.PolicyMappings([.. policies.SelectMany(from => policies.Select(to => (from, to)))]);
        var keys = Enumerable.Range(0, 11).Select(_ => ECDsa.Create(ECCurve.NamedCurves.nistP256)).ToArray();
        CertificateBuilder Authority(int i) => TestChain.Authority($"CN=P{Math.Max(0, i - 1)}", $"CN=P{i}", keys[i], TestChain.Identifier(keys[Math.Max(0, i - 1)]));
        var sent = Enumerable.Range(1, 10).Select(i => (ReadOnlyMemory<byte>)Authority(i).With(RawExtensions.Policies(policies)).With(all).Sign(keys[i - 1])).ToArray();
        var leaf = TestChain.LeafFor(TestChain.Name) with { Issuer = new("CN=P10") };
        var verifier = new CertificateVerifier(new() { TrustStore = TrustStore.FromCertificates([Authority(0).Sign(keys[0])]), RequireExplicitPolicy = true, AcceptedPolicies = [One] });
        var request = new CertificateVerificationRequest { Chain = [leaf.With(RawExtensions.Policies(policies)).Sign(keys[10]), .. sent], Names = [PeerName.Parse(TestChain.Name)], Time = TestChain.Now };
        var before = GC.GetAllocatedBytesForCurrentThread();
        var verdict = await verifier.VerifyAsync(request, TestContext.Current.CancellationToken);
        Assert.True(verdict.IsAccepted, verdict.Explanation);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 20_000_000);
    }

    private static TestChain Chain(string? above, string? below) => Good with
    {
        Intermediate = above == null ? Good.Intermediate : Good.Intermediate.With(RawExtensions.Policies(above)),
        Leaf = below == null ? Good.Leaf : Good.Leaf.With(RawExtensions.Policies(below)),
    };

    private static async Task<bool> IsAcceptedAsync(TestChain chain, CertificateVerifierOptions options)
    {
        var verdict = await (chain with { Options = options }).VerifyAsync(CertificateProfile.Rfc5280);
        Assert.True(verdict.IsAccepted || verdict.Problem!.Rule == CertificateRule.Policies, verdict.Explanation);
        return verdict.IsAccepted;
    }
}
