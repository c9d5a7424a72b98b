namespace LucidTls.StartTls;

/// <summary>IMAP's STARTTLS (RFC 9051 §6.2.1).</summary>
internal sealed class ImapStartTls() : StartTlsProtocol("imap", 143, "IMAP")
{
    private const int MostLines = 100;
    private const int MostCommands = 16;

    // Without a list of capabilities, so that the client asks for the server's own.
    private protected override string Greeting(string host) => "* OK IMAP4rev1 ready\r\n";

    private protected override async ValueTask AskAsync(PlainLink link, string host, CancellationToken cancellationToken)
    {
        await ReadGreetingAsync(link, cancellationToken).ConfigureAwait(false);
        await link.WriteLineAsync("a1 CAPABILITY", cancellationToken).ConfigureAwait(false);
        var untagged = await ReadResultAsync(link, "a1", cancellationToken).ConfigureAwait(false);
        if (!untagged.Any(line => line.StartsWith("* CAPABILITY ", StringComparison.OrdinalIgnoreCase) && line.Split(' ').Contains("STARTTLS", StringComparer.OrdinalIgnoreCase)))
            throw PlainLink.Refused("the server does not list STARTTLS among its capabilities");
        await link.WriteLineAsync("a2 STARTTLS", cancellationToken).ConfigureAwait(false);
        await ReadResultAsync(link, "a2", cancellationToken).ConfigureAwait(false);
        link.DemandNothingMore();
    }

    private protected override async ValueTask ReadGreetingAsync(PlainLink link, CancellationToken cancellationToken)
    {
        var line = await link.ReadLineAsync(cancellationToken).ConfigureAwait(false);
        if (Is(line, "* OK"))
            return;
        // RFC 9051 §7.1.4: PREAUTH in the clear leaves no way to TLS, and may come from somebody on the way.
        if (Is(line, "* PREAUTH") || Is(line, "* BYE"))
            throw PlainLink.Refused($"the server greets with \"{PlainLink.Shown(line)}\"");
        throw PlainLink.Malformed($"\"{PlainLink.Shown(line)}\" is no greeting of IMAP");
    }

    private protected override async ValueTask GrantAsync(PlainLink link, string host, CancellationToken cancellationToken)
    {
        await link.WriteLineAsync("* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready", cancellationToken).ConfigureAwait(false);
        for (var i = 0; i < MostCommands; i++)
        {
            var words = (await link.ReadLineAsync(cancellationToken).ConfigureAwait(false)).Split(' ');
            var tag = words[0];
            if (words.Length < 2 || tag.Length is 0 or > 64 || tag.ContainsAny('*', '+', '('))
                throw PlainLink.Malformed("a line that is no command of IMAP");
            switch (words[1].ToUpperInvariant())
            {
                case "STARTTLS" when words.Length == 2:
                    link.DemandNothingMore();
                    await link.WriteLineAsync($"{tag} OK Begin TLS negotiation now", cancellationToken).ConfigureAwait(false);
                    return;
                case "CAPABILITY": await link.WriteLineAsync($"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\n{tag} OK done", cancellationToken).ConfigureAwait(false); break;
                case "NOOP": await link.WriteLineAsync($"{tag} OK done", cancellationToken).ConfigureAwait(false); break;
                case "LOGOUT":
                    await link.WriteLineAsync($"* BYE\r\n{tag} OK done", cancellationToken).ConfigureAwait(false);
                    throw PlainLink.Refused("the client left without asking for TLS");
                default: await link.WriteLineAsync($"{tag} NO [PRIVACYREQUIRED] STARTTLS first", cancellationToken).ConfigureAwait(false); break;
            }
        }
        await link.WriteLineAsync("* BYE too many commands before STARTTLS", cancellationToken).ConfigureAwait(false);
        throw PlainLink.Refused($"the client sent {MostCommands} commands and asked for no TLS");
    }

    /// <returns>The untagged lines before the tagged OK.</returns>
    private static async ValueTask<List<string>> ReadResultAsync(PlainLink link, string tag, CancellationToken cancellationToken)
    {
        var untagged = new List<string>();
        while (untagged.Count < MostLines)
        {
            var line = await link.ReadLineAsync(cancellationToken).ConfigureAwait(false);
            if (Is(line, $"{tag} OK"))
                return untagged;
            if (Is(line, $"{tag} NO") || Is(line, $"{tag} BAD"))
                throw PlainLink.Refused($"the server answers with \"{PlainLink.Shown(line)}\"");
            if (!line.StartsWith("* ", StringComparison.Ordinal))
                throw PlainLink.Malformed($"\"{PlainLink.Shown(line)}\" is no response of IMAP");
            if (Is(line, "* BYE"))
                throw PlainLink.Refused($"the server leaves with \"{PlainLink.Shown(line)}\"");
            untagged.Add(line);
        }
        throw PlainLink.Malformed($"more than {MostLines} lines in a response");
    }

    private static bool Is(string line, string start) => line.StartsWith(start, StringComparison.OrdinalIgnoreCase) && (line.Length == start.Length || line[start.Length] == ' ');
}
