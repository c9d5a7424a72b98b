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
        foreach (var (bad, why) in new[] { (good.Replace("b.pem", "none.pem", StringComparison.Ordinal), "none.pem"), ("services: [", "While parsing"), (good.Replace("'127.0.0.1:0'", "'127.0.0.1:1'", StringComparison.Ordinal), "restart"), (good.Replace("sites:", "proxy-protocol: true, sites:", StringComparison.Ordinal), "restart") })
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
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: 'https://x'}]}]", "means nothing as to")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: .}, {certificate: x, to: 'tcp://x:1'}]}]", "all HTTP or all TCP")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: .}, {certificate: x, root: .}]}]", "can do without names")]
    [InlineData("services: [{listen: 1, sites: [{names: a.b, certificate: x, root: .}, {names: A.B, certificate: x, root: .}]}]", "is the name of another site")]
    [InlineData("services: [{listen: 1, sites: [{names: 'a b', certificate: x, root: .}]}]", "is no DNS name")]
    [InlineData("services: [{listen: 1, starttls: postgres-direct, sites: [{certificate: x, to: 'tcp://x:1'}]}]", "no server's side")]
    [InlineData("services: [{listen: 1, starttls: mysql, sites: [{names: a.example, certificate: x, to: 'tcp://x:1'}]}]", "greets before")]
    [InlineData("services: [{listen: 1, starttls: mysql, sites: [{certificate: x, to: 'tcp://x:1'}, {names: a.example, certificate: x, to: 'tcp://x:1'}]}]", "greets before")]
    [InlineData("services: [{listen: 1, starttls: smtp, sites: [{certificate: x, root: .}]}]", "tcp://HOST:PORT")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: ., minimum-version: 1.1}]}]", "means nothing as minimum-version")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: ., client-certificates: {mode: maybe}}]}]", "none, optional or required")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: ., client-certificates: {mode: required}}]}]", "Here must be roots")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: .}]}, {listen: 1, sites: [{certificate: x, root: .}]}]", "is listened on by one service")]
    [InlineData("services: [{listen: 1, proxy-protocol: v1, sites: [{certificate: x, root: .}]}]", "Write true or false")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: 'tcp://x:1', send-proxy-protocol: v3}]}]", "Write v1 or v2")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, to: 'http://x', send-proxy-protocol: v1}]}]", "X-Forwarded-For")]
    [InlineData("services: [{listen: 1, sites: [{certificate: x, root: ., send-proxy-protocol: v1}]}]", "for services of tcp://")]
    [InlineData("services: &x [*x]", "Here belongs a mapping")]
    public void What_is_wrong_is_said_with_its_place(string text, string why)
    {
        var file = _folder.Write("bad.yaml", text);
        var failure = Assert.Throws<CliException>(() => ServeConfiguration.Read(file));
        Assert.Equal(ExitCode.Usage, failure.ExitCode);
        Assert.StartsWith(file, failure.Message, StringComparison.Ordinal);
        Assert.Contains(why, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_schema_knows_the_same_settings()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "LucidTls.slnx")))
            folder = Path.GetDirectoryName(folder)!;
        using var schema = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "docs", "serve.schema.json")));
        string[] Properties(JsonElement element) => [.. element.GetProperty("properties").EnumerateObject().Select(property => property.Name)];
        Assert.Equal(ServeConfiguration.Keys, Properties(schema.RootElement));
        var parts = schema.RootElement.GetProperty("$defs");
        Assert.Equal(ServeConfiguration.ServiceKeys, Properties(parts.GetProperty("service")));
        Assert.Equal(ServeConfiguration.SiteKeys, Properties(parts.GetProperty("site")));
        Assert.Equal(ServeConfiguration.ClientKeys, Properties(parts.GetProperty("clients")));
        var protocols = parts.GetProperty("service").GetProperty("properties").GetProperty("starttls").GetProperty("enum").EnumerateArray().Select(name => name.GetString()!);
        Assert.Equal(LucidTls.StartTls.StartTlsProtocol.All.Where(protocol => protocol.HasServerSide).Select(protocol => protocol.Name), protocols);
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
        var options = new TlsClientOptions { TargetHost = name, CertificateVerifier = TestPki.Verifier, SessionCache = null };
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
