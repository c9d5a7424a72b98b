using System.Globalization;
using LucidTls.Certificates.Parsing;
using LucidTls.Cli.Inspecting;
using LucidTls.TestSupport;

namespace LucidTls.Cli.Tests;

/// <summary>Each rule of <c>cert lint</c>: a certificate that breaks it and no other, and some that keep all.</summary>
public sealed class LintTests
{
    public static TheoryData<string, string> Broken => [.. LintCertificates.Broken.Select(one => (one.Rule.ToString(), one.Way))];

    public static TheoryData<string> Good => [.. LintCertificates.Good.Select(one => one.Way)];

    [Theory]
    [MemberData(nameof(Broken))]
    public void A_broken_rule_is_found_and_no_other(string rule, string way)
    {
        var broken = LintCertificates.Broken.Single(one => one.Rule.ToString() == rule && one.Way == way);

        var finding = Assert.Single(Lint(broken.Certificate));

        Assert.Equal((broken.Rule, broken.Severity), (finding.Rule, finding.Severity));
        Assert.Matches(@"^(BR|RFC \d+) §\d", finding.Citation);
    }

    [Theory]
    [MemberData(nameof(Good))]
    public void Nothing_is_found_in_a_certificate_that_keeps_the_rules(string way) =>
        Assert.Empty(Lint(LintCertificates.Good.Single(one => one.Way == way).Certificate));

    [Fact]
    public void No_rule_is_without_a_certificate_that_breaks_it() =>
        Assert.Empty(Enum.GetValues<LintRule>().Except(LintCertificates.Broken.Select(one => one.Rule)));

    [Theory]
    [InlineData("2018-03-01", 825, false)]
    [InlineData("2018-03-01", 826, true)]
    [InlineData("2026-03-14", 398, false)]
    [InlineData("2026-03-14", 399, true)]
    [InlineData("2026-03-15", 200, false)]
    [InlineData("2026-03-15", 201, true)]
    [InlineData("2027-03-15", 100, false)]
    [InlineData("2027-03-15", 101, true)]
    [InlineData("2029-03-15", 47, false)]
    [InlineData("2029-03-15", 48, true)]
    public void Lifetimes_are_limited_by_the_day_of_issue(string day, int days, bool isTooLong) =>
        Assert.Equal(isTooLong ? [LintRule.Lifetime] : [], Lint(IssuedOn(LintCertificates.Leaf, day, days)).Select(finding => finding.Rule));

    [Theory]
    [InlineData("2024-03-14", 1, true)]
    [InlineData("2024-03-15", 10, false)]
    [InlineData("2024-03-15", 11, true)]
    [InlineData("2026-03-15", 7, false)]
    [InlineData("2026-03-15", 8, true)]
    public void What_lives_for_days_need_not_say_where_its_revocation_is_told(string day, int days, bool mustSay)
    {
        var silent = LintCertificates.Broken.First(one => one.Rule == LintRule.RevocationPointer).Certificate;

        Assert.Equal(mustSay ? [LintRule.RevocationPointer] : [], Lint(IssuedOn(silent, day, days)).Select(finding => finding.Rule));
    }

    private static CertificateBuilder IssuedOn(CertificateBuilder certificate, string day, int days)
    {
        var from = DateTimeOffset.Parse(day + "T00:00:00Z", CultureInfo.InvariantCulture);
        return certificate with { NotBefore = from, NotAfter = from.AddDays(days).AddSeconds(-1) };
    }

    private static IReadOnlyList<LintFinding> Lint(CertificateBuilder certificate) => CertificateLinter.Lint(Certificate.TryParse(LintCertificates.Sign(certificate))!);
}
