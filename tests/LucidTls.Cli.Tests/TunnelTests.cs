using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LucidTls.Cli.Tests;

public sealed class TunnelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _roots;

    public TunnelTests() => _roots = _folder.Write("roots.pem", TestPki.AuthorityPem);

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Bytes_go_through_and_each_direction_ends_by_itself()
    {
        await using var server = Peer.Tls(TestPki.Issue(), async tls =>
        {
            using var all = new MemoryStream();
            await tls.CopyToAsync(all);
            await tls.WriteAsync(all.ToArray().Reverse().ToArray());
        });
        await using var tool = await Tool.TunnelAsync(_folder.Path, "--to", $"localhost:{server.Port}", "--roots", _roots);
        for (var i = 0; i < 3; i++)
        {
            using var client = await ConnectAsync(tool);
            await client.SendAsync("abc"u8.ToArray(), Cancel);
            client.Shutdown(SocketShutdown.Send);
            Assert.Equal("cba", await ReadToEndAsync(client));
        }
    }

    [Fact]
    public async Task Sessions_are_resumed()
    {
        await using var server = Peer.Tls(TestPki.Issue(), async tls =>
        {
            await tls.WriteAsync(Encoding.ASCII.GetBytes($"resumed: {tls.Session.Resumed}"));
            await tls.ReadAsync(new byte[1]);
        }, options => options.TicketStore = Tickets);
        await using var tool = await Tool.TunnelAsync(_folder.Path, "--to", $"localhost:{server.Port}", "--roots", _roots);
        foreach (var expected in new[] { "resumed: False", "resumed: True" })
        {
            using var client = await ConnectAsync(tool);
            var got = new byte[expected.Length];
            await using var stream = new NetworkStream(client);
            await stream.ReadExactlyAsync(got, Cancel);
            Assert.Equal(expected, Encoding.ASCII.GetString(got));
        }
    }

    private static readonly LucidTls.Sessions.TicketKeyRing Tickets = new();

    [Theory]
    [InlineData("localhost", "other.example", "other.example")]
    [InlineData("localhost", null, "not a trust anchor")]
    public async Task A_server_that_is_not_who_it_should_be_gets_nothing_and_is_explained(string host, string? verifyName, string why)
    {
        var got = new TaskCompletionSource<int>();
        await using var server = new Peer(async socket =>
        {
            await using var tls = new TlsStream(new NetworkStream(socket));
            try
            {
                await tls.AuthenticateAsServerAsync(new TlsServerOptions { Identities = [TestPki.Issue().Identity] });
                got.TrySetResult(await tls.ReadAsync(new byte[10]));
            }
            catch (Exception failure) when (failure is IOException or System.Security.Authentication.AuthenticationException)
            {
                got.TrySetResult(0);
            }
        });
        string[] trust = verifyName is null ? ["--roots", _folder.Write("other.pem", Stranger())] : ["--roots", _roots, "--verify-name", verifyName];
        await using var tool = await Tool.TunnelAsync(_folder.Path, ["--to", $"{host}:{server.Port}", .. trust]);
        using var client = await ConnectAsync(tool);
        await client.SendAsync("secret"u8.ToArray(), Cancel);
        await tool.WaitForErrorAsync(why);
        Assert.Equal(0, await got.Task.WaitAsync(Cancel));
        // Broken off, not ended.
        await Assert.ThrowsAsync<SocketException>(() => ReadToEndAsync(client));
    }

    [Fact]
    public async Task A_server_that_does_not_shake_hands_in_time_is_explained_without_an_option_that_the_tool_has_not()
    {
        var isExplained = new TaskCompletionSource();
        await using var server = new Peer(_ => isExplained.Task);
        await using var tool = await Tool.TunnelAsync(_folder.Path, "--to", $"localhost:{server.Port}", "--roots", _roots);
        using var client = await ConnectAsync(tool);
        await tool.WaitForErrorAsync("The handshake was not done in the time allowed: 10 seconds.");
        isExplained.SetResult();
        Assert.DoesNotContain("HandshakeTimeout", tool.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_certificate_is_shown()
    {
        var own = TestPki.IssueClient();
        var file = _folder.Write("client.pem", own.CertificatePem + "\n" + own.KeyPem);
        await using var server = Peer.Tls(TestPki.Issue(), tls => tls.WriteAsync(Encoding.ASCII.GetBytes($"{tls.Session.PeerCertificates.Count} certificate")).AsTask(), options =>
        {
            options.ClientCertificateMode = ClientCertificateMode.Required;
            options.ClientCertificateVerifier = TestPki.Verifier;
        });
        await using var tool = await Tool.TunnelAsync(_folder.Path, "--to", $"localhost:{server.Port}", "--roots", _roots, "--cert", file);
        using var client = await ConnectAsync(tool);
        Assert.Equal("1 certificate", await ReadToEndAsync(client));
    }

    [Fact]
    public async Task A_Unix_socket_is_for_its_owner_alone_and_a_leftover_is_no_obstacle()
    {
        await using var server = Peer.Tls(TestPki.Issue(), tls => tls.WriteAsync("hello"u8.ToArray()).AsTask());
        var path = _folder["tunnel.sock"];
        for (var i = 0; i < 2; i++)
        {
            await using var tool = await Tool.TunnelAsync(_folder.Path, "--listen", $"unix:{path}", "--to", $"localhost:{server.Port}", "--roots", _roots);
            Assert.Equal($"unix:{path}", tool.Url);
            if (!OperatingSystem.IsWindows())
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
            using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await client.ConnectAsync(new UnixDomainSocketEndPoint(path), Cancel);
            Assert.Equal("hello", await ReadToEndAsync(client));
            // The process is killed here, and leaves its socket.
        }
        var busy = _folder.Write("file", "x");
        var result = await Tool.RunAsync(_folder.Path, null, "tunnel", "--listen", $"unix:{busy}", "--to", "localhost:1");
        Assert.Equal(ExitCode.Usage, result.ExitCode);
        Assert.Equal("x", await File.ReadAllTextAsync(busy, Cancel));
    }

    [Fact]
    public async Task What_is_open_at_the_end_is_finished_and_nothing_new_is_taken()
    {
        var goOn = new TaskCompletionSource();
        await using var server = Peer.Tls(TestPki.Issue(), async tls =>
        {
            await tls.WriteAsync("first "u8.ToArray());
            await goOn.Task;
            await tls.WriteAsync("last"u8.ToArray());
        });
        await using var tool = await Tool.TunnelAsync(_folder.Path, "--to", $"localhost:{server.Port}", "--roots", _roots, "--drain", "60");
        using var client = await ConnectAsync(tool);
        await using var stream = new NetworkStream(client);
        await stream.ReadExactlyAsync(new byte[6], Cancel);
        tool.Signal("TERM");
        await tool.WaitForErrorAsync("Closing");
        goOn.SetResult();
        Assert.Equal("last", await new StreamReader(stream).ReadToEndAsync(Cancel));
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal(ExitCode.Ok, await tool.ExitAsync());
    }

    [Fact]
    public async Task Metrics_count_connections_handshakes_and_bytes()
    {
        await using var server = Peer.Tls(TestPki.Issue(), Peer.EchoAsync);
        await using var tool = await Tool.TunnelAsync(_folder.Path, "--to", $"localhost:{server.Port}", "--roots", _roots, "--metrics", "127.0.0.1:0");
        using (var client = await ConnectAsync(tool))
        {
            await client.SendAsync(new byte[1000], Cancel);
            client.Shutdown(SocketShutdown.Send);
            Assert.Equal(1000, (await ReadToEndAsync(client)).Length);
        }
        await tool.WaitForErrorAsync("Metrics at ");
        var url = tool.Errors.Split("Metrics at ")[1].Split('\n')[0].Trim();
        using var http = new HttpClient();
        var text = await http.GetStringAsync(url, Cancel);
        foreach (var line in (string[])["lucidtls_relay_connections_total 1", "lucidtls_relay_bytes_total{direction=\"to_service\"} 1000", "lucidtls_relay_bytes_total{direction=\"to_client\"} 1000", "# TYPE lucidtls_handshake_duration_seconds histogram", "lucidtls_handshake_active{lucidtls_role=\"client\"} 0"])
            Assert.Contains(line + "\n", text, StringComparison.Ordinal);
        Assert.Contains("lucidtls_handshake_duration_seconds_count{lucidtls_role=\"client\",tls_cipher=", text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(new Uri(new Uri(url), "/"), Cancel)).StatusCode);
    }

    public static TheoryData<string, string[]> Dialogues => new()
    {
        { "smtp", ["<220 ", ">EHLO me", "<250 plain", ">QUIT", "<221 bye"] },
        { "imap", ["<* OK", ">a LOGOUT", "<a OK bye"] },
        { "pop3", ["<+OK", ">QUIT", "<+OK bye"] },
        { "xmpp", [">stream", "<features"] },
        { "ldap", [">bind", "<bound"] },
    };

    // A plain client, our tunnel, our front, a plain server: what the two in the middle say to each other is encrypted.
    [Theory]
    [MemberData(nameof(Dialogues))]
    public async Task A_plain_client_reaches_a_plain_server_over_both(string protocol, string[] dialogue)
    {
        await using var service = new Peer(async socket =>
        {
            await using var stream = new NetworkStream(socket);
            using var reader = new StreamReader(stream, leaveOpen: true);
            foreach (var line in dialogue)
            {
                if (line[0] == '<')
                    await stream.WriteAsync(Encoding.ASCII.GetBytes(line[1..] + "\r\n"));
                else
                    Assert.Equal(line[1..], await reader.ReadLineAsync());
            }
        });
        await using var front = await Tool.ServeAsync(_folder.Path, "--starttls", protocol, "--to", $"tcp://127.0.0.1:{service.Port}");
        await using var tunnel = await Tool.TunnelAsync(_folder.Path, "--starttls", protocol, "--to", $"localhost:{front.Port}", "--roots", _folder["lucidtls/ca.pem"]);
        using var client = await ConnectAsync(tunnel);
        await using var stream = new NetworkStream(client);
        using var reader = new StreamReader(stream, leaveOpen: true);
        foreach (var line in dialogue)
        {
            if (line[0] == '>')
                await stream.WriteAsync(Encoding.ASCII.GetBytes(line[1..] + "\r\n"), Cancel);
            else
                Assert.StartsWith(line[1..].Trim(), await reader.ReadLineAsync(Cancel), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Connect_looks_at_a_server_that_begins_in_plain_text()
    {
        await using var service = new Peer(socket => socket.SendAsync("220 x\r\n"u8.ToArray()));
        await using var front = await Tool.ServeAsync(_folder.Path, "--starttls", "smtp", "--to", $"tcp://127.0.0.1:{service.Port}");
        var result = await Tool.RunAsync(_folder.Path, "", "connect", $"localhost:{front.Port}", "--starttls", "smtp", "--roots", _folder["lucidtls/ca.pem"]);
        Assert.Equal(ExitCode.Ok, result.ExitCode);
        Assert.Contains("TLS 1.3", result.Errors, StringComparison.Ordinal);
        result = await Tool.RunAsync(_folder.Path, "", "connect", $"localhost:{service.Port}", "--starttls", "smtp");
        Assert.Equal(ExitCode.Network, result.ExitCode);
    }

    [Theory]
    [InlineData("--to", "localhost:1")]
    [InlineData("--listen", "127.0.0.1:0")]
    [InlineData("--listen", "nowhere", "--to", "localhost:1")]
    [InlineData("--listen", "127.0.0.1:0", "--to", "localhost")]
    [InlineData("--listen", "127.0.0.1:0", "--to", "localhost:1", "--starttls", "gopher")]
    [InlineData("--listen", "127.0.0.1:0", "--to", "localhost:1", "--key", "x")]
    [InlineData("--listen", "127.0.0.1:0", "--to", "localhost:1", "--cert", "/no/such/file")]
    [InlineData("--listen", "127.0.0.1:0", "--to", "localhost:1", "--roots", "/no/such/file")]
    [InlineData("--listen", "127.0.0.1:0", "--to", "localhost:1", "--connections", "0")]
    [InlineData("--listen", "127.0.0.1:0", "--to", "localhost:1", "--drain", "-1")]
    public async Task A_wrong_command_line_is_told_on_standard_error(params string[] arguments)
    {
        var result = await Tool.RunAsync(_folder.Path, null, ["tunnel", .. arguments]);
        Assert.Equal(ExitCode.Usage, result.ExitCode);
        Assert.NotEqual("", result.Errors.Trim());
        Assert.DoesNotContain("   at ", result.Errors, StringComparison.Ordinal);
    }

    private static async Task<Socket> ConnectAsync(Tool tool)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPEndPoint.Parse(tool.Url), Cancel);
        return socket;
    }

    private static async Task<string> ReadToEndAsync(Socket socket)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        while (await socket.ReceiveAsync(buffer, Cancel) is var count and > 0)
            text.Append(Encoding.ASCII.GetString(buffer, 0, count));
        return text.ToString();
    }

    private static string Stranger() => TestPki.Issue("stranger.example").CertificatePem;
}
