using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using LucidTls.Certificates.Parsing;
using LucidTls.Cli.Inspecting;
using LucidTls.Cli.Reporting;
using Spectre.Console;

namespace LucidTls.Cli;

/// <summary><c>lucidtls cert show</c>: what certificates say, without a judgement.</summary>
internal static class CertShowCommand
{
    public static Command Create()
    {
        var source = new Argument<string>("SOURCE") { Description = "A file (PEM, DER, PKCS#12, PKCS#7), a folder, HOST:PORT, or - for standard input" };
        var password = CertCommand.PasswordFile();
        var json = new Option<bool>("--json") { Description = "Show it in JSON" };
        var pem = new Option<bool>("--pem") { Description = "Print the certificates in PEM" };
        var command = new Command("show", "Show what certificates say: a server's chain too, whether or not it is trusted.") { source, password, json, pem };
        command.SetAction(async (parsed, cancellation) =>
        {
            var loaded = await CertificateSource.LoadAsync(parsed.GetValue(source)!, parsed.GetValue(password), verifier: null, cancellation);
            if (parsed.GetValue(pem))
                Output.Text(string.Concat(loaded.SelectMany(one => one.Certificates).Select(der => PemEncoding.WriteString("CERTIFICATE", der.Span) + "\n")));
            else if (parsed.GetValue(json))
                Output.Json(writer => WriteJson(writer, loaded));
            else
                WriteText(loaded);
            return ExitCode.Ok;
        });
        return command;
    }

    private static void WriteText(IReadOnlyList<LoadedCertificates> loaded)
    {
        var console = OpenConsole();
        var now = TimeProvider.System.GetUtcNow();
        foreach (var one in loaded)
        {
            if (loaded.Count > 1)
                console.MarkupLine($"[bold underline]{Terminal.Escape(one.Name)}[/]");
            for (var i = 0; i < one.Certificates.Count; i++)
            {
                if (!Certificate.TryParse(one.Certificates[i], out var certificate, out var problem))
                {
                    console.MarkupLine($"{i + 1}  [red]a certificate that {Terminal.Escape(problem)}[/]");
                    continue;
                }
                var view = new CertificateView(certificate);
                console.MarkupLine($"{i + 1}  [bold]{Terminal.Escape(view.Title)}[/]");
                var (remaining, colour) = view.Remaining(now);
                console.MarkupLine($"   [grey]{"valid",-18}[/]{CertificateView.Time(view.NotBefore)} to {CertificateView.Time(view.NotAfter)}, [{colour}]{remaining}[/]");
                foreach (var (_, label, values, _) in view.Facts)
                    console.MarkupLine($"   [grey]{label,-18}[/]{Terminal.Escape(string.Join(", ", values))}");
            }
        }
    }

    private static void WriteJson(Utf8JsonWriter json, IReadOnlyList<LoadedCertificates> loaded)
    {
        json.WriteStartArray();
        foreach (var one in loaded)
        {
            foreach (var der in one.Certificates)
            {
                json.WriteStartObject();
                json.WriteString("source", one.Name);
                if (Certificate.TryParse(der, out var certificate, out var problem))
                    WriteJson(json, new CertificateView(certificate));
                else
                    json.WriteString("problem", $"It {problem}.");
                json.WriteString("pem", PemEncoding.WriteString("CERTIFICATE", der.Span));
                json.WriteEndObject();
            }
        }
        json.WriteEndArray();
    }

    private static void WriteJson(Utf8JsonWriter json, CertificateView view)
    {
        json.WriteString("notBefore", view.NotBefore.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        json.WriteString("notAfter", view.NotAfter.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        foreach (var (member, _, values, isList) in view.Facts)
        {
            if (!isList)
            {
                json.WriteString(member, values[0]);
                continue;
            }
            json.WriteStartArray(member);
            foreach (var value in values)
                json.WriteStringValue(value);
            json.WriteEndArray();
        }
    }

    // What was asked for goes to standard output, coloured when that is a terminal.
    private static IAnsiConsole OpenConsole()
    {
        var redirected = Console.IsOutputRedirected;
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = redirected ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = redirected ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { AutoFlush = true }),
        });
        console.Profile.Width = 10_000;
        return console;
    }
}
