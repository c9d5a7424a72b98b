using System.Security;
using System.Text;

namespace LucidTls.StartTls;

/// <summary>XMPP's STARTTLS between client and server (RFC 6120 §5).</summary>
internal sealed class XmppStartTls() : StartTlsProtocol("xmpp", 5222, "XMPP")
{
    private const string TlsNamespace = "urn:ietf:params:xml:ns:xmpp-tls";
    private const int MostTags = 100;

    private protected override async ValueTask AskAsync(PlainLink link, string host, CancellationToken cancellationToken)
    {
        await link.WriteAsync(Encoding.UTF8.GetBytes($"<?xml version='1.0'?><stream:stream to='{SecurityElement.Escape(host)}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"), cancellationToken).ConfigureAwait(false);
        DemandTag(await ReadTagAsync(link, cancellationToken).ConfigureAwait(false), "stream:stream", "");
        if (!await OffersTlsAsync(link, cancellationToken).ConfigureAwait(false))
            throw PlainLink.Refused("the server does not list STARTTLS among its features");
        await link.WriteAsync(Encoding.UTF8.GetBytes($"<starttls xmlns='{TlsNamespace}'/>"), cancellationToken).ConfigureAwait(false);
        var answer = await ReadTagAsync(link, cancellationToken).ConfigureAwait(false);
        // RFC 6120 §5.4.2.2
        if (NameOf(answer) == "failure")
            throw PlainLink.Refused("the server answers with a failure");
        DemandTag(answer, "proceed", TlsNamespace);
        if (!answer.EndsWith("/>", StringComparison.Ordinal))
            DemandTag(await ReadTagAsync(link, cancellationToken).ConfigureAwait(false), "/proceed", "");
        link.DemandNothingMore();
    }

    private protected override async ValueTask GrantAsync(PlainLink link, string host, CancellationToken cancellationToken)
    {
        DemandTag(await ReadTagAsync(link, cancellationToken).ConfigureAwait(false), "stream:stream", "");
        await link.WriteAsync(Encoding.UTF8.GetBytes($"<?xml version='1.0'?><stream:stream from='{SecurityElement.Escape(host)}' id='{Guid.NewGuid():N}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'><stream:features><starttls xmlns='{TlsNamespace}'><required/></starttls></stream:features>"), cancellationToken).ConfigureAwait(false);
        var request = await ReadTagAsync(link, cancellationToken).ConfigureAwait(false);
        if (NameOf(request) != "starttls")
            throw PlainLink.Refused("the client goes on without asking for TLS");
        DemandTag(request, "starttls", TlsNamespace);
        if (!request.EndsWith("/>", StringComparison.Ordinal))
            DemandTag(await ReadTagAsync(link, cancellationToken).ConfigureAwait(false), "/starttls", "");
        // RFC 6120 §5.3.3 forbids it, and go-sendxmpp sends a line's end: it says nothing, before TLS or after.
        link.SkipWhiteSpace();
        link.DemandNothingMore();
        await link.WriteAsync(Encoding.UTF8.GetBytes($"<proceed xmlns='{TlsNamespace}'/>"), cancellationToken).ConfigureAwait(false);
    }

    private static async ValueTask<bool> OffersTlsAsync(PlainLink link, CancellationToken cancellationToken)
    {
        var offers = false;
        var tag = await ReadTagAsync(link, cancellationToken).ConfigureAwait(false);
        DemandTag(tag, "stream:features", "");
        if (tag.EndsWith("/>", StringComparison.Ordinal))
            return false;
        for (var i = 0; i < MostTags; i++)
        {
            tag = await ReadTagAsync(link, cancellationToken).ConfigureAwait(false);
            if (tag == "</stream:features>")
                return offers;
            offers |= NameOf(tag) == "starttls" && tag.Contains(TlsNamespace, StringComparison.Ordinal);
        }
        throw PlainLink.Malformed($"more than {MostTags} tags of features");
    }

    private static void DemandTag(string tag, string name, string content)
    {
        if (NameOf(tag) != name || !tag.Contains(content, StringComparison.Ordinal))
            throw PlainLink.Malformed($"\"{PlainLink.Shown(tag)}\" where <{name}> belongs");
    }

    /// <summary>The name in a tag, with a slash in front in one that ends an element.</summary>
    private static string NameOf(string tag)
    {
        var name = tag[1..].Split(' ', '\t', '\r', '\n', '>')[0];
        return name.Length > 1 ? name.TrimEnd('/') : name;
    }

    /// <summary>The next tag, from its angle bracket to the other; the text before it is passed over, and so is the declaration of XML.</summary>
    private static async ValueTask<string> ReadTagAsync(PlainLink link, CancellationToken cancellationToken)
    {
        while (true)
        {
            while (await link.ReadByteAsync(cancellationToken).ConfigureAwait(false) != '<')
            {
                // Text: names of mechanisms, and white space between the tags.
            }
            var tag = new List<byte> { (byte)'<' };
            var quote = 0;
            while (true)
            {
                var value = await link.ReadByteAsync(cancellationToken).ConfigureAwait(false);
                if (tag.Count == PlainLink.MostLine || value == '<')
                    throw PlainLink.Malformed("a tag that does not end");
                tag.Add(value);
                if (quote == 0 && value is (byte)'\'' or (byte)'"')
                    quote = value;
                else if (value == quote)
                    quote = 0;
                else if (value == '>' && quote == 0)
                    break;
            }
            var text = Encoding.UTF8.GetString([.. tag]);
            // RFC 6120 §11.1: neither comments nor processing instructions nor declarations but XML's own.
            if (text.StartsWith("<!", StringComparison.Ordinal))
                throw PlainLink.Malformed("a declaration or comment, which XMPP does not have");
            if (!text.StartsWith("<?", StringComparison.Ordinal))
                return text;
            if (!text.StartsWith("<?xml ", StringComparison.Ordinal))
                throw PlainLink.Malformed("a processing instruction, which XMPP does not have");
        }
    }
}
