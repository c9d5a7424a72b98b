using System.Text;
using System.Text.RegularExpressions;
using LucidTls.Certificates;

namespace LucidTls.Tests.Docs;

public sealed partial class RefusalsPageTests
{
    [Fact]
    public void Docs_refusals_md_says_what_the_table_of_rules_says()
    {
        var path = Path.Combine(RepositoryFiles.Root, "docs", "refusals.md");
        var expected = Render();
        if (Environment.GetEnvironmentVariable("LUCIDTLS_UPDATE_DOCS") == "1")
            File.WriteAllText(path, expected);
        Assert.Equal(expected, File.ReadAllText(path), ignoreLineEndingDifferences: true);
    }

    private static string Render()
    {
        var summaries = Summaries();
        var page = new StringBuilder();
        page.Append("""
            # Why a certificate was refused

            A refusal names one rule, `Problem.Rule` of the verdict, in its sentence and in JSON. Each rule is here with what it demands, where it stands, who can mend what breaks it, and how. `verdict.ToTree()` shows all that is wrong with every path that was tried.

            A rule of the second and third group can be left out alone and by name: `CertificateProfile.WebPki.Without(CertificateRule.SerialNumber)`, or `--without SerialNumber` with the tool. A test keeps this page and the table in the library the same.

            """);
        Group(page, "What a chain is", "In every profile, and not to be relaxed: without them a verdict would mean nothing, or they are demands of your own.", summaries, CertificateRule.WellFormed, CertificateRule.Transparency);
        Group(page, "What validation demands", "RFC 5280 §6 and what replaced weak cryptography. In both profiles.", summaries, CertificateRule.Validity, CertificateRule.Policies);
        Group(page, "What the web demands of form", "The CA/Browser Forum's Baseline Requirements and the text of RFC 5280, which public authorities must keep and private ones may break without harm. In the profile `WebPki`.", summaries, CertificateRule.SerialNumber, CertificateRule.RegistrySuffixWildcard);
        Group(page, "On request", "In no profile unless added with `With`.", summaries, CertificateRule.PrivateSuffixWildcard, CertificateRule.PrivateSuffixWildcard);
        return page.ToString();
    }

    private static void Group(StringBuilder page, string title, string introduction, Dictionary<string, string> summaries, CertificateRule first, CertificateRule last)
    {
        page.Append($"\n## {title}\n{introduction}\n\n| rule | what it demands | source | who mends it | how |\n| --- | --- | --- | --- | --- |\n");
        foreach (var rule in Enum.GetValues<CertificateRule>().Where(rule => rule >= first && rule <= last))
        {
            var facts = CertificateRuleFacts.Of(rule);
            var mender = facts.Mender switch
            {
                CertificateMender.ThisEnd => "this end",
                CertificateMender.Peer => "who runs the peer",
                CertificateMender.Authority => "the authority",
            };
            page.Append($"| `{rule}` | {summaries[rule.ToString()]} | {facts.Citation} | {mender} | {facts.Remedy} |\n");
        }
    }

    // What a rule demands stands once, as the documentation of its member.
    private static Dictionary<string, string> Summaries() =>
        Members().Matches(File.ReadAllText(Path.Combine(RepositoryFiles.Root, "src", "LucidTls", "Certificates", "CertificateRule.cs")))
            .ToDictionary(member => member.Groups[2].Value, member => member.Groups[1].Value);

    [GeneratedRegex(@"/// <summary>(.*)</summary>\r?\n\s+(\w+),")]
    private static partial Regex Members();
}
