using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using System.Text.Json;
using LucidTls.Cli.Configuring;

namespace LucidTls.Cli.Tests;

/// <summary><c>serve --config</c>.</summary>
public sealed class ServeConfigTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public ServeConfigTests()
    {
        Certificate("a", "a.example");
        Certificate("b", "b.example");
        Directory.CreateDirectory(_folder["pages"]);
        _folder.Write("pages/index.html", "a page of b");
        _folder.Write("roots.pem", TestPki.AuthorityPem);
    }

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_name_has_its_own_certificate_and_service()
    {
        await using var service = new Peer(AnswerAsync("the service of a"));
        await using var tool = await StartAsync($"""
            services:
              - listen: 127.0.0.1:0
                sites:
                  - names: a.example
                    certificate: a.pem
                    to: http://127.0.0.1:{service.Port}
                  - names: [b.example, "*.b.example"]
                    certificate: b.pem
                    root: pages
            """);
        Assert.Contains("the service of a", await GetAsync(tool, "a.example"), StringComparison.Ordinal);
        Assert.Contains("a page of b", await GetAsync(tool, "b.example"), StringComparison.Ordinal);
        // Another name's page does not come over this name's connection.
        Assert.Contains(" 421 ", await GetAsync(tool, "b.example", host: "a.example"), StringComparison.Ordinal);
        var failure = await Assert.ThrowsAsync<AuthenticationException>(() => GetAsync(tool, "c.example"));
        Assert.Equal(TlsAlert.UnrecognizedName, ((TlsException)failure.InnerException!).Alert);
    }

    [Fact]
    public async Task Tcp_services_are_told_apart_by_name_and_rules_about_clients_hold()
    {
        await using var service = new Peer(socket => socket.SendAsync("from behind"u8.ToArray()));
        await using var tool = await StartAsync($$"""
            services:
              - listen: 127.0.0.1:0
                sites:
                  - names: a.example
                    certificate: a.pem
                    to: tcp://127.0.0.1:{{service.Port}}
                    minimum-version: "1.3"
                  - certificate: b.pem
                    to: tcp://127.0.0.1:{{service.Port}}
                    client-certificates: {mode: required, roots: roots.pem}
            """);
        await using (var tls = await ConnectAsync(tool, "a.example"))
            Assert.Equal("from behind", await new StreamReader(tls).ReadToEndAsync(Cancel));
        var failure = await Record.ExceptionAsync(async () =>
        {
            await using var tls = await ConnectAsync(tool, "b.example");
            await tls.ReadExactlyAsync(new byte[1], Cancel);
        });
        Assert.Equal(TlsAlert.CertificateRequired, ((TlsException)failure!.InnerException!).Alert);
        await using (var tls = await ConnectAsync(tool, "b.example", options => options.Identity = TestPki.IssueClient().Identity))
            Assert.Equal("from behind", await new StreamReader(tls).ReadToEndAsync(Cancel));
        await Assert.ThrowsAsync<AuthenticationException>(() => ConnectAsync(tool, "a.example", options => options.MaximumVersion = TlsVersion.Tls12));
    }

    [Fact]
    public async Task A_service_behind_a_proxy_takes_its_header_and_each_site_passes_it_on_as_asked()
    {
        await using var service = new Peer(async socket =>
        {
            await using var stream = new NetworkStream(socket);
            await Peer.EchoAsync(stream);
        });
        await using var tool = await StartAsync($$"""
            services:
              - listen: 127.0.0.1:0
                proxy-protocol: true
                sites:
                  - {names: a.example, certificate: a.pem, to: 'tcp://127.0.0.1:{{service.Port}}', send-proxy-protocol: v1}
                  - {names: b.example, certificate: b.pem, to: 'tcp://127.0.0.1:{{service.Port}}'}
            """);
        const string Header = "PROXY TCP4 192.0.2.7 198.51.100.2 56324 443\r\n";
        foreach (var (name, expected) in new[] { ("a.example", Header + "hello"), ("b.example", "hello") })
        {
            await using var tls = await ConnectAsync(tool, name, header: Header);
            await tls.WriteAsync("hello"u8.ToArray(), Cancel);
            await tls.ShutdownAsync(Cancel);
            Assert.Equal(expected, await new StreamReader(tls).ReadToEndAsync(Cancel));
        }
        await Assert.ThrowsAsync<AuthenticationException>(() => ConnectAsync(tool, "a.example"));
        await tool.WaitForErrorAsync("does not begin with a header of the PROXY protocol");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_changed_file_is_in_effect_without_a_dropped_connection(bool bySignal)
    {
        await using var first = new Peer(AnswerAsync("the first"));
        await using var second = new Peer(AnswerAsync("the second"));
        string To(int port) => $"services: [{{listen: '127.0.0.1:0', sites: [{{names: a.example, certificate: a.pem, to: 'http://127.0.0.1:{port}'}}]}}]";
        await using var tool = await StartAsync(To(first.Port));
        await using var open = await ConnectAsync(tool, "a.example");
        Assert.Contains("the first", await GetAsync(tool, "a.example"), StringComparison.Ordinal);
        _folder.Write("serve.yaml", To(second.Port));
        if (bySignal)
            tool.Signal("HUP");
        await tool.WaitForErrorAsync("is in effect");
        Assert.Contains("the second", await GetAsync(tool, "a.example"), StringComparison.Ordinal);
        Assert.Contains("the second", await GetAsync(open, "a.example"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bad_file_is_explained_and_the_old_one_stays_in_effect()
    {
        var good = "services: [{listen: '127.0.0.1:0', sites: [{names: b.example, certificate: b.pem, root: pages}]}]";
        await using var tool = await StartAsync(good);
        foreach (var (bad, why) in new[] { (good.Replace("b.pem", "none.pem", StringComparison.Ordinal), "none.pem"), ("services: [", "While parsing"), (good.Replace("'127.0.0.1:0'", "'127.0.0.1:1'", StringComparison.Ordinal), ":1:12: Addresses and kinds of services, metrics and drain change with a restart only, and this is not what is served at 127.0.0.1:0."), (good.Replace("sites:", "proxy-protocol: true, sites:", StringComparison.Ordinal), "restart"), ($"drain: 7\n{good}", "drain is another"), (good.Replace("}]}]", "}]}, {listen: '127.0.0.1:1', sites: [{certificate: b.pem, root: pages}]}]", StringComparison.Ordinal), "the service at 127.0.0.1:1 is new") })
        {
            _folder.Write("serve.yaml", bad);
            tool.Signal("HUP");
            await tool.WaitForErrorAsync(why);
            Assert.Contains("a page of b", await GetAsync(tool, "b.example"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_renewed_certificate_is_served_without_a_restart()
    {
        await using var tool = await StartAsync("services: [{listen: '127.0.0.1:0', sites: [{names: b.example, certificate: b.pem, root: pages}]}]");
        byte[] before;
        await using (var tls = await ConnectAsync(tool, "b.example"))
            before = tls.Session.PeerCertificates[0].ToArray();
        Certificate("b", "b.example");
        byte[] after;
        do
        {
            await using var tls = await ConnectAsync(tool, "b.example", options => options.SessionCache = null);
            after = tls.Session.PeerCertificates[0].ToArray();
            await Task.Delay(50, Cancel);
        }
        while (after.AsSpan().SequenceEqual(before));
    }

    [Fact]
    public async Task Check_says_what_it_found()
    {
        _folder.Write("serve.yaml", "services: [{listen: 8443, sites: [{names: b.example, certificate: b.pem, root: pages}]}, {listen: 2525, starttls: smtp, proxy-protocol: true, sites: [{certificate: a.pem, to: 'tcp://localhost:25'}]}]");
        var result = await Tool.RunAsync(_folder.Path, null, "serve", "--check", "--config", _folder["serve.yaml"]);
        Assert.Equal(ExitCode.Ok, result.ExitCode);
        foreach (var part in (string[])["127.0.0.1:8443", "b.example", "smtp with STARTTLS", "behind a proxy", "any other name", "tcp://localhost:25", "can be used"])
            Assert.Contains(part, result.Errors, StringComparison.Ordinal);
        File.Delete(_folder["b.pem"]);
        result = await Tool.RunAsync(_folder.Path, null, "serve", "--check", "--config", _folder["serve.yaml"]);
        Assert.Equal(ExitCode.Usage, result.ExitCode);
        Assert.Contains("b.pem", result.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "must hold one document")]
    [InlineData("services: []", "services is a list")]
    [InlineData("servces: []", "1:1: 'servces' is no setting")]
    [InlineData("services: [{listen: 1}]", "Here must be sites")]
    [InlineData("services: [{sites: [{certificate: x, root: .}]}]", "Here must be listen")]
    [InlineData("services: [{listen: nowhere, sites: [{certificate: x, root: .}]}]", "1:21: 'nowhere' means nothing as listen")]
    [InlineData("services: [{listen: 1, sites: [{root: .}]}]", "Here must be certificate")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x}]}]", "Here must be to or root")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: ., to: 'http://x'}]}]", "one thing behind a site")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: nowhere}]}]", "is not there")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: 'ftp://x'}]}]", "means nothing as to")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: .}, {certificate: x, to: 'tcp://x:1'}]}]", "all HTTP or all TCP")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: .}, {certificate: x, root: .}]}]", "can do without names")]
    [InlineData("services: [{listen: 1, sites: [{names: a.b, certificate: x, root: .}, {names: A.B, certificate: x, root: .}]}]", "is the name of another site")]
    [InlineData("services: [{listen: 1, sites: [{names: 'a b', certificate: x, root: .}]}]", "is no DNS name")]
    [InlineData("services: [{listen: 1, sites: [{names: '*', certificate: x, root: .}]}]", "A site without names is for all others")]
    [InlineData("services: [{listen: 1, sites: [{names: [bücher.example, xn--bcher-kva.example], certificate: x, root: .}]}]", "xn--bcher-kva.example is the name of another site")]
    [InlineData("services: [{listen: 1, starttls: postgres-direct, sites: [{certificate: x, to: 'tcp://x:1'}]}]", "no server's side")]
    [InlineData("services: [{listen: 1, starttls: mysql, sites: [{names: a.example, certificate: x, to: 'tcp://x:1'}]}]", "greets before")]
    [InlineData("services: [{listen: 1, starttls: mysql, sites: [{certificate: x, to: 'tcp://x:1'}, {names: a.example, certificate: x, to: 'tcp://x:1'}]}]", "greets before")]
    [InlineData("services: [{listen: 1, starttls: smtp, sites: [{certificate: x, root: .}]}]", "tcp://HOST:PORT")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: ., minimum-version: 1.1}]}]", "means nothing as minimum-version")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: ., minimum-version: '1.3', maximum-version: '1.2'}]}]", "is older than minimum-version")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: ., cipher-suites: [TLS_AES_128_GCM_SHA256, RC4]}]}]", "1:98: 'RC4' means nothing as cipher-suites. Those there are: TLS_AES_128_GCM_SHA256, ")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: ., maximum-version: '1.2', cipher-suites: TLS_AES_128_GCM_SHA256}]}]", "None of them is for TLS 1.2")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: ., minimum-version: '1.3', cipher-suites: TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}]}]", "None of them is for TLS 1.3")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: ., groups: brainpool}]}]", "Those there are: X25519MLKEM768, ")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: ., signature-schemes: md5}]}]", "Those there are: ecdsa_secp256r1_sha256, ")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: ., allow-tls-resume: no}]}]", "Write true or false")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: ., ticket-count: 9}]}]", "whole number of tickets, 0 to 8")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: ., ticket-lifetime: 604801}]}]", "whole number of seconds, 1 to 604800")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: ., record-size-limit: 63}]}]", "whole number of bytes, 64 to 16385")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: 'tcp://x:1', require-application-protocol: true}]}]", "It needs alpn")]
    [InlineData("services: [{listen: 1, ocsp-stapling: never, sites: [{certificate: x, root: .}]}]", "Write true or false")]
    [InlineData("services: [{listen: 1, handshake-timeout: 0, sites: [{certificate: x, root: .}]}]", "whole number of seconds, 1 to 300")]
    [InlineData("services: [{listen: 1, max-concurrent-handshakes: 0, sites: [{certificate: x, root: .}]}]", "whole number of handshakes, 1 to 1000000")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: ., client-certificates: {mode: required, roots: x, revocation: {mode: hard-fail}}}]}]", "write crl with revocation lists, or fetch: true")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: ., client-certificates: {mode: required, roots: x, revocation: {mode: firm}}}]}]", "Write off, soft-fail or hard-fail")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: ., client-certificates: {mode: required, roots: x, revocation: {scope: all}}}]}]", "Write path or leaf")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: ., client-certificates: {mode: required, roots: x, revocation: {allow-private-addresses: true}}}]}]", "goes with fetch: true")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: ., client-certificates: {mode: maybe}}]}]", "none, optional or required")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: ., client-certificates: {mode: required}}]}]", "Here must be roots")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: .}]}, {listen: 1, sites: [{certificate: x, root: .}]}]", "is listened on already")]
    [InlineData("metrics: 7\nservices: [{listen: '*:7', sites: [{certificate: x, root: .}]}]", "is listened on already")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: .}]}\nx: ]", "this is no YAML")]
    [InlineData("services: [{listen: 1, listen: 2}]", "this is no YAML. Duplicate key")]
    [InlineData("services: [{listen: 1, sites: [{certificate: [x], root: .}]}]", "1:46: certificate is one text")]
    [InlineData("services: [{listen: 1, starttls: gopher, sites: [{certificate: x, to: 'tcp://x:1'}]}]", "1:34: 'gopher' means nothing as starttls. Write one of smtp")]
    [InlineData("services: [{listen: 1, idle: 5, sites: [{certificate: x, root: .}]}]", "A folder is never silent")]
    [InlineData("services: [{listen: 1, half-closed: 5, sites: [{certificate: x, to: 'http://x'}]}]", "half-closed is for services of tcp://")]
    [InlineData("services: [{listen: 1, half-closed: -5, sites: [{certificate: x, to: 'tcp://x:1'}]}]", "whole number of seconds")]
    [InlineData("services: [{listen: 1, redirect: 2, sites: [{certificate: x, to: 'tcp://x:1'}]}]", "not to those of tcp://")]
    [InlineData("services: [{listen: 1, redirect: 1, sites: [{certificate: x, root: .}]}]", "is listened on already")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: ['http://x', 'https://y']}]}]", "the same scheme")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: ['http://x', 'http://x']}]}]", "named twice")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: ['http://x', 'h2c://y']}]}]", "the same scheme")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: ['h2c://x', 'H2C://x:80/']}]}]", "named twice")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: 'h2c://x?y'}]}]", "means nothing as to")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: 'h2c://x', upstream: {name: y}}]}]", "for services of https:// and tls://")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: ['https://x', 'https://y']}]}]", "one name that is in all")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: 'http://x', upstream: {name: y}}]}]", "for services of https:// and tls://")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: 'tcp://x:1', upstream: {name: y}}]}]", "for services of https:// and tls://")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: 'tls://x'}]}]", "means nothing as to")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: ['tcp://x:1', 'tls://y:1']}]}]", "the same scheme")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: ['tls://x:1', 'tls://y:1']}]}]", "one name that is in all")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: 'tls://x:1', upstream: {roots: nowhere}}]}]", "1:84: ")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: 'tls://x:1', upstream: {allow-tls-resume: maybe}}]}]", "Write true or false")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: 'https://x', upstream: {key: y}}]}]", "write certificate too")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: 'https://x', upstream: {starttls: smtp}}]}]", "those of https:// begin with TLS")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: 'tcp://x:1', upstream: {starttls: smtp}}]}]", "for services of https:// and tls://")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: 'tls://x:1', upstream: {starttls: gopher}}]}]", "'gopher' means nothing as starttls. Write one of smtp")]
    [InlineData("services: [{listen: 1, starttls: postgres, sites: [{certificate: x, to: 'tls://x:1', upstream: {starttls: mysql}}]}]", "clients speak postgres, and its service mysql")]
    [InlineData("services: [{listen: 1, starttls: imap, sites: [{certificate: x, to: 'tls://x:1', upstream: {starttls: smtp}}]}]", "clients speak imap, and its service smtp")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: 'https://x', upstream: {roots: nowhere}}]}]", "1:84: ")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: 'https://x', upstream: {name: 'a b'}}]}]", "DNS name or an IP address")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: ., health-check: {}}]}]", "A folder has no health")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: 'tcp://x:1', health-check: {path: /health}}]}]", "connected to, and asked nothing")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: 'http://x', health-check: {path: health}}]}]", "Write the path of a URL")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: 'http://x', health-check: {interval: 0}}]}]", "1:90: '0' means nothing as interval. Write a whole number of seconds, 1 to 3600.")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: 'http://x', health-check: {interval: 2, timeout: 3}}]}]", "write 2 at most")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: 'http://x', health-check: {fall: 0, rise: 101}}]}]", "whole number of checks, 1 to 100")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: ., hsts: always}]}]", "max-age=31536000")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: ., alpn: mqtt}]}]", "h2 and http/1.1")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: ., client-certificates: {mode: optional, roots: x, forward: true}}]}]", "forward is for services")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: ., client-certificates: {mode: optional, roots: x, uris: nobody}}]}]", "Write a URI")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: ., client-certificates: {mode: optional, roots: x, dns-names: [a.example, '*.example']}}]}]", "1:129: '*.example' means nothing as dns-names. Write a DNS name")]
    [InlineData("services: [{listen: 1, proxy-protocol: v1, sites: [{certificate: x, root: .}]}]", "Write true or false")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: 'tcp://x:1', send-proxy-protocol: v3}]}]", "Write v1 or v2")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: 'http://x', send-proxy-protocol: v1}]}]", "X-Forwarded-For")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: ., send-proxy-protocol: v1}]}]", "for services of tcp://")]
    [InlineData("services: &x [*x]", "Here belongs a mapping")]
    public void What_is_wrong_is_said_with_its_place(string text, string why)
    {
        var file = _folder.Write("bad.yaml", text);
        var failure = Assert.Throws<CliException>(() => ServeFile.Read(file));
        Assert.Equal(ExitCode.Usage, failure.ExitCode);
        Assert.StartsWith(file, failure.Message, StringComparison.Ordinal);
        Assert.Contains(why, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_brackets_is_refused()
    {
        var file = _folder.Write("bad.yaml", new string('[', 400_000));
        var failure = Assert.Throws<CliException>(() => ServeFile.Read(file));
        Assert.Contains("more than 30 levels", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_schema_knows_the_same_settings()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "LucidTls.slnx")))
            folder = Path.GetDirectoryName(folder)!;
        using var schema = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "docs", "serve.schema.json")));
        string[] Properties(JsonElement element) => [.. element.GetProperty("properties").EnumerateObject().Select(property => property.Name)];
        Assert.Equal(ServeFile.Keys, Properties(schema.RootElement));
        var parts = schema.RootElement.GetProperty("$defs");
        Assert.Equal(ServeFile.ServiceKeys, Properties(parts.GetProperty("service")));
        Assert.Equal(SiteReader.Keys, Properties(parts.GetProperty("site")));
        Assert.Equal(ClientReader.Keys, Properties(parts.GetProperty("clients")));
        Assert.Equal(SiteReader.UpstreamKeys, Properties(parts.GetProperty("upstream")));
        Assert.Equal(ClientReader.RevocationKeys, Properties(parts.GetProperty("revocation")));
        Assert.Equal(SiteReader.HealthKeys, Properties(parts.GetProperty("health-check")));
        var protocols = parts.GetProperty("service").GetProperty("properties").GetProperty("starttls").GetProperty("enum").EnumerateArray().Select(name => name.GetString()!);
        Assert.Equal(LucidTls.StartTls.StartTlsProtocol.All.Where(protocol => protocol.HasServerSide).Select(protocol => protocol.Name), protocols);
        var behind = parts.GetProperty("upstream").GetProperty("properties").GetProperty("starttls").GetProperty("enum").EnumerateArray().Select(name => name.GetString()!);
        Assert.Equal(LucidTls.StartTls.StartTlsProtocol.All.Select(protocol => protocol.Name), behind);
    }

    // What the parser takes must be what it was told to know: each key is written here once, with a value of the schema's type.
    [Fact]
    public void Every_setting_of_the_schema_is_taken()
    {
        var client = TestPki.IssueClient();
        _folder.Write("client.pem", client.CertificatePem + "\n" + client.KeyPem);
        _folder.Write("list.pem", TestPki.Revoke(client));
        _folder.Write("password", "not needed");
        var file = _folder.Write("all.yaml", """
            metrics: 127.0.0.1:1
            drain: 30
            services:
              - listen: 127.0.0.1:2
                redirect: 127.0.0.1:3
                proxy-protocol: true
                handshake-timeout: 7
                max-concurrent-handshakes: 500
                ocsp-stapling: false
                sites:
                  - names: [a.example]
                    certificate: a.pem
                    key: a.pem
                    key-password-file: password
                    to: [https://127.0.0.1:4, https://127.0.0.1:5]
                    upstream: {roots: roots.pem, name: inner.example, certificate: client.pem, key: client.pem, key-password-file: password, allow-tls-resume: false}
                    health-check: {interval: 20, timeout: 3, path: /health, fall: 4, rise: 5}
                    client-certificates: {mode: optional, roots: roots.pem, authorities: roots.pem, uris: [spiffe://example.org/], dns-names: ['*.clients.example'], crl: [list.pem], revocation: {mode: hard-fail, scope: leaf, fetch: true, allow-private-addresses: true}, forward: true}
                    minimum-version: "1.3"
                    maximum-version: "1.3"
                    cipher-suites: TLS_AES_256_GCM_SHA384
                    groups: [x25519mlkem768, secp384r1]
                    signature-schemes: [ecdsa_secp384r1_sha384]
                    allow-tls-resume: false
                    ticket-count: 1
                    ticket-lifetime: 3600
                    record-size-limit: 4096
                    require-application-protocol: true
                    require-known-server-name: true
                    hsts: max-age=31536000; includeSubDomains
                  - certificate: b.pem
                    root: pages
              - listen: 127.0.0.1:6
                starttls: smtp
                idle: 60
                half-closed: 0
                sites:
                  - {certificate: a.pem, to: 'tls://127.0.0.1:7', upstream: {starttls: smtp}, alpn: [smtp, x], send-proxy-protocol: v2}
            """);

        var configuration = ServeFile.Read(file);

        var (web, mail) = (configuration.Services[0], configuration.Services[1]);
        Assert.Equal((1, 30, 3, true), (configuration.Metrics!.Port, configuration.Drain.TotalSeconds, web.Redirect!.Port, web.ExpectsProxyHeader));
        var site = web.Sites[0];
        Assert.Equal(new LucidTls.Cli.Serving.HealthCheck(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(3), "/health", 4, 5), site.Backend.HealthCheck);
        Assert.Equal((_folder["roots.pem"], _folder["client.pem"], "inner.example", 2), (site.Backend.Tls.Roots, site.Backend.Tls.Certificate, site.Backend.VerifyName, site.Backend.Services.Count));
        Assert.Equal((_folder["password"], _folder["password"]), (site.PasswordFile, site.Backend.Tls.PasswordFile));
        Assert.Equal((ClientCertificateMode.Optional, _folder["roots.pem"], "spiffe://example.org/", "*.clients.example", _folder["list.pem"], true), (site.Clients.Mode, site.Clients.Roots, site.Clients.Uris.Single(), site.Clients.DnsNames.Single(), site.Clients.RevocationLists.Single(), site.Backend.SendClientCertificate));
        Assert.Equal(("1.3", "max-age=31536000; includeSubDomains", false), (site.Tls.MinimumVersion, site.Hsts, site.Backend.AllowTlsResume));
        Assert.Equal((TimeSpan.FromSeconds(7), 500, false, true, true), (web.HandshakeTimeout!.Value, web.MaxConcurrentHandshakes!.Value, web.OcspStapling, site.Tls.RequireApplicationProtocol, site.Tls.RequireKnownServerName));
        Assert.Equal((_folder["roots.pem"], new RevocationRules { Mode = "HardFail", Scope = "Leaf", Fetch = true, AllowPrivateAddresses = true }), (site.Clients.Authorities, site.Clients.Revocation));
        Assert.Equal(("1.3", "TLS_AES_256_GCM_SHA384", "X25519MLKEM768 secp384r1", "ecdsa_secp384r1_sha384"), (site.Tls.MaximumVersion, site.Tls.CipherSuites.Single(), string.Join(' ', site.Tls.Groups), site.Tls.SignatureSchemes.Single()));
        Assert.Equal((false, 1, TimeSpan.FromHours(1), 4096), (site.Tls.AllowTlsResume, site.Tls.TicketCount!.Value, site.Tls.TicketLifetime!.Value, site.Tls.RecordSizeLimit!.Value));
        Assert.Equal((TimeSpan.FromMinutes(1), Timeout.InfiniteTimeSpan), (mail.Limits.Idle, mail.Limits.HalfClosed));
        Assert.Equal(TimeSpan.FromHours(1), web.Limits.Idle);
        Assert.Equal(["smtp", "x"], mail.Sites[0].Backend.Protocols);
        Assert.Equal("tls://127.0.0.1:7 by smtp with STARTTLS", $"{mail.Sites[0].Backend}");
        foreach (var key in (string[])[.. ServeFile.Keys, .. ServeFile.ServiceKeys, .. SiteReader.Keys, .. ClientReader.Keys, .. ClientReader.RevocationKeys, .. SiteReader.UpstreamKeys, .. SiteReader.HealthKeys])
            Assert.Matches($@"\b{key}:", File.ReadAllText(file));
    }

    [Fact]
    public async Task Check_names_all_that_is_wrong_with_its_place_and_warns_of_what_will_not_do()
    {
        var expired = TestPki.Issue("old.example", expired: true);
        _folder.Write("old.pem", expired.CertificatePem + "\n" + expired.KeyPem);
        _folder.Write("other.key", TestPki.Issue().KeyPem);
        _folder.Write("empty.pem", "nothing");
        _folder.Write("bare.pem", TestPki.Issue("b.example").CertificatePem);
        var file = _folder.Write("serve.yaml", """
            services:
              - listen: nowhere
                sites:
                  - names: a.example
                    certificate: none.pem
                    root: pages
                  - names: b.example
                    certificate: bare.pem
                    key: other.key
                    root: pages
                  - names: c.example
                    certificate: old.pem
                    root: pages
                    client-certificates: {mode: required, roots: empty.pem, crl: none.crl}
                  - names: d.example
                    certificate: empty.pem
                    rooot: pages
            """);
        var result = await Tool.RunAsync(_folder.Path, null, "serve", "--check", "--config", file);
        Assert.Equal(ExitCode.Usage, result.ExitCode);
        string[] problems =
        [
            $"{file}:2:13: 'nowhere' means nothing as listen.",
            $"{file}:5:22: {_folder["none.pem"]} is not there.",
            $"{file}:9:14: {_folder["other.key"]}: The private key",
            $"{file}:14:54: {_folder["empty.pem"]}: There is no",
            $"{file}:14:70: {_folder["none.crl"]} is not there.",
            $"{file}:15:9: Here must be to or root.",
            $"{file}:16:22: {_folder["empty.pem"]}: There is no certificate",
            $"{file}:17:9: 'rooot' is no setting here.",
        ];
        var lines = result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(problems.Length, lines.Length);
        foreach (var (problem, line) in problems.Zip(lines))
            Assert.Contains(problem, line, StringComparison.Ordinal);

        _folder.Write("serve.yaml", "services: [{listen: 1, sites: [{names: c.example, certificate: old.pem, root: pages}]}]");
        result = await Tool.RunAsync(_folder.Path, null, "serve", "--check", "--config", file);
        Assert.Equal(ExitCode.Ok, result.ExitCode);
        Assert.Matches($@"warning: {file}:1:64: The certificate of CN=old.example expired on 20", result.Errors);
        Assert.Contains($"warning: {file}:1:64: The certificate is not for c.example", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_named_and_changes_for_the_worse_is_said_with_the_place_that_names_it()
    {
        await using var tool = await StartAsync("services: [{listen: '127.0.0.1:0', sites: [{names: b.example, certificate: b.pem, root: pages}]}]");
        _folder.Write("b.pem", "-----BEGIN CERTIFICATE-----\nAAAA");
        await tool.WaitForErrorAsync($"{_folder["serve.yaml"]}:1:76: {_folder["b.pem"]}");
        Assert.Contains("what was in use before stays", tool.Errors, StringComparison.Ordinal);
        Assert.Contains("a page of b", await GetAsync(tool, "b.example"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_that_was_let_in_under_other_rules_about_clients_is_sent_away()
    {
        const string Free = "services: [{listen: '127.0.0.1:0', sites: [{names: b.example, certificate: b.pem, root: pages}]}]";
        await using var tool = await StartAsync(Free);
        await using var open = await ConnectAsync(tool, "b.example");
        _folder.Write("serve.yaml", Free.Replace("root: pages", "root: pages, client-certificates: {mode: required, roots: roots.pem}", StringComparison.Ordinal));
        await tool.WaitForErrorAsync("is in effect");
        Assert.Contains(" 421 ", await GetAsync(open, "b.example"), StringComparison.Ordinal);
        // In effect means in effect: the very next connection is asked.
        await Assert.ThrowsAnyAsync<Exception>(() => GetAsync(tool, "b.example"));
        await using var known = await ConnectAsync(tool, "b.example", options => options.Identity = TestPki.IssueClient().Identity);
        Assert.Contains("a page of b", await GetAsync(known, "b.example"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_in_use_is_named_whichever_service_it_is_of()
    {
        await using var other = new Peer(_ => Task.CompletedTask);
        var file = _folder.Write("serve.yaml", $"services: [{{listen: '127.0.0.1:0', sites: [{{certificate: b.pem, root: pages}}]}}, {{listen: '127.0.0.1:{other.Port}', sites: [{{certificate: b.pem, root: pages}}]}}]");
        var result = await Tool.RunAsync(_folder.Path, null, "serve", "--config", file);
        Assert.Equal(ExitCode.Network, result.ExitCode);
        Assert.Contains($"127.0.0.1:{other.Port} is in use", result.Errors, StringComparison.Ordinal);
    }

    private Task<Tool> StartAsync(string yaml)
    {
        _folder.Write("serve.yaml", yaml);
        return Tool.ConfiguredAsync(_folder.Path, _folder["serve.yaml"]);
    }

    private void Certificate(string file, string name)
    {
        var issued = TestPki.Issue(name);
        _folder.Write($"{file}.pem", issued.CertificatePem + "\n" + issued.KeyPem);
    }

    private static Func<Socket, Task> AnswerAsync(string text) => async socket =>
    {
        await using var stream = new NetworkStream(socket);
        using var reader = new StreamReader(stream, leaveOpen: true);
        while (await reader.ReadLineAsync() is { Length: > 0 })
            continue;
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {text.Length}\r\nConnection: close\r\n\r\n{text}"));
    };

    private static async Task<TlsStream> ConnectAsync(Tool tool, string name, Action<TlsClientOptions>? configure = null, string header = "")
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, tool.Port, Cancel);
        await socket.SendAsync(Encoding.ASCII.GetBytes(header), Cancel);
        var tls = new TlsStream(new NetworkStream(socket, ownsSocket: true));
        var options = new TlsClientOptions { TargetHost = name, CertificateVerifier = TestPki.Verifier, SessionCache = null, HandshakeTimeout = TimeSpan.FromMinutes(1) };
        configure?.Invoke(options);
        await tls.AuthenticateAsClientAsync(options, Cancel);
        return tls;
    }

    private static async Task<string> GetAsync(Tool tool, string name, string? host = null)
    {
        await using var tls = await ConnectAsync(tool, name);
        return await GetAsync(tls, host ?? name);
    }

    private static async Task<string> GetAsync(TlsStream tls, string host)
    {
        await tls.WriteAsync(Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"), Cancel);
        return await new StreamReader(tls).ReadToEndAsync(Cancel);
    }
}
