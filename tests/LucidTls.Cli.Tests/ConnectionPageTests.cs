using System.Net;
using System.Xml;
using LucidTls.Cli.Serving;

namespace LucidTls.Cli.Tests;

public sealed class ConnectionPageTests
{
    private static string Render(TlsSessionInfo session) => ConnectionPage.Render(new ConnectionView(session, new IPEndPoint(IPAddress.Loopback, 40123), "HTTP/2"));

    [Fact]
    public void The_page_shows_each_message_and_where_encryption_begins()
    {
        var page = Render(Sessions.Server());

        foreach (var message in Sessions.Server().Steps.Select(step => step.Message))
            Assert.Contains($">{message}</text>", page, StringComparison.Ordinal);
        var clear = page.IndexOf("In the clear", StringComparison.Ordinal);
        var encrypted = page.IndexOf("From here on encrypted, with the handshake keys", StringComparison.Ordinal);
        var application = page.IndexOf("From here on encrypted with the application keys", StringComparison.Ordinal);
        Assert.True(clear < page.IndexOf(">ServerHello</text>", StringComparison.Ordinal));
        Assert.True(page.IndexOf(">ServerHello</text>", StringComparison.Ordinal) < encrypted);
        Assert.True(encrypted < page.IndexOf(">EncryptedExtensions</text>", StringComparison.Ordinal));
        Assert.True(page.LastIndexOf(">Finished</text>", StringComparison.Ordinal) < application);
    }

    [Fact]
    public void What_a_peer_sends_stays_text()
    {
        const string hostile = "</title><script>alert(1)</script>\"'&\u202e\u001b[31m";
        var page = Render(Sessions.Server(serverName: hostile, detail: hostile));

        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain('\u001b', page);
        Assert.DoesNotContain('\u202e', page);
        Assert.Contains("&lt;script&gt;", page, StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_loads_nothing_and_runs_nothing()
    {
        var page = Render(Sessions.Server());

        Assert.DoesNotContain("src=", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("url(http", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("@import", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("default-src 'none'", ConnectionPage.ContentSecurityPolicy, StringComparison.Ordinal);
    }

    [Fact]
    public void A_resumed_connection_says_so_and_shows_no_certificate()
    {
        var page = Render(Sessions.Server(resumed: true));

        Assert.Contains("resumes an earlier one", page, StringComparison.Ordinal);
        Assert.DoesNotContain("CN=localhost", page[page.IndexOf("</svg></div>", StringComparison.Ordinal)..], StringComparison.Ordinal);
    }

    [Fact]
    public void The_drawing_is_well_formed()
    {
        var drawing = HandshakeDrawing.Draw(Sessions.Server(detail: new string('x', 2000) + " <&>").Steps, "127.0.0.1:40123", "Your request", "This page").ToString();

        var document = new XmlDocument();
        document.LoadXml(drawing);
        Assert.Equal("svg", document.DocumentElement!.Name);
    }

    [Fact]
    public void A_long_detail_is_cut_into_lines_that_fit()
    {
        var lines = HandshakeDrawing.Wrap(string.Join(' ', Enumerable.Repeat("word", 400)));

        Assert.Equal(4, lines.Count);
        Assert.All(lines, line => Assert.True(line.Length <= 80));
        Assert.EndsWith("…", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Waiting_for_the_peer_is_told_from_work()
    {
        var (work, wait) = ConnectionPage.Split(Sessions.Server().Steps);

        Assert.Equal(2.26, wait.TotalMilliseconds, 6);
        Assert.Equal(0.54, work.TotalMilliseconds, 6);
    }
}
