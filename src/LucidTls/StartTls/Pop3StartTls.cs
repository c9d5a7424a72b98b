namespace LucidTls.StartTls;

/// <summary>POP3's STLS (RFC 2595 §4).</summary>
internal sealed class Pop3StartTls() : StartTlsProtocol("pop3", 110, "POP3")
{
    private const int MostCommands = 16;

    private protected override string Greeting(string host) => "+OK POP3 ready\r\n";

    private protected override async ValueTask AskAsync(PlainLink link, string host, CancellationToken cancellationToken)
    {
        await ReadGreetingAsync(link, cancellationToken).ConfigureAwait(false);
        await link.WriteLineAsync("STLS", cancellationToken).ConfigureAwait(false);
        await ReadOkAsync(link, "answers STLS", cancellationToken).ConfigureAwait(false);
        link.DemandNothingMore();
    }

    private protected override ValueTask ReadGreetingAsync(PlainLink link, CancellationToken cancellationToken) => ReadOkAsync(link, "greets", cancellationToken);

    private protected override async ValueTask GrantAsync(PlainLink link, string host, CancellationToken cancellationToken)
    {
        await link.WriteLineAsync("+OK POP3 ready", cancellationToken).ConfigureAwait(false);
        for (var i = 0; i < MostCommands; i++)
        {
            switch ((await link.ReadLineAsync(cancellationToken).ConfigureAwait(false)).ToUpperInvariant())
            {
                case "STLS":
                    link.DemandNothingMore();
                    await link.WriteLineAsync("+OK Begin TLS negotiation", cancellationToken).ConfigureAwait(false);
                    return;
                case "CAPA": await link.WriteLineAsync("+OK\r\nSTLS\r\n.", cancellationToken).ConfigureAwait(false); break;
                case "QUIT":
                    await link.WriteLineAsync("+OK", cancellationToken).ConfigureAwait(false);
                    throw PlainLink.Refused("the client left without asking for TLS");
                default: await link.WriteLineAsync("-ERR STLS first", cancellationToken).ConfigureAwait(false); break;
            }
        }
        await link.WriteLineAsync("-ERR too many commands before STLS", cancellationToken).ConfigureAwait(false);
        throw PlainLink.Refused($"the client sent {MostCommands} commands and asked for no TLS");
    }

    private static async ValueTask ReadOkAsync(PlainLink link, string what, CancellationToken cancellationToken)
    {
        var line = await link.ReadLineAsync(cancellationToken).ConfigureAwait(false);
        if (line.StartsWith("-ERR", StringComparison.Ordinal))
            throw PlainLink.Refused($"the server {what} with \"{PlainLink.Shown(line)}\"");
        if (line != "+OK" && !line.StartsWith("+OK ", StringComparison.Ordinal))
            throw PlainLink.Malformed($"\"{PlainLink.Shown(line)}\" is no response of POP3");
    }
}
