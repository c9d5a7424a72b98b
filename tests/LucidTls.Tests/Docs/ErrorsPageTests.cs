using System.Text;

namespace LucidTls.Tests.Docs;

public sealed class ErrorsPageTests
{
    [Fact]
    public void Docs_errors_md_says_what_the_table_of_errors_says()
    {
        var path = Path.Combine(RepositoryFiles.Root, "docs", "errors.md");
        var expected = Render();
        if (Environment.GetEnvironmentVariable("LUCIDTLS_UPDATE_DOCS") == "1")
            File.WriteAllText(path, expected);
        Assert.Equal(expected, File.ReadAllText(path), ignoreLineEndingDifferences: true);
    }

    private static string Render()
    {
        var page = new StringBuilder();
        page.Append("# Errors and what they mean\n\n");
        page.Append("A `TlsException` names its cause in `Error`, who ended the connection in `Source`, the alert that went over the wire in `Alert`, the rule in `Rule` and what to do in `Remedy`. This page is the table that the library itself uses; a test keeps the two the same.\n");
        foreach (var source in Enum.GetValues<TlsFailureSource>())
        {
            page.Append(source switch
            {
                TlsFailureSource.Local => "\n## This end refused\n",
                TlsFailureSource.Peer => "\n## The peer refused\n",
                TlsFailureSource.Transport => "\n## The transport broke\n",
            });
            page.Append("| error | what happened | alert sent | rule | what to do |\n| --- | --- | --- | --- | --- |\n");
            foreach (var error in Enum.GetValues<TlsError>())
            {
                var facts = TlsErrorFacts.Of(error);
                if (facts.Source == source)
                    page.Append($"| `{error}` | {facts.Sentence} | {(facts.Alert is { } alert ? AlertNames.Of(alert) : "—")} | {(facts.Rule.Length == 0 ? "—" : facts.Rule)} | {(facts.Remedy.Length == 0 ? "—" : facts.Remedy)} |\n");
            }
        }
        page.Append("\n## Alerts from a peer\nA peer says why it ended the connection with one byte. This is what it usually means.\n\n| alert | number | meaning |\n| --- | --- | --- |\n");
        foreach (var alert in Enum.GetValues<TlsAlert>())
            page.Append($"| {AlertNames.Of(alert)} | {(byte)alert} | {AlertNames.Meaning(alert)} |\n");
        return page.ToString();
    }
}
