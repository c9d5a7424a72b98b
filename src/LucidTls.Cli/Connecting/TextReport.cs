using LucidTls.Certificates;
using LucidTls.Cli.Reporting;

namespace LucidTls.Cli.Connecting;

/// <summary>The report for people, on standard error.</summary>
internal sealed class TextReport(ConnectSettings settings) : IConnectionReport
{
    private bool _anyStep;

    public void Connected(Dialed connection)
    {
        var lookup = connection.Lookup.TotalMilliseconds >= 0.1 ? $", after {SessionFacts.Milliseconds(connection.Lookup)} to look up the name" : "";
        Terminal.MarkupLine($"Connected to [bold]{Terminal.Escape(settings.Target.ToString())}[/] [grey]at {connection.Peer} in {SessionFacts.Milliseconds(connection.Connect)}{lookup}[/]");
    }

    public void Step(TlsHandshakeStep step)
    {
        if (!_anyStep)
            Terminal.MarkupLine("\n[bold]Handshake[/]");
        _anyStep = true;
        var (colour, protection) = step.Protection switch
        {
            TlsProtection.Plaintext => ("yellow", "in the clear"),
            TlsProtection.Handshake => ("blue", "handshake keys"),
            TlsProtection.EarlyData => ("blue", "early data keys"),
            TlsProtection.Application => ("green", "application keys"),
        };
        Terminal.MarkupLine(
            $"  [{colour}]{(step.Sent ? "→" : "←")} {Terminal.Escape(step.Message),-20} {protection,-16}[/] {SessionFacts.Bytes(step.Length),8} {SessionFacts.Milliseconds(step.Elapsed),9}  [grey]{Terminal.Escape(step.Detail)}[/]");
    }

    public void Certificates(IReadOnlyList<ReadOnlyMemory<byte>> chain, CertificateVerdict? verdict)
    {
        if (chain.Count > 0)
            Terminal.MarkupLine("\n[bold]Certificate chain[/]");
        for (var i = 0; i < chain.Count; i++)
        {
            var facts = CertificateFacts.Of(chain[i]);
            if (facts.Problem is not null)
            {
                Terminal.MarkupLine($"  {i + 1}  [red]{Terminal.Escape(facts.Problem)}[/]");
                continue;
            }
            Terminal.MarkupLine($"  {i + 1}  [bold]{Terminal.Escape(facts.Subject)}[/]");
            if (facts.Names.Count > 0)
                Detail("for", string.Join(", ", facts.Names));
            Detail("issued by", facts.Issuer);
            Detail("valid", facts.Validity);
            Detail("key", $"{facts.Key}, signed with {facts.SignatureAlgorithm}");
            Detail("SHA-256", facts.Sha256);
        }
        if (verdict is not null)
        {
            Terminal.MarkupLine(verdict.IsAccepted ? "\n[bold]Verdict[/] [green]accepted[/]" : "\n[bold]Verdict[/] [red]refused[/]");
            foreach (var line in verdict.ToTree().Split('\n', StringSplitOptions.RemoveEmptyEntries))
                Terminal.MarkupLine($"  {Terminal.Escape(line)}");
        }

        static void Detail(string label, string value) => Terminal.MarkupLine($"     [grey]{label,-10}[/] {Terminal.Escape(value)}");
    }

    public void Session(TlsSessionInfo session)
    {
        Terminal.MarkupLine("\n[bold]Agreed on[/]");
        foreach (var fact in SessionFacts.Of(session))
            Terminal.MarkupLine($"  [grey]{fact.Label,-20}[/] {Terminal.Escape(fact.Value)}{(fact.Explanation.Length > 0 ? $"  [grey]{Terminal.Escape(fact.Explanation)}[/]" : "")}");
        Terminal.Line();
    }

    public void Response(HttpResponseHead head, long bodyBytes)
    {
        Terminal.MarkupLine($"[bold]{Terminal.Escape(head.StatusLine)}[/]");
        foreach (var (name, value) in head.Headers)
            Terminal.MarkupLine($"[grey]{Terminal.Escape(name)}:[/] {Terminal.Escape(value)}");
        Terminal.MarkupLine($"[grey]{SessionFacts.Bytes(bodyBytes)} of body, on standard output[/]");
    }

    public void Finish(int exitCode, string? problem, TlsException? failure)
    {
        if (problem is not null)
            Terminal.Fail(problem);
    }
}
