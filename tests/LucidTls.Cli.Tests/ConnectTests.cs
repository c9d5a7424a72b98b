using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using System.Text.Json;
using LucidTls.TestSupport;

namespace LucidTls.Cli.Tests;

public sealed class ConnectTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _roots;

    public ConnectTests() => _roots = _folder.Write("roots.pem", TestPki.AuthorityPem);

    public void Dispose() => _folder.Dispose();

    private Task<ToolResult> RunAsync(string? input, params string[] arguments) => Tool.RunAsync(_folder.Path, input, ["connect", .. arguments]);

    private static async Task AnswerAsync(Stream stream, string response)
    {
        using var reader = new StreamReader(stream, leaveOpen: true);
        while (await reader.ReadLineAsync() is { Length: > 0 })
            continue;
        await stream.WriteAsync(Encoding.UTF8.GetBytes(response));
    }

    [Fact]
    public async Task Standard_input_and_output_are_passed_through_and_the_report_goes_to_standard_error()
    {
        await using var peer = Peer.Tls(TestPki.Issue(), Peer.EchoAsync);

        var result = await RunAsync("to the server and back\n", $"localhost:{peer.Port}", "--roots", _roots);

        Assert.Equal(ExitCode.Ok, result.ExitCode);
        Assert.Equal("to the server and back\n", result.Output);
        foreach (var part in (string[])["→ ClientHello", "← ServerHello", "← EncryptedExtensions", "← Certificate", "← Finished", "→ Finished", "in the clear", "handshake keys", "CN=localhost", "accepted", "TLS 1.3", "X25519MLKEM768"])
            Assert.Contains(part, result.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', result.Errors);
    }

    [Fact]
    public async Task A_megabyte_passes_through_unchanged()
    {
        await using var peer = Peer.Tls(TestPki.Issue(), Peer.EchoAsync);
        var data = string.Concat(Enumerable.Range(0, 100_000).Select(i => $"{i:D9}\n"));

        var result = await RunAsync(data, $"localhost:{peer.Port}", "--roots", _roots);

        Assert.Equal(ExitCode.Ok, result.ExitCode);
        Assert.Equal(data, result.Output);
    }

    [Fact]
    public async Task A_server_that_ends_the_connection_ends_the_tool_though_input_could_still_come()
    {
        await using var peer = Peer.Tls(TestPki.Issue(), tls => tls.WriteAsync("bye\n"u8.ToArray()).AsTask());
        await using var tool = Tool.Start(_folder.Path, "connect", $"localhost:{peer.Port}", "--roots", _roots);

        Assert.Equal("bye\n", await tool.Output.ReadToEndAsync(TestContext.Current.CancellationToken));
        Assert.Equal(ExitCode.Ok, await tool.ExitAsync());
    }

    [Fact]
    public async Task An_interruption_says_goodbye_and_has_its_own_exit_code()
    {
        var first = new TaskCompletionSource<int>();
        var rest = new TaskCompletionSource<string>();
        await using var peer = Peer.Tls(TestPki.Issue(), async tls =>
        {
            first.SetResult(tls.ReadByte());
            rest.SetResult(await new StreamReader(tls).ReadToEndAsync());
        });
        await using var tool = Tool.Start(_folder.Path, "connect", $"localhost:{peer.Port}", "--roots", _roots);
        await tool.Input.WriteAsync("x");
        await tool.Input.FlushAsync(TestContext.Current.CancellationToken);
        Assert.Equal('x', await first.Task);

        tool.Signal("INT");

        Assert.Equal(ExitCode.Interrupted, await tool.ExitAsync());
        // The server's end would throw without close_notify.
        Assert.Equal("", await rest.Task.WaitAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_request_puts_the_body_alone_on_standard_output()
    {
        await using var peer = Peer.Tls(TestPki.Issue(), tls => AnswerAsync(tls, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"));

        var result = await RunAsync(null, $"localhost:{peer.Port}", "--roots", _roots, "--request", "/greeting");

        Assert.Equal(ExitCode.Ok, result.ExitCode);
        Assert.Equal("hello", result.Output);
        Assert.Contains("HTTP/1.1 200 OK", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_is_not_HTTP_is_a_protocol_failure()
    {
        await using var peer = Peer.Tls(TestPki.Issue(), tls => AnswerAsync(tls, "220 mail ready\r\n"));

        var result = await RunAsync(null, $"localhost:{peer.Port}", "--roots", _roots, "--request", "/");

        Assert.Equal(ExitCode.Protocol, result.ExitCode);
        Assert.Contains("220 mail ready", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_report_in_JSON_says_it_all()
    {
        await using var peer = Peer.Tls(TestPki.Issue(), tls => AnswerAsync(tls, "HTTP/1.1 204 No Content\r\n\r\n"));

        var result = await RunAsync(null, $"localhost:{peer.Port}", "--roots", _roots, "--json", "--request", "/", "--suites", "TLS_CHACHA20_POLY1305_SHA256", "--groups", "P-384");

        Assert.Equal(ExitCode.Ok, result.ExitCode);
        Assert.Equal("", result.Errors);
        using var json = JsonDocument.Parse(result.Output);
        var root = json.RootElement;
        Assert.Equal("TLS 1.3", root.GetProperty("version").GetString());
        Assert.Equal("TLS_CHACHA20_POLY1305_SHA256", root.GetProperty("cipherSuite").GetString());
        Assert.Equal("secp384r1", root.GetProperty("group").GetString());
        Assert.True(root.GetProperty("verdict").GetProperty("accepted").GetBoolean());
        Assert.Equal("CN=localhost", root.GetProperty("certificates")[0].GetProperty("subject").GetString());
        Assert.Equal("ClientHello", root.GetProperty("steps")[0].GetProperty("message").GetString());
        Assert.Equal(204, root.GetProperty("response").GetProperty("status").GetInt32());
        Assert.Equal(0, root.GetProperty("exitCode").GetInt32());
    }

    [Fact]
    public async Task A_failure_in_JSON_says_what_and_by_which_rule()
    {
        await using var peer = Peer.Tls(TestPki.Issue("other.example"), Peer.EchoAsync);

        var result = await RunAsync(null, $"localhost:{peer.Port}", "--roots", _roots, "--json");

        Assert.Equal(ExitCode.Certificate, result.ExitCode);
        using var json = JsonDocument.Parse(result.Output);
        var error = json.RootElement.GetProperty("error");
        Assert.Equal("CertificateWrongName", error.GetProperty("code").GetString());
        Assert.Contains("RFC 9525", error.GetProperty("rule").GetString(), StringComparison.Ordinal);
        Assert.Equal("CN=other.example", json.RootElement.GetProperty("certificates")[0].GetProperty("subject").GetString());
        Assert.False(json.RootElement.GetProperty("verdict").GetProperty("accepted").GetBoolean());
    }

    [Fact]
    public async Task A_certificate_for_another_name_is_refused_and_shown()
    {
        await using var peer = Peer.Tls(TestPki.Issue("other.example"), Peer.EchoAsync);

        var result = await RunAsync(null, $"localhost:{peer.Port}", "--roots", _roots);

        Assert.Equal(ExitCode.Certificate, result.ExitCode);
        Assert.Contains("CN=other.example", result.Errors, StringComparison.Ordinal);
        Assert.Contains("refused", result.Errors, StringComparison.Ordinal);
        Assert.Equal("", result.Output);
    }

    [Fact]
    public async Task The_server_name_that_is_given_is_the_one_that_counts()
    {
        await using var peer = Peer.Tls(TestPki.Issue("other.example"), Peer.EchoAsync);

        var result = await RunAsync("x", $"localhost:{peer.Port}", "--roots", _roots, "--servername", "other.example");

        Assert.Equal(ExitCode.Ok, result.ExitCode);
        Assert.Equal("x", result.Output);
    }

    [Fact]
    public async Task An_expired_certificate_is_refused()
    {
        await using var peer = Peer.Tls(TestPki.Issue(expired: true), Peer.EchoAsync);

        var result = await RunAsync(null, $"localhost:{peer.Port}", "--roots", _roots);

        Assert.Equal(ExitCode.Certificate, result.ExitCode);
        Assert.Contains("expired", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_authority_is_refused_unless_that_is_dangerously_allowed()
    {
        await using var peer = Peer.Tls(TestPki.Issue(), Peer.EchoAsync);

        var refused = await RunAsync(null, $"localhost:{peer.Port}");
        Assert.Equal(ExitCode.Certificate, refused.ExitCode);

        var allowed = await RunAsync("x", $"localhost:{peer.Port}", "--dangerous-accept-any-certificate");
        Assert.Equal(ExitCode.Ok, allowed.ExitCode);
        Assert.Equal("x", allowed.Output);
        Assert.Contains("refused", allowed.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_host_is_a_network_failure()
    {
        var result = await RunAsync(null, "no-such-host.invalid:443");

        Assert.Equal(ExitCode.Network, result.ExitCode);
        Assert.Contains("no-such-host.invalid", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_where_nobody_listens_is_a_network_failure()
    {
        using var closed = new ClosedPort();
        var result = await RunAsync(null, $"127.0.0.1:{closed.Number}");

        Assert.Equal(ExitCode.Network, result.ExitCode);
        Assert.Contains($"127.0.0.1:{closed.Number}", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_hangs_up_in_the_handshake_is_a_network_failure()
    {
        await using var peer = new Peer(async socket => await socket.ReceiveAsync(new byte[1]));

        var result = await RunAsync(null, $"127.0.0.1:{peer.Port}");

        Assert.Equal(ExitCode.Network, result.ExitCode);
        Assert.Contains("→ ClientHello", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plain_text_server_is_a_protocol_failure_that_says_so()
    {
        await using var peer = new Peer(async socket =>
        {
            await socket.ReceiveAsync(new byte[1]);
            await socket.SendAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray());
            await new NetworkStream(socket).CopyToAsync(Stream.Null);
        });

        var result = await RunAsync(null, $"127.0.0.1:{peer.Port}");

        Assert.Equal(ExitCode.Protocol, result.ExitCode);
        Assert.Contains("plain text", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_speaks_TLS_1_2_alone_is_a_protocol_failure_for_who_asks_for_TLS_1_3()
    {
        await using var peer = Peer.Platform(TestPki.Issue(), SslProtocols.Tls12);

        var result = await RunAsync(null, $"localhost:{peer.Port}", "--roots", _roots, "--tls", "1.3");

        Assert.Equal(ExitCode.Protocol, result.ExitCode);
        Assert.Contains("version", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_that_ends_without_close_notify_is_a_network_failure()
    {
        await using var peer = new Peer(async socket =>
        {
            var tls = new TlsStream(new NetworkStream(socket));
            await tls.AuthenticateAsServerAsync(new TlsServerOptions { Identities = [TestPki.Issue().Identity] });
            await tls.WriteAsync("half of it"u8.ToArray());
            socket.Shutdown(SocketShutdown.Send);
            await tls.CopyToAsync(Stream.Null);
        });

        var result = await RunAsync(null, $"localhost:{peer.Port}", "--roots", _roots);

        Assert.Equal(ExitCode.Network, result.ExitCode);
        Assert.Equal("half of it", result.Output);
        Assert.Contains("close_notify", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_protocol_that_the_server_does_not_speak_is_a_protocol_failure()
    {
        await using var peer = Peer.Tls(TestPki.Issue(), Peer.EchoAsync, options => options.ApplicationProtocols = [System.Net.Security.SslApplicationProtocol.Http2]);

        var result = await RunAsync(null, $"localhost:{peer.Port}", "--roots", _roots, "--alpn", "imap");

        Assert.Equal(ExitCode.Protocol, result.ExitCode);
        Assert.Contains("no_application_protocol", result.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData]
    [InlineData("host:port:x")]
    [InlineData("localhost:1", "--groups", "secp256k1")]
    [InlineData("localhost:1", "--suites", "TLS_RSA_WITH_AES_128_CBC_SHA")]
    [InlineData("localhost:1", "--request", "no-slash")]
    [InlineData("localhost:1", "--request", "/a b")]
    [InlineData("localhost:1", "--request", "/", "--alpn", "h2")]
    [InlineData("localhost:1", "--no-such-option")]
    [InlineData("localhost:1", "--roots", "/no/such/file.pem")]
    public async Task A_wrong_command_line_is_told_on_standard_error(params string[] arguments)
    {
        var result = await RunAsync(null, arguments);

        Assert.Equal(ExitCode.Usage, result.ExitCode);
        Assert.NotEqual("", result.Errors.Trim());
        Assert.Equal("", result.Output.Trim());
    }

    [Fact]
    public async Task Help_lists_the_exit_codes()
    {
        var result = await RunAsync(null, "--help");

        Assert.Equal(ExitCode.Ok, result.ExitCode);
        Assert.Contains("--servername", result.Output, StringComparison.Ordinal);
        Assert.Contains("4    a certificate was refused, or cert lint found an error", result.Output, StringComparison.Ordinal);
    }
}
