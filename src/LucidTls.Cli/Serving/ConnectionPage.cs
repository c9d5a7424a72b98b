using LucidTls.Cli.Reporting;

namespace LucidTls.Cli.Serving;

/// <summary>A page that shows its visitor the connection it came over. It loads nothing, runs no script and needs none.</summary>
internal static class ConnectionPage
{
    /// <summary>What the page may load: nothing but the style that it carries.</summary>
    public const string ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static string Render(ConnectionView view)
    {
        var session = view.Session;
        var page = new Html()
            .Append($"""<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark"><link rel="icon" href="data:,"><title>Your connection: {session.Version.ToString()}</title><style>{Style}</style></head><body><main>""")
            .Append($"""<header><svg class="badge" viewBox="0 0 64 64" aria-hidden="true"><circle cx="32" cy="32" r="32"/><path d="M21 29v-7a11 11 0 0 1 22 0v7h2a3 3 0 0 1 3 3v15a3 3 0 0 1-3 3H19a3 3 0 0 1-3-3V32a3 3 0 0 1 3-3zm5 0h12v-7a6 6 0 0 0-12 0z"/></svg>""")
            .Append($"""<div><h1>Your connection is encrypted with {session.Version.ToString()}</h1><p>This page shows you the connection that it arrived on, the one from {view.ClientName}. It loads nothing else.</p></div></header>""");

        page.Append($"""<section class="facts" aria-label="What was agreed on">""");
        foreach (var fact in SessionFacts.Negotiated(session))
            page.Append($"""<div class="fact"><h3>{fact.Label}</h3><p class="value">{fact.Value}</p><p class="note">{fact.Explanation}</p></div>""");
        page.Append($"</section>");

        var bytes = session.Steps.Sum(step => step.Length);
        page.Append($"""<section><h2>The handshake</h2><p class="lead">Read it from top to bottom, as it happened: {session.Steps.Count} messages, {SessionFacts.Bytes(bytes)}, {SessionFacts.Milliseconds(session.HandshakeDuration)} by this server's clock, {SessionFacts.RoundTrips(session)}.</p>""")
            .Append($"""<div class="scroll">{HandshakeDrawing.Draw(session.Steps, view.ClientName, $"Your request, over {view.HttpProtocol}", "This page")}</div>{Timing(session)}</section>""");

        page.Append($"{Glossary(session)}{Chain(session)}");
        return page
            .Append($"""<footer><p>Made by <code>lucidtls serve</code>. Ask with <code>curl</code> for the same as text, or with <code>Accept: application/json</code> for programs. To put TLS in front of your own service: <code>lucidtls serve --to http://localhost:8080</code>.</p></footer></main></body></html>""")
            .ToString();
    }

    /// <summary>How much of the handshake's time went into this end's work, and how much into waiting for the other.</summary>
    private static Html Timing(TlsSessionInfo session)
    {
        var (work, wait) = Split(session.Steps);
        var total = (work + wait).TotalMilliseconds;
        if (total <= 0)
            return new Html();
        var share = wait.TotalMilliseconds / total * 100;
        return new Html()
            .Append($"""<div class="timing"><div class="bar" aria-hidden="true"><span class="work" style="width:{100 - share:F1}%"></span><span class="wait" style="width:{share:F1}%"></span></div>""")
            .Append($"""<p><span class="key work"></span>{SessionFacts.Milliseconds(work)} of work at this end <span class="key wait"></span>{SessionFacts.Milliseconds(wait)} of waiting for you and the network</p></div>""");
    }

    /// <summary>Time before a received message is waiting when this end had sent before; the rest is work.</summary>
    internal static (TimeSpan Work, TimeSpan Wait) Split(IReadOnlyList<TlsHandshakeStep> steps)
    {
        var work = TimeSpan.Zero;
        var wait = TimeSpan.Zero;
        for (var i = 1; i < steps.Count; i++)
        {
            var gap = steps[i].Elapsed - steps[i - 1].Elapsed;
            if (!steps[i].Sent && steps[i - 1].Sent)
                wait += gap;
            else
                work += gap;
        }
        return (work, wait);
    }

    private static Html Glossary(TlsSessionInfo session)
    {
        var list = new Html().Append($"""<section><details><summary>What each message does</summary><ol class="glossary">""");
        foreach (var step in session.Steps)
        {
            var keys = step.Protection == TlsProtection.Plaintext ? "in the clear" : "encrypted";
            list.Append($"""<li><b>{step.Message}</b> <span class="note">{(step.Sent ? "server to you" : "you to server")}, {keys}, {SessionFacts.Bytes(step.Length)}</span><br>{HandshakeMessages.Explain(step.Message)}</li>""");
        }
        return list.Append($"</ol></details></section>");
    }

    private static Html Chain(TlsSessionInfo session)
    {
        var section = new Html().Append($"""<section><h2>The server's certificate{(session.LocalCertificates.Count > 1 ? "s" : "")}</h2>""");
        for (var i = 0; i < session.LocalCertificates.Count; i++)
            section.Append($"{Card(CertificateFacts.Of(session.LocalCertificates[i]), i == 0 ? "The server's own" : "Vouches for the one above")}");
        var note = session.LocalCertificates.Count > 0
            ? "The authority at the end of the chain is not sent: a client has to know and trust it beforehand."
            : "None was sent: this connection resumes an earlier one, in which the server proved itself.";
        section.Append($"""<p class="note">{note}</p></section>""");
        if (session.PeerCertificates.Count == 0)
            return section;
        section.Append($"<section><h2>Your certificate{(session.PeerCertificates.Count > 1 ? "s" : "")}</h2>");
        for (var i = 0; i < session.PeerCertificates.Count; i++)
            section.Append($"{Card(CertificateFacts.Of(session.PeerCertificates[i]), i == 0 ? "Your own" : "Vouches for the one above")}");
        return section.Append($"</section>");
    }

    private static Html Card(CertificateFacts facts, string role)
    {
        var card = new Html().Append($"""<article class="certificate"><h3>{role}</h3><dl>""");
        if (facts.Problem is not null)
            return card.Append($"<dt>Problem</dt><dd>{facts.Problem}</dd></dl></article>");
        card.Append($"<dt>Subject</dt><dd>{facts.Subject}</dd>");
        if (facts.Names.Count > 0)
            card.Append($"<dt>For</dt><dd>{string.Join(", ", facts.Names)}</dd>");
        return card
            .Append($"<dt>Issued by</dt><dd>{facts.Issuer}</dd><dt>Valid</dt><dd>{facts.Validity}</dd><dt>Key</dt><dd>{facts.Key}</dd>")
            .Append($"""<dt>Signed with</dt><dd>{facts.SignatureAlgorithm}</dd><dt>SHA-256</dt><dd class="hash">{facts.Sha256}</dd></dl></article>""");
    }

    private static readonly Html Style = new Html().Append($$$"""
        :root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#16202c;--soft:#5a6776;--line:#dde3ea;--plain:#b45309;--plainbg:#fef3e2;--shake:#1d5fd1;--shakebg:#e8f0fd;--app:#0b7a4b;--appbg:#e4f5ec}
        @media(prefers-color-scheme:dark){:root{--bg:#0f141b;--card:#171e28;--ink:#e8edf3;--soft:#98a6b6;--line:#2a3442;--plain:#f5b04c;--plainbg:#33260f;--shake:#7eb0ff;--shakebg:#14243f;--app:#5fd6a0;--appbg:#102e22}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
        main{max-width:920px;margin:0 auto;padding:40px 20px 56px}
        header{display:flex;gap:20px;align-items:center;margin-bottom:28px}
        .badge{width:64px;height:64px;flex:none}.badge circle{fill:var(--app)}.badge path{fill:var(--bg)}
        h1{font-size:1.65rem;line-height:1.2;margin:0 0 6px;letter-spacing:-.01em}h2{font-size:1.2rem;margin:0 0 4px}h3{font-size:.78rem;font-weight:600;color:var(--soft);margin:0}
        p{margin:0}header p,.lead,.note,footer{color:var(--soft)}.note{font-size:.85rem}
        section{margin-top:32px}
        .facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(270px,1fr));gap:12px;margin-top:0}
        .fact,.certificate,.scroll,details{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:14px 16px}
        .value{font-weight:600;font-size:.95rem;overflow-wrap:anywhere}
        .scroll{margin-top:14px;padding:14px 10px;overflow-x:auto}.flow{display:block;width:100%;min-width:620px;height:auto}
        .flow text{fill:var(--ink);font-size:13px}.flow .life{stroke:var(--line);stroke-width:2}
        .end{fill:var(--bg);stroke:var(--line)}.flow .endname{font-weight:600;font-size:14px}.flow .enddetail{fill:var(--soft);font-size:12px}
        .plain{--c:var(--plain);--b:var(--plainbg)}.shake{--c:var(--shake);--b:var(--shakebg)}.app{--c:var(--app);--b:var(--appbg)}
        .band{fill:var(--b)}.lock{fill:var(--c)}.flow .bandtitle{fill:var(--c);font-weight:600}
        .arrow{stroke:var(--c);stroke-width:2}.head{fill:context-stroke}
        .flow .name{text-anchor:middle;font-weight:600;font-size:14.5px}.flow .small{fill:var(--soft);font-size:12px;font-variant-numeric:tabular-nums}.flow .right{text-anchor:end}.flow .detail{text-anchor:middle;fill:var(--soft);font-size:12px}
        .timing{margin-top:14px;font-size:.9rem;color:var(--soft)}.bar{display:flex;height:10px;border-radius:5px;overflow:hidden;margin-bottom:6px}.work{background:var(--shake)}.wait{background:var(--line)}
        .key{display:inline-block;width:10px;height:10px;border-radius:3px;margin:0 6px 0 0}.key.wait{margin-left:14px}
        summary{cursor:pointer;font-weight:600}.glossary{margin:12px 0 0;padding-left:22px}.glossary li{margin-bottom:10px}
        .certificate{margin-top:12px}.certificate h3{margin-bottom:8px}dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 18px;margin:0}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
        .hash,code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.86em}section>.note{margin-top:10px}
        footer{margin-top:36px;padding-top:18px;border-top:1px solid var(--line);font-size:.9rem}
        @media(max-width:560px){main{padding:24px 14px 40px}h1{font-size:1.3rem}.badge{width:48px;height:48px}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:8px}}
        """);
}
