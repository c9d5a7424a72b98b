using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using LucidTls.Sessions;
using LucidTls.StartTls;
using static LucidTls.Cli.Tests.SiteClient;

namespace LucidTls.Cli.Tests;

/// <summary>Sites that pass bytes on to services over TLS: <c>to: tls://HOST:PORT</c>.</summary>
public sealed class ServeTlsServiceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TicketKeyRing _tickets = new();

    public ServeTlsServiceTests()
    {
        Certificate("site", TestPki.Issue("a.example"));
        _folder.Write("roots.pem", TestPki.AuthorityPem);
    }

    public void Dispose()
    {
        _folder.Dispose();
        _tickets.Dispose();
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_service_is_verified_and_shown_our_certificate_and_each_direction_ends_by_itself()
    {
        Certificate("client", TestPki.IssueClient());
        await using var service = Peer.Tls(TestPki.Issue("inner.example"), async tls =>
        {
            using var all = new MemoryStream();
            await tls.CopyToAsync(all);
            await tls.WriteAsync(Encoding.ASCII.GetBytes($"{tls.Session.ServerName} {tls.Session.PeerCertificates.Count} {Encoding.ASCII.GetString(all.ToArray())}"));
        }, options =>
        {
            options.ClientCertificateMode = ClientCertificateMode.Required;
            options.ClientCertificateVerifier = TestPki.Verifier;
        });
        await using var tool = await StartAsync(service, "roots: roots.pem, name: inner.example, certificate: client.pem");
        await using var tls = await ConnectAsync(tool, "a.example");
        await tls.WriteAsync("hello"u8.ToArray(), Cancel);
        await tls.ShutdownAsync(Cancel);
        Assert.Equal("inner.example 1 hello", await new StreamReader(tls).ReadToEndAsync(Cancel));
    }

    [Theory]
    [InlineData("", new[] { false, true })]
    [InlineData(", allow-tls-resume: false", new[] { false, false })]
    public async Task Sessions_with_the_service_are_resumed_unless_it_is_said_otherwise(string setting, bool[] expected)
    {
        await using var service = Peer.Tls(TestPki.Issue("inner.example"), async tls =>
        {
            await tls.WriteAsync(Encoding.ASCII.GetBytes($"{tls.Session.Resumed}\n"));
            await tls.ReadAsync(new byte[1]);
        }, options => options.TicketStore = _tickets);
        await using var tool = await StartAsync(service, $"roots: roots.pem, name: inner.example{setting}");
        foreach (var resumed in expected)
        {
            await using var tls = await ConnectAsync(tool, "a.example");
            Assert.Equal($"{resumed}", await new StreamReader(tls).ReadLineAsync(Cancel));
        }
    }

    [Theory]
    [InlineData("roots: roots.pem, name: other.example", "inner.example", nameof(TlsError.CertificateWrongName))]
    [InlineData("roots: stranger.pem, name: inner.example", "not a trust anchor", nameof(TlsError.CertificateUnknownIssuer))]
    public async Task A_service_that_is_not_who_it_should_be_gets_nothing_and_is_explained_and_counted(string upstream, string why, string error)
    {
        _folder.Write("stranger.pem", TestPki.Issue("stranger.example").CertificatePem);
        var got = new TaskCompletionSource<string>();
        await using var service = new Peer(async socket =>
        {
            await using var tls = new TlsStream(new NetworkStream(socket));
            try
            {
                await tls.AuthenticateAsServerAsync(new TlsServerOptions { Identities = [TestPki.Issue("inner.example").Identity] });
                got.TrySetResult(await new StreamReader(tls).ReadToEndAsync());
            }
            catch (Exception failure) when (failure is IOException or System.Security.Authentication.AuthenticationException)
            {
                got.TrySetResult("");
            }
        });
        await using var tool = await StartAsync(service, upstream);
        await using var tls = await ConnectAsync(tool, "a.example");
        await tls.WriteAsync("secret"u8.ToArray(), Cancel);
        // Broken off, not ended.
        await Assert.ThrowsAsync<IOException>(() => tls.ReadExactlyAsync(new byte[1], Cancel).AsTask());
        Assert.Equal("", await got.Task.WaitAsync(Cancel));
        await tool.WaitForErrorAsync(why);
        Assert.Contains($"not passed on to 127.0.0.1:{service.Port}", tool.Errors, StringComparison.Ordinal);
        Assert.Contains($"lucidtls_relay_failures_total{{error_type=\"{error}\"}} 1\n", await MetricsAsync(tool), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_service_breaks_off_does_not_look_complete_to_the_client()
    {
        await using var service = new Peer(async socket =>
        {
            var tls = new TlsStream(new NetworkStream(socket), leaveInnerStreamOpen: true);
            await tls.AuthenticateAsServerAsync(new TlsServerOptions { Identities = [TestPki.Issue("inner.example").Identity] });
            await tls.WriteAsync("half"u8.ToArray());
            await tls.ReadExactlyAsync(new byte[3]);
            socket.Close();
        });
        await using var tool = await StartAsync(service, "roots: roots.pem, name: inner.example");
        await using var tls = await ConnectAsync(tool, "a.example");
        await tls.ReadExactlyAsync(new byte[4], Cancel);
        await tls.WriteAsync("got"u8.ToArray(), Cancel);
        await Assert.ThrowsAsync<IOException>(() => tls.ReadExactlyAsync(new byte[1], Cancel).AsTask());
    }

    [Fact]
    public async Task The_service_speaks_the_protocol_that_was_agreed_on_with_the_client_or_else_the_sites()
    {
        await using var service = Peer.Tls(TestPki.Issue("inner.example"), tls => tls.WriteAsync(Encoding.ASCII.GetBytes($"{tls.Session.ApplicationProtocol}")).AsTask(), options =>
        {
            options.ApplicationProtocols = [new SslApplicationProtocol("mqtt"), new SslApplicationProtocol("x-other")];
            options.RequireApplicationProtocol = true;
        });
        await using var tool = await StartAsync(service, "roots: roots.pem, name: inner.example", "alpn: [mqtt, x-other]");
        foreach (var (offered, expected) in new[] { ("x-other", "x-other"), ("", "mqtt") })
        {
            await using var tls = await ConnectAsync(tool, "a.example", options => options.ApplicationProtocols = offered.Length > 0 ? [new SslApplicationProtocol(offered)] : []);
            Assert.Equal(expected, await new StreamReader(tls).ReadToEndAsync(Cancel));
        }
    }

    [Fact]
    public async Task The_service_is_told_before_TLS_whose_connection_it_gets()
    {
        await using var service = new Peer(async socket =>
        {
            var stream = new NetworkStream(socket);
            var header = new StringBuilder();
            var one = new byte[1];
            while (!header.ToString().EndsWith('\n'))
            {
                await stream.ReadExactlyAsync(one);
                header.Append((char)one[0]);
            }
            await using var tls = new TlsStream(stream);
            await tls.AuthenticateAsServerAsync(new TlsServerOptions { Identities = [TestPki.Issue("inner.example").Identity] });
            await tls.WriteAsync(Encoding.ASCII.GetBytes(header.ToString()));
        });
        await using var tool = await StartAsync(service, "roots: roots.pem, name: inner.example", "send-proxy-protocol: v1");
        await using var tls = await ConnectAsync(tool, "a.example");
        Assert.StartsWith("PROXY TCP4 127.0.0.1 127.0.0.1 ", await new StreamReader(tls).ReadToEndAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_with_TLS_from_the_first_byte_stands_behind_STARTTLS()
    {
        await using var service = Peer.Tls(TestPki.Issue("inner.example"), async tls =>
        {
            await tls.WriteAsync("220 inner.example ready\r\n"u8.ToArray());
            await Peer.EchoAsync(tls);
        });
        await using var tool = await StartAsync(service, "roots: roots.pem, name: inner.example", service: "starttls: smtp, ");
        await using var tls = await StartTlsProtocol.Smtp.ConnectAsync(await PlainAsync(tool), Options("a.example"), Cancel);
        await tls.WriteAsync("NOOP\r\n"u8.ToArray(), Cancel);
        await tls.ShutdownAsync(Cancel);
        Assert.Equal("NOOP\r\n", await new StreamReader(tls).ReadToEndAsync(Cancel));
    }

    [Theory]
    [InlineData("")]
    [InlineData("starttls: smtp, ")]
    public async Task A_service_that_begins_in_plain_text_is_asked_for_TLS_and_each_client_is_greeted_once(string front)
    {
        await using var service = new Peer(async socket =>
        {
            await using var tls = await StartTlsProtocol.Smtp.AcceptAsync(new NetworkStream(socket), new TlsServerOptions { Identities = [TestPki.Issue("inner.example").Identity] }, "not.to.be.seen");
            await Peer.EchoAsync(tls);
        });
        await using var tool = await StartAsync(service, "starttls: smtp, roots: roots.pem, name: inner.example", service: front);
        await using var tls = front.Length == 0 ? await ConnectAsync(tool, "a.example") : await StartTlsProtocol.Smtp.ConnectAsync(await PlainAsync(tool), Options("a.example"), Cancel);
        await tls.WriteAsync("NOOP\r\n"u8.ToArray(), Cancel);
        await tls.ShutdownAsync(Cancel);
        Assert.Equal((front.Length == 0 ? "220 inner.example ESMTP\r\n" : "") + "NOOP\r\n", await new StreamReader(tls).ReadToEndAsync(Cancel));
    }

    [Theory]
    [InlineData("220 inner.example\r\n", "250 no more\r\n", "does not list STARTTLS", nameof(TlsError.StartTlsRefused))]
    [InlineData("220 inner.example\r\n", "250-x\r\n250 STARTTLS\r\n220 go\r\n250 injected\r\n", "injected", nameof(TlsError.StartTlsInjection))]
    public async Task A_service_that_does_not_turn_to_TLS_gets_nothing_and_is_explained_and_counted(string greeting, string answer, string why, string error)
    {
        var got = new TaskCompletionSource<string>();
        await using var service = new Peer(async socket =>
        {
            using var stream = new NetworkStream(socket);
            using var reader = new StreamReader(stream);
            await stream.WriteAsync(Encoding.ASCII.GetBytes(greeting));
            await reader.ReadLineAsync();
            await stream.WriteAsync(Encoding.ASCII.GetBytes(answer));
            got.TrySetResult(await reader.ReadToEndAsync());
        });
        await using var tool = await StartAsync(service, "starttls: smtp, roots: roots.pem, name: inner.example");
        await using var tls = await ConnectAsync(tool, "a.example");
        await tls.WriteAsync("secret"u8.ToArray(), Cancel);
        await Assert.ThrowsAsync<IOException>(() => tls.ReadExactlyAsync(new byte[1], Cancel).AsTask());
        Assert.DoesNotContain("secret", await got.Task.WaitAsync(Cancel), StringComparison.Ordinal);
        await tool.WaitForErrorAsync(why);
        Assert.Contains($"lucidtls_relay_failures_total{{error_type=\"{error}\"}} 1\n", await MetricsAsync(tool), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_command_line_passes_on_over_TLS_too()
    {
        await using var service = Peer.Tls(TestPki.Issue(), tls => tls.WriteAsync("from behind"u8.ToArray()).AsTask());
        await using var tool = await Tool.ServeAsync(_folder.Path, "--to", $"tls://localhost:{service.Port}", "--roots", _folder["roots.pem"], "--cert", _folder["site.pem"]);
        await using var tls = await ConnectAsync(tool, "a.example");
        Assert.Equal("from behind", await new StreamReader(tls).ReadToEndAsync(Cancel));
    }

    [Theory]
    [InlineData("")]
    [InlineData("--starttls smtp")]
    public async Task The_command_line_asks_a_service_for_TLS_too(string front)
    {
        await using var service = new Peer(async socket =>
        {
            await using var tls = await StartTlsProtocol.Smtp.AcceptAsync(new NetworkStream(socket), new TlsServerOptions { Identities = [TestPki.Issue().Identity] });
            await Peer.EchoAsync(tls);
        });
        // Without a scheme, it is one that has TLS.
        await using var tool = await Tool.ServeAsync(_folder.Path, ["--to", $"localhost:{service.Port}", "--to-starttls", "smtp", "--roots", _folder["roots.pem"], "--cert", _folder["site.pem"], .. front.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        await using var tls = front.Length == 0 ? await ConnectAsync(tool, "a.example") : await StartTlsProtocol.Smtp.ConnectAsync(await PlainAsync(tool), Options("a.example"), Cancel);
        await tls.WriteAsync("NOOP\r\n"u8.ToArray(), Cancel);
        await tls.ShutdownAsync(Cancel);
        Assert.Equal((front.Length == 0 ? "220 localhost ESMTP\r\n" : "") + "NOOP\r\n", await new StreamReader(tls).ReadToEndAsync(Cancel));
    }

    private void Certificate(string file, Issued issued) => _folder.Write($"{file}.pem", issued.CertificatePem + "\n" + issued.KeyPem);

    private Task<Tool> StartAsync(Peer peer, string upstream, string site = "", string service = "")
    {
        _folder.Write("serve.yaml", $"{{metrics: '127.0.0.1:0', services: [{{listen: '127.0.0.1:0', {service}sites: [{{certificate: site.pem, to: 'tls://127.0.0.1:{peer.Port}', upstream: {{{upstream}}}{(site.Length > 0 ? $", {site}" : "")}}}]}}]}}");
        return Tool.ConfiguredAsync(_folder.Path, _folder["serve.yaml"]);
    }
}
