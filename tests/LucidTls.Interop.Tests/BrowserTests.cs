using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Interop.Tests.Peers;
using LucidTls.Interop.Tests.Peers.Browsers;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests;

/// <summary>What each browser does with Kestrel over our TLS and with <c>lucidtls serve</c>. It trusts our authority, and nothing is done to make it overlook an error.</summary>
public abstract class BrowserTests(PkiFixture pki, BrowserFixture fixture)
{
    private protected const int Visits = 4;

    private readonly Site _site = new();

    public static TheoryData<string> Protocols => ["h2", "http/1.1"];

    private protected PkiFixture Pki => pki;

    private protected Site Site => _site;

    private protected abstract Task<Browser> StartAsync(BrowserProfile profile);

    private protected Task<Browser> BrowserAsync() => fixture.BrowserAsync(StartAsync);

    /// <summary>What the user is told when the server wants a certificate.</summary>
    private protected abstract string CertificateWanted { get; }

    private protected abstract string CodeOf(BadServer server);

    private protected abstract string AlertOf(BadServer server);

    public enum BadServer
    {
        OtherName,
        Expired,
        Untrusted,
        Impostor,
    }

    [Fact]
    public async Task It_loads_a_page_with_all_that_belongs_to_it_over_HTTP_2()
    {
        await using var server = await KestrelServer.StartAsync(pki.ServerOptions(), _site);
        var browser = await BrowserAsync();
        await browser.OpenAsync(server.Url());
        Assert.Equal("all is there, rgb(1, 2, 3), 31 x 17", await browser.RunAsync("""
            await loaded;
            const text = document.getElementById("text"), image = document.getElementById("image");
            return `${text.textContent}, ${getComputedStyle(text).color}, ${image.naturalWidth} x ${image.naturalHeight}`;
            """));
        // The browser's own word for it.
        Assert.Equal("h2", await browser.RunAsync("return [...new Set(performance.getEntries().map(entry => entry.nextHopProtocol).filter(protocol => protocol))].join();"));
        Assert.Equal(["/", "/data.json", "/image.svg", "/script.js", "/style.css"], _site.Visits.Select(visit => visit.Path).Order());
        Assert.All(_site.Visits, visit => Assert.Equal("HTTP/2", visit.Protocol));
        var session = Assert.Single(_site.Visits.Select(visit => visit.Tls.Session).Distinct());
        Assert.Equal((TlsVersion.Tls13, CipherSuite.Aes128GcmSha256, NamedGroup.X25519MLKEM768), (session.Version, session.CipherSuite, session.Group));
        Assert.Empty(server.Warnings);
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task It_resumes_its_session_when_it_comes_again(string protocol)
    {
        var options = pki.ServerOptions();
        options.ApplicationProtocols = [new SslApplicationProtocol(protocol)];
        using var meters = new ServerMeters();
        await using var server = await KestrelServer.StartAsync(options, _site);
        var browser = await BrowserAsync();
        // More than twice: browsers open connections ahead of need, which do full handshakes side by side.
        for (var i = 0; i < Visits; i++)
            await browser.OpenAsync(server.Url("/leave"));
        Assert.Equal(Visits, _site.Visits.Select(visit => visit.Tls.Session).Distinct().Count());
        Assert.False(_site.Visits.First().Tls.Session.Resumed);
        Assert.True(_site.Visits.Last().Tls.Session.Resumed);
        Assert.All(_site.Visits, visit => Assert.Equal(protocol == "h2" ? "HTTP/2" : "HTTP/1.1", visit.Protocol));
        Assert.InRange(meters.Resumed, 1, meters.Handshakes - 1);
    }

    [Theory]
    [InlineData(BadServer.OtherName)]
    [InlineData(BadServer.Expired)]
    [InlineData(BadServer.Untrusted)]
    [InlineData(BadServer.Impostor)]
    public async Task It_refuses_a_bad_server_and_both_ends_say_why(BadServer kind)
    {
        using var strangers = new TestPki(name: "Strange");
        var certificate = kind switch
        {
            BadServer.OtherName => pki.OtherName(),
            BadServer.Expired => pki.Expired(),
            BadServer.Untrusted => strangers.Server(),
            // Its authority has the name of ours.
            BadServer.Impostor => PkiFixture.Stranger(),
        };
        await using var server = await KestrelServer.StartAsync(new TlsServerOptions { Identities = [certificate.Identity()] }, _site);
        var browser = await BrowserAsync();
        var failure = await Assert.ThrowsAsync<BrowserException>(() => browser.OpenAsync(server.Url()));
        Assert.Contains(CodeOf(kind), failure.Message, StringComparison.Ordinal);
        await server.WaitForLogAsync(AlertOf(kind));
        Assert.Empty(_site.Visits);
    }

    [Fact]
    public async Task It_shows_the_certificate_that_fits_without_asking()
    {
        var client = pki.Pki.Client();
        await using var strict = await KestrelServer.StartAsync(pki.MutualOptions(), _site);
        await using var lenient = await KestrelServer.StartAsync(pki.MutualOptions(ClientCertificateMode.Optional), _site);
        var profile = new BrowserProfile(pki.RootFile) { Own = [MisfitCertificate(), client.ToPkcs12(Nss.Password)] };
        using var policy = ChooseCertificates(strict, lenient);
        await using var browser = await StartChoosingAsync(profile);
        foreach (var server in new[] { strict, lenient })
        {
            await browser.OpenAsync(server.Url("/whoami"));
            Assert.Equal(Convert.ToHexString(SHA1.HashData(client.Chain[0])), await browser.RunAsync("return document.body.textContent;"));
        }
        Assert.All(_site.Visits, visit => Assert.True(visit.Tls.Session.PeerVerdict!.IsAccepted));
    }

    [Fact]
    public async Task Without_a_certificate_it_is_refused_where_one_is_required_and_both_ends_say_so()
    {
        await using var server = await KestrelServer.StartAsync(pki.MutualOptions(), _site);
        var browser = await BrowserAsync();
        var failure = await Assert.ThrowsAsync<BrowserException>(() => browser.OpenAsync(server.Url("/whoami")));
        Assert.Contains(CertificateWanted, failure.Message, StringComparison.Ordinal);
        await server.WaitForLogAsync("The client sent no certificate though this server requires one. [RFC 8446 §4.4.2.4]");
        Assert.Empty(_site.Visits);
    }

    [Fact]
    public async Task Without_a_certificate_it_is_a_stranger_where_one_is_optional()
    {
        await using var server = await KestrelServer.StartAsync(pki.MutualOptions(ClientCertificateMode.Optional), _site);
        var browser = await BrowserAsync();
        await browser.OpenAsync(server.Url("/whoami"));
        Assert.Equal("nobody", await browser.RunAsync("return document.body.textContent;"));
    }

    [Fact]
    public async Task It_gets_events_and_talks_over_a_WebSocket()
    {
        await using var server = await KestrelServer.StartAsync(pki.ServerOptions(), _site);
        var browser = await BrowserAsync();
        await browser.OpenAsync(server.Url());
        Assert.Equal("1,2,3", await browser.RunAsync("""
            const source = new EventSource("/events"), came = [];
            await new Promise((done, failed) => {
                source.onmessage = event => { if (came.push(event.data) === 3) done(); };
                source.onerror = () => failed(new Error("no events"));
            });
            source.close();
            return came.join();
            """));
        Assert.Equal("text: 6, binary: 100000, closed: 1000", await browser.RunAsync("""
            const socket = new WebSocket(`wss://${location.host}/echo`);
            socket.binaryType = "arraybuffer";
            const next = name => new Promise((done, failed) => { socket["on" + name] = done; socket.onerror = () => failed(new Error("no " + name)); });
            await next("open");
            socket.send("sechs!");
            const text = await next("message");
            let binary = 0;
            socket.send(new Uint8Array(100000));
            while (binary < 100000)
                binary += (await next("message")).data.byteLength;
            socket.close(1000);
            const end = await next("close");
            return `text: ${text.data.length}, binary: ${binary}, closed: ${end.code}`;
            """));
        Assert.Equal("HTTP/2", _site.Visits.Single(visit => visit.Path == "/events").Protocol);
        TestContext.Current.TestOutputHelper?.WriteLine($"the WebSocket came over {_site.Visits.Single(visit => visit.Path == "/echo").Protocol}");
    }

    [Fact]
    public async Task It_loads_100_MB_down_and_up_as_they_are()
    {
        await using var server = await KestrelServer.StartAsync(pki.ServerOptions(), _site);
        var browser = await BrowserAsync();
        await browser.OpenAsync(server.Url());
        Assert.Equal($"{Site.DownloadHash} {Site.DownloadHash}", await browser.RunAsync("""
            const body = await (await fetch("/download")).arrayBuffer();
            const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", body)).toHex().toUpperCase();
            return `${hash} ${await (await fetch("/upload", { method: "POST", body: new Blob([body]) })).text()}`;
            """));
        Assert.Empty(server.Warnings);
    }

    [Fact]
    public async Task An_open_page_lives_on_when_the_certificate_is_replaced_and_when_the_server_starts_anew()
    {
        using var folder = new TempFolder();
        var (chain, key) = pki.Pki.Server().WriteTo(folder.Path);
        (string, string?)[] settings = [("Certificate:Path", chain), ("Certificate:KeyPath", key)];
        var browser = await BrowserAsync();
        var next = pki.Pki.Server();
        // Nobody else gets it while nobody listens there.
        var port = PeerProcess.FreePort();
        await using (var server = await KestrelServer.StartConfiguredAsync(_site, port, settings))
        {
            await browser.OpenAsync(server.Url());
            await browser.RunAsync("""window.events = 0; window.source = new EventSource("/events"); source.onmessage = () => events++; return "";""");
            next.WriteTo(folder.Path);
            await server.WaitForLogAsync("changed; in use are now");
            await FetchAsync(browser);
            Assert.Single(_site.Visits.Select(visit => visit.Tls.Session).Distinct());
        }
        await using var again = await KestrelServer.StartConfiguredAsync(_site, port, settings);
        _site.Visits.Clear();
        await FetchAsync(browser);
        Assert.Equal(next.Chain[0], _site.Visits.First().Tls.Session.LocalCertificates[0].ToArray());
        // The browser asks for its events again by itself.
        Assert.Equal("6", await browser.RunAsync("while (events < 6) await new Promise(done => setTimeout(done, 50)); source.close(); return `${events}`;"));
        Assert.Empty(again.Warnings);
    }

    [Fact]
    public async Task It_shows_the_page_of_the_tool_also_where_there_is_little_room()
    {
        var browser = await BrowserAsync();
        var tool = await fixture.ToolAsync();
        await browser.SetWidthAsync(390);
        await browser.OpenAsync(tool.Url.ToString());
        var text = await browser.RunAsync("return document.title + document.body.innerText;");
        Assert.StartsWith("Your connection: TLS 1.3", text, StringComparison.Ordinal);
        Assert.Contains("X25519MLKEM768", text, StringComparison.Ordinal);
        Assert.Contains("over HTTP/2", text, StringComparison.Ordinal);
        Assert.Equal("fits", await browser.RunAsync("""return document.documentElement.scrollWidth > innerWidth ? `${document.documentElement.scrollWidth} of ${innerWidth}` : "fits";"""));
    }

    /// <summary>What makes the browser choose without asking, for as long as the object lives; not all need it.</summary>
    private protected virtual IDisposable? ChooseCertificates(params IEnumerable<KestrelServer> servers) => null;

    private protected virtual Task<Browser> StartChoosingAsync(BrowserProfile profile) => StartAsync(profile);

    private static async Task FetchAsync(Browser browser) =>
        Assert.Equal("all is there", await browser.RunAsync("""return (await (await fetch("/data.json")).json()).text;"""));

    /// <summary>A client's certificate of an authority that the server does not name: browsers choose by the names, and Chromium sends no intermediate without them.</summary>
    private static byte[] MisfitCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=misfit", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        return certificate.Export(X509ContentType.Pkcs12, Nss.Password);
    }
}
