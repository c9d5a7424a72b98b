using LucidTls.Certificates;
using LucidTls.TestSupport;

namespace LucidTls.Tests.Certificates.Rules;

/// <summary>RFC 5280 §4.2.1.10: what an authority may certify, for every kind of name.</summary>
public sealed class NameConstraintTests
{
    private static readonly TestChain Good = new();

    [Theory]
    [InlineData("dns:a.example", "dns:a.example", true)]
    [InlineData("dns:a.example", "dns:x.a.example", true)]
    [InlineData("dns:a.example", "dns:*.a.example", true)]
    [InlineData("dns:a.example", "dns:xa.example", false)]
    [InlineData("dns:a.example", "dns:example", false)]
    [InlineData("dns:x.a.example", "dns:*.a.example", false)]
    [InlineData("dns:A.Example", "dns:x.a.EXAMPLE", true)]
    [InlineData("ip:192.0.2.0/24", "ip:192.0.2.255", true)]
    [InlineData("ip:192.0.2.0/24", "ip:192.0.3.0", false)]
    [InlineData("ip:192.0.2.0/24", "ip:2001:db8::1", false)]
    [InlineData("ip:2001:db8::/32", "ip:2001:db8:ffff::1", true)]
    [InlineData("ip:2001:db8::/32", "ip:2001:db9::1", false)]
    [InlineData("mail:a.example", "mail:user@a.example", true)]
    [InlineData("mail:a.example", "mail:user@x.a.example", false)]
    [InlineData("mail:.a.example", "mail:user@x.a.example", true)]
    [InlineData("mail:user@a.example", "mail:user@a.example", true)]
    [InlineData("mail:user@a.example", "mail:other@a.example", false)]
    [InlineData("uri:a.example", "uri:https://a.example/path", true)]
    [InlineData("uri:a.example", "uri:https://x.a.example/", false)]
    [InlineData("uri:.a.example", "uri:https://x.a.example/", true)]
    [InlineData("uri:a.example", "uri:https://192.0.2.1/", false)]
    [InlineData("dir:O=Test", "dir:CN=a, O=Test", true)]
    [InlineData("dir:O=Test", "dir:CN=a, O=TEST ", true)]
    [InlineData("dir:O=Test", "dir:CN=a, O=Other", false)]
    public async Task A_name_is_within_what_is_permitted_or_refused(string permitted, string name, bool isWithin)
    {
        Assert.Equal(isWithin ? null : CertificateRule.NameConstraints, await RuleBrokenAsync([permitted, "dir:CN=leaf"], [], name));
        // What lies outside of the permitted may be let pass by an exclusion, but what lies inside must not.
        if (isWithin)
            Assert.Equal(CertificateRule.NameConstraints, await RuleBrokenAsync([], [permitted], name));
    }

    [Theory]
    [InlineData("dns:a.example", "dns:b.example")]
    [InlineData("ip:192.0.2.0/24", "ip:192.0.3.1")]
    [InlineData("mail:a.example", "mail:user@b.example")]
    [InlineData("uri:a.example", "uri:https://b.example/")]
    [InlineData("dir:O=Test", "dir:O=Other")]
    public async Task A_name_outside_of_what_is_excluded_is_let_pass(string excluded, string name) => Assert.Null(await RuleBrokenAsync([], [excluded], name));

    [Fact]
    public async Task A_wildcard_that_stands_for_an_excluded_name_among_others_is_refused() =>
        Assert.Equal(CertificateRule.NameConstraints, await RuleBrokenAsync([], ["dns:x.a.example"], "dns:*.a.example"));

    [Fact]
    public async Task A_kind_of_name_that_is_not_constrained_is_free() => Assert.Null(await RuleBrokenAsync(["dns:a.example"], [], "ip:192.0.2.1"));

    [Fact]
    public async Task The_subject_is_constrained_too()
    {
        var chain = Good with { Intermediate = Good.Intermediate.With(RawExtensions.NameConstraints(["dir:O=Other"])) };
        Assert.Equal(CertificateRule.NameConstraints, (await chain.VerifyAsync(CertificateProfile.Rfc5280)).Problem?.Rule);
    }

    [Fact]
    public async Task A_mailbox_in_the_subject_is_constrained_where_there_is_none_among_the_names()
    {
        var leaf = Good.Leaf with { Subject = new("E=user@b.example, CN=leaf") };
        var chain = Good with { Leaf = leaf, Intermediate = Good.Intermediate.With(RawExtensions.NameConstraints(["mail:a.example"])) };
        Assert.Equal(CertificateRule.NameConstraints, (await chain.VerifyAsync(CertificateProfile.Rfc5280)).Problem?.Rule);
    }

    private static async Task<CertificateRule?> RuleBrokenAsync(string[] permitted, string[] excluded, string name)
    {
        var chain = Good with
        {
            Leaf = Good.Leaf.With(RawExtensions.AlternativeNames([name])) with { Subject = new("CN=leaf") },
            Intermediate = Good.Intermediate.With(RawExtensions.NameConstraints(permitted, excluded)),
            Names = [],
        };
        return (await chain.VerifyAsync(CertificateProfile.Rfc5280)).Problem?.Rule;
    }
}
