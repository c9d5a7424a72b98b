using System.CommandLine;
using System.Text;
using System.Text.Json;
using LucidTls.Certificates.Parsing;
using LucidTls.Cli.Inspecting;

namespace LucidTls.Cli;

/// <summary><c>lucidtls cert lint</c>: what the rules for the web's authorities say against a certificate.</summary>
internal static class CertLintCommand
{
    private sealed record Linted(string Source, string Subject, IReadOnlyList<LintFinding> Findings);

    public static Command Create()
    {
        var sources = new Argument<string[]>("SOURCE") { Description = "Files (PEM, DER, PKCS#12, PKCS#7), folders, HOST:PORT, or - for standard input", Arity = ArgumentArity.OneOrMore };
        var password = CertCommand.PasswordFile();
        var json = new Option<bool>("--json") { Description = "Print the findings in JSON" };
        var command = new Command("lint", "Name what breaks the CA/Browser Forum's Baseline Requirements. Each certificate is looked at by itself; ends with 4 when there is an error.") { sources, password, json };
        command.SetAction(async (parsed, cancellation) =>
        {
            var linted = new List<Linted>();
            foreach (var source in parsed.GetValue(sources)!)
            {
                foreach (var loaded in await CertificateSource.LoadAsync(source, parsed.GetValue(password), verifier: null, cancellation))
                    linted.AddRange(loaded.Certificates.Select(der => Lint(loaded.Name, der)));
            }
            if (parsed.GetValue(json))
                Output.Json(writer => WriteJson(writer, linted));
            else
                Output.Text(ToText(linted));
            return linted.Any(one => one.Findings.Any(finding => finding.Severity == LintSeverity.Error)) ? ExitCode.Certificate : ExitCode.Ok;
        });
        return command;
    }

    private static Linted Lint(string source, ReadOnlyMemory<byte> der) =>
        Certificate.TryParse(der, out var certificate, out var problem)
            ? new Linted(source, certificate.ToString(), CertificateLinter.Lint(certificate))
            : new Linted(source, "(unreadable)", [new LintFinding(LintRule.WellFormed, LintSeverity.Error, $"it {problem}", "RFC 5280 §4.1")]);

    private static string ToText(IReadOnlyList<Linted> linted)
    {
        var text = new StringBuilder();
        foreach (var one in linted)
        {
            text.Append(Reporting.Printable.Line($"{one.Subject} from {one.Source}")).Append(one.Findings.Count == 0 ? ": nothing found\n" : "\n");
            foreach (var finding in one.Findings)
                text.Append(finding.Severity == LintSeverity.Error ? "  error    " : "  warning  ").Append(finding.RuleName).Append(": ").Append(Reporting.Printable.Line(finding.Sentence)).Append(" [").Append(finding.Citation).Append("; to be mended by ").Append(finding.Mender).Append("]\n");
        }
        return text.ToString();
    }

    private static void WriteJson(Utf8JsonWriter json, IReadOnlyList<Linted> linted)
    {
        json.WriteStartArray();
        foreach (var one in linted)
        {
            json.WriteStartObject();
            json.WriteString("source", one.Source);
            json.WriteString("subject", one.Subject);
            json.WriteStartArray("findings");
            foreach (var finding in one.Findings)
            {
                json.WriteStartObject();
                json.WriteString("rule", finding.RuleName);
                json.WriteString("severity", finding.Severity == LintSeverity.Error ? "error" : "warning");
                json.WriteString("explanation", finding.Sentence);
                json.WriteString("citation", finding.Citation);
                json.WriteString("mender", finding.Mender);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
