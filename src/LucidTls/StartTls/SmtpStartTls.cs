using System.Globalization;

namespace LucidTls.StartTls;

/// <summary>SMTP's STARTTLS (RFC 3207).</summary>
internal sealed class SmtpStartTls() : StartTlsProtocol("smtp", 25, "SMTP")
{
    private const int MostLines = 100;
    private const int MostCommands = 16;

    private protected override string Greeting(string host) => $"220 {host} ESMTP\r\n";

    private protected override async ValueTask AskAsync(PlainLink link, string host, CancellationToken cancellationToken)
    {
        await ReadGreetingAsync(link, cancellationToken).ConfigureAwait(false);
        // RFC 5321 §4.1.1.1 wants a name of the client. This one tells nothing in the clear; the client names itself again under TLS.
        await link.WriteLineAsync("EHLO localhost", cancellationToken).ConfigureAwait(false);
        var (code, lines) = await ReadReplyAsync(link, cancellationToken).ConfigureAwait(false);
        if (code != 250)
            throw PlainLink.Refused($"the server answers EHLO with \"{code} {PlainLink.Shown(lines[0])}\"");
        if (!lines.Skip(1).Any(line => line.Equals("STARTTLS", StringComparison.OrdinalIgnoreCase)))
            throw PlainLink.Refused("the server does not list STARTTLS among what it can do");
        await link.WriteLineAsync("STARTTLS", cancellationToken).ConfigureAwait(false);
        (code, lines) = await ReadReplyAsync(link, cancellationToken).ConfigureAwait(false);
        if (code != 220)
            throw PlainLink.Refused($"the server answers STARTTLS with \"{code} {PlainLink.Shown(lines[0])}\"");
        link.DemandNothingMore();
    }

    private protected override async ValueTask ReadGreetingAsync(PlainLink link, CancellationToken cancellationToken)
    {
        var (code, lines) = await ReadReplyAsync(link, cancellationToken).ConfigureAwait(false);
        if (code != 220)
            throw PlainLink.Refused($"the server greets with \"{code} {PlainLink.Shown(lines[0])}\"");
    }

    private protected override async ValueTask GrantAsync(PlainLink link, string host, CancellationToken cancellationToken)
    {
        await link.WriteLineAsync($"220 {host} ESMTP", cancellationToken).ConfigureAwait(false);
        for (var i = 0; i < MostCommands; i++)
        {
            var line = await link.ReadLineAsync(cancellationToken).ConfigureAwait(false);
            switch (line.Split(' ')[0].ToUpperInvariant())
            {
                case "STARTTLS" when line.Length == "STARTTLS".Length:
                    // Before the go-ahead: what lies behind the command was not sent under TLS.
                    link.DemandNothingMore();
                    await link.WriteLineAsync("220 Go ahead", cancellationToken).ConfigureAwait(false);
                    return;
                case "STARTTLS": await link.WriteLineAsync("501 No parameters allowed", cancellationToken).ConfigureAwait(false); break;
                case "EHLO": await link.WriteLineAsync($"250-{host}\r\n250 STARTTLS", cancellationToken).ConfigureAwait(false); break;
                case "HELO": await link.WriteLineAsync($"250 {host}", cancellationToken).ConfigureAwait(false); break;
                case "NOOP" or "RSET": await link.WriteLineAsync("250 Ok", cancellationToken).ConfigureAwait(false); break;
                case "QUIT":
                    await link.WriteLineAsync("221 Bye", cancellationToken).ConfigureAwait(false);
                    throw PlainLink.Refused("the client left without asking for TLS");
                // RFC 3207 §4: what a server says that requires TLS.
                default: await link.WriteLineAsync("530 5.7.0 Must issue a STARTTLS command first", cancellationToken).ConfigureAwait(false); break;
            }
        }
        await link.WriteLineAsync("421 Too many commands before STARTTLS", cancellationToken).ConfigureAwait(false);
        throw PlainLink.Refused($"the client sent {MostCommands} commands and asked for no TLS");
    }

    // RFC 5321 §4.2.1: lines with the same code, a hyphen behind all but the last.
    private static async ValueTask<(int Code, List<string> Lines)> ReadReplyAsync(PlainLink link, CancellationToken cancellationToken)
    {
        var lines = new List<string>();
        var code = 0;
        while (lines.Count < MostLines)
        {
            var line = await link.ReadLineAsync(cancellationToken).ConfigureAwait(false);
            if (line.Length < 3 || !int.TryParse(line.AsSpan(0, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 200 or > 599 || (line.Length > 3 && line[3] is not (' ' or '-')) || (lines.Count > 0 && number != code))
                throw PlainLink.Malformed($"\"{PlainLink.Shown(line)}\" is no reply of SMTP");
            code = number;
            lines.Add(line.Length > 4 ? line[4..] : "");
            if (line.Length == 3 || line[3] == ' ')
                return (code, lines);
        }
        throw PlainLink.Malformed($"a reply of more than {MostLines} lines");
    }
}
