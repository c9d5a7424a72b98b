using LucidTls.Cli.Reporting;

namespace LucidTls.Cli.Serving;

/// <summary>
/// A handshake as an SVG message flow: two lifelines, an arrow a message, and coloured bands that show which keys protected what.
/// Colours come from the page's style sheet, so that it follows dark and light mode.
/// </summary>
internal static class HandshakeDrawing
{
    private const int Width = 760;
    private const int Left = 56;
    private const int Right = Width - Left;
    private const int HeaderHeight = 62;
    private const int BandTitleHeight = 40;
    private const int NameHeight = 30;
    private const int DetailLineHeight = 17;
    private const int RowPadding = 14;
    private const int DetailCharacters = 80;
    private const int MostDetailLines = 4;

    public static Html Draw(IReadOnlyList<TlsHandshakeStep> steps, string clientName, string request, string response)
    {
        var body = new Html();
        var y = HeaderHeight;
        TlsProtection? band = null;
        foreach (var step in steps)
        {
            if (band != step.Protection)
            {
                band = step.Protection;
                y = BandTitle(body, y, step.Protection);
            }
            y = Arrow(body, y, step.Protection, toClient: step.Sent, step.Message, SessionFacts.Bytes(step.Length), "at " + SessionFacts.Milliseconds(step.Elapsed), step.Detail);
        }
        if (band != TlsProtection.Application)
            y = BandTitle(body, y, TlsProtection.Application);
        y = Arrow(body, y, TlsProtection.Application, toClient: false, request, "", "", "");
        y = Arrow(body, y, TlsProtection.Application, toClient: true, response, "", "", "");

        var bottom = y + 10;
        return new Html()
            .Append($"""<svg class="flow" viewBox="0 0 {Width} {bottom + 6}" role="img" aria-label="The messages of this connection's handshake, in order; the list below says the same in words">""")
            .Append($"""<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto-start-reverse"><path d="M0 0 10 5 0 10z" class="head"/></marker></defs>""")
            .Append($"""<line class="life" x1="{Left}" y1="{HeaderHeight - 8}" x2="{Left}" y2="{bottom}"/><line class="life" x1="{Right}" y1="{HeaderHeight - 8}" x2="{Right}" y2="{bottom}"/>""")
            .Append($"{End(Left - 50, "start", Left - 36, "You", clientName)}{End(Right - 166, "end", Right + 36, "This server", "lucidtls serve")}")
            .Append($"{body}</svg>");
    }

    private static Html End(int x, string anchor, int textX, string name, string detail) => new Html()
        .Append($"""<rect class="end" x="{x}" y="4" width="216" height="46" rx="9"/><text class="endname" x="{textX}" y="23" text-anchor="{anchor}">{name}</text><text class="enddetail" x="{textX}" y="40" text-anchor="{anchor}">{detail}</text>""");

    private static int BandTitle(Html body, int y, TlsProtection protection)
    {
        var (style, icon, title) = protection switch
        {
            TlsProtection.Plaintext => ("plain", OpenLock, "In the clear: whoever sits on the way can read this"),
            TlsProtection.Handshake => ("shake", ClosedLock, "From here on encrypted, with the handshake keys"),
            TlsProtection.EarlyData => ("shake", ClosedLock, "Encrypted with the keys of the session that is resumed"),
            TlsProtection.Application => ("app", ClosedLock, "From here on encrypted with the application keys"),
        };
        body.Append($"""<g class="{style}"><rect class="band" x="0" y="{y}" width="{Width}" height="{BandTitleHeight - 8}"/><path class="lock" transform="translate({Left + 18} {y + 7})" d="{icon}"/><text class="bandtitle" x="{Left + 44}" y="{y + 21}">{title}</text></g>""");
        return y + BandTitleHeight;
    }

    private static int Arrow(Html body, int y, TlsProtection protection, bool toClient, string name, string size, string time, string detail)
    {
        var lines = Wrap(Printable.Line(detail));
        var line = y + NameHeight;
        var style = protection switch
        {
            TlsProtection.Plaintext => "plain",
            TlsProtection.Handshake => "shake",
            TlsProtection.EarlyData => "shake",
            TlsProtection.Application => "app",
        };
        var (from, to) = toClient ? (Right - 4, Left + 5) : (Left + 4, Right - 5);
        body.Append($"""<g class="{style}"><title>{HandshakeMessages.Explain(name)}</title>""");
        body.Append($"""<text class="small" x="{Left + 18}" y="{line - 9}">{size}</text><text class="name" x="{Width / 2}" y="{line - 9}">{name}</text><text class="small right" x="{Right - 18}" y="{line - 9}">{time}</text>""");
        body.Append($"""<line class="arrow" x1="{from}" y1="{line}" x2="{to}" y2="{line}" marker-end="url(#head)"/>""");
        for (var i = 0; i < lines.Count; i++)
            body.Append($"""<text class="detail" x="{Width / 2}" y="{line + 18 + i * DetailLineHeight}">{lines[i]}</text>""");
        body.Append($"</g>");
        return line + lines.Count * DetailLineHeight + RowPadding;
    }

    /// <summary>Breaks at spaces; what does not fit into the most lines there may be ends in an ellipsis.</summary>
    internal static IReadOnlyList<string> Wrap(string text)
    {
        var lines = new List<string>();
        var rest = text.Trim();
        while (rest.Length > 0)
        {
            if (rest.Length <= DetailCharacters)
            {
                lines.Add(rest);
                break;
            }
            if (lines.Count == MostDetailLines - 1)
            {
                lines.Add(rest[..(DetailCharacters - 1)] + "…");
                break;
            }
            var cut = rest.LastIndexOf(' ', DetailCharacters);
            if (cut <= 0)
                cut = DetailCharacters;
            lines.Add(rest[..cut]);
            rest = rest[cut..].TrimStart();
        }
        return lines;
    }

    // A padlock in a box of 16 by 18.
    private const string ClosedLock = "M3 8V5.5a5 5 0 0 1 10 0V8h1.2c.7 0 1.3.6 1.3 1.3v7.4c0 .7-.6 1.3-1.3 1.3H1.8A1.3 1.3 0 0 1 .5 16.7V9.3C.5 8.6 1.1 8 1.8 8zm2.2 0h5.6V5.5a2.8 2.8 0 0 0-5.6 0z";
    private const string OpenLock = "M3 8V5.5a5 5 0 0 1 9.7-1.6l-2.1.7A2.8 2.8 0 0 0 5.2 5.5V8h9c.7 0 1.3.6 1.3 1.3v7.4c0 .7-.6 1.3-1.3 1.3H1.8A1.3 1.3 0 0 1 .5 16.7V9.3C.5 8.6 1.1 8 1.8 8z";
}
