using System.Net;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using static LucidTls.Cli.Tests.SiteClient;

namespace LucidTls.Cli.Tests;

/// <summary>What HTTP services are asked, and what they are told.</summary>
public sealed class ServeHttpTests : IDisposable
{
    private readonly TemporaryFolder _folder = TemporaryFolder.OfSite("a.example");

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("http")]
    [InlineData("https")]
    public async Task A_service_is_asked_for_what_the_client_wrote_but_dot_segments_are_gone(string scheme)
    {
        static Task AnswerAsync(HttpContext context) => context.Response.WriteAsync($"<{context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget}>");
        await using var service = scheme == "https" ? await HttpService.StartSecureAsync("inner.example", AnswerAsync) : await HttpService.StartAsync(AnswerAsync);
        await using var tool = await StartAsync(service.Urls.First(), scheme == "https" ? ", upstream: {roots: roots.pem, name: inner.example}" : "");
        foreach (var (asked, got) in new[]
        {
            ("/", "/"),
            ("/api/queues/%2F/q", "/api/queues/%2F/q"),
            ("/@scope%2fname/%E9%e9/%41+%7e", "/@scope%2fname/%E9%e9/%41+%7e"),
            ("/a%2520b//c/[d]?q=%2F&r=%41/../b?c", "/a%2520b//c/[d]?q=%2F&r=%41/../b?c"),
            ("/100%/%zz?", "/100%/%zz?"),
            ("/a/./b/../c", "/a/c"),
            ("/a/%2e/b/%2E./c", "/a/c"),
            ("/a/b/..", "/a/"),
            ("/a/.", "/a/"),
            ("/../../a", "/a"),
            ("/.../.a/b.", "/.../.a/b."),
            ("/..%2fa", "/..%2fa"),
            ("/a|b\\c#d?e\"f", "/a%7Cb%5Cc%23d?e%22f"),
            ("https://a.example/x%2Fy/../z?q=%2f", "/z?q=%2f"),
            ("https://a.example?q", "/?q"),
            ("https://a.example", "/"),
        })
            Assert.Contains($"<{got}>", await AskAsync(tool, $"GET {asked}"), StringComparison.Ordinal);
        Assert.Contains("</a>", await AskAsync(tool, "OPTIONS /a"), StringComparison.Ordinal);
        Assert.Contains("</>", await AskAsync(tool, "OPTIONS https://a.example/"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CONNECT a.example:443", "This is no proxy")]
    [InlineData("CONNECT other.example:25", "This is no proxy")]
    [InlineData("OPTIONS *", "OPTIONS * is not passed on")]
    [InlineData("OPTIONS https://a.example", "OPTIONS * is not passed on")]
    public async Task What_is_for_no_path_does_not_reach_the_service_as_something_else_and_is_no_fault_in_the_log(string request, string why)
    {
        var isAsked = false;
        await using var service = await HttpService.StartAsync(_ =>
        {
            isAsked = true;
            return Task.CompletedTask;
        });
        await using var tool = await StartAsync(service.Urls.First());
        await using (var tls = await ConnectAsync(tool, "a.example"))
        {
            // What is sent behind a CONNECT is no request.
            var host = request[0] == 'C' ? request.Split(' ')[1] : "a.example";
            var close = request[0] == 'C' ? "" : "Connection: close\r\n";
            await tls.WriteAsync(Encoding.ASCII.GetBytes($"{request} HTTP/1.1\r\nHost: {host}\r\n{close}\r\n{(request[0] == 'C' ? "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n" : "")}"), Cancel);
            var answer = await new StreamReader(tls).ReadToEndAsync(Cancel);
            Assert.StartsWith("HTTP/1.1 501 ", answer, StringComparison.Ordinal);
            Assert.Contains(why, answer, StringComparison.Ordinal);
        }
        Assert.False(isAsked);
        tool.Signal("TERM");
        Assert.Equal(ExitCode.Ok, await tool.ExitAsync());
        Assert.DoesNotContain("could not be passed on", tool.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_path_of_a_services_URL_is_not_left()
    {
        await using var service = await HttpService.StartAsync(context => context.Response.WriteAsync($"<{context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget}>"));
        await using var tool = await StartAsync($"{service.Urls.First()}/base/");
        foreach (var (asked, got) in new[] { ("/", "/base/"), ("/a%2Fb?c", "/base/a%2Fb?c"), ("/../a", "/base/a"), ("/%2e%2E/a", "/base/a"), ("/a/../../../b", "/base/b"), ("?", "/base/?"), ("/..a/b..?/../", "/base/..a/b..?/../") })
            Assert.Contains($"<{got}>", await AskAsync(tool, $"GET {(asked[0] == '/' ? "" : "https://a.example")}{asked}"), StringComparison.Ordinal);
        // Services differ in what they read first.
        foreach (var asked in (string[])["/..%2fa", "/x/%2e%2e%2Fa", "/..%5ca", "/..\\a", "/..;x/a"])
            Assert.Contains(" 400 ", await AskAsync(tool, $"GET {asked}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Escapes_are_kept_of_requests_of_HTTP_2_as_well()
    {
        await using var service = await HttpService.StartAsync(context => context.Response.WriteAsync(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget));
        await using var tool = await StartAsync(service.Urls.First());
        using var client = Http2Client(tool);
        foreach (var (asked, got) in new[] { ("/api/queues/%2F/q?r=%2f%41", "/api/queues/%2F/q?r=%2f%41"), ("/a/%2e%2e/%E9", "/%E9") })
            Assert.Equal(got, await client.GetStringAsync(new Uri($"https://a.example{asked}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }), Cancel));
    }

    [Fact]
    public async Task What_only_a_proxy_may_say_and_what_is_for_one_hop_does_not_reach_the_service_from_a_client()
    {
        await using var service = await HttpService.StartAsync(context => context.Response.WriteAsync(string.Concat(context.Request.Headers.Select(header => $"{header.Key}={header.Value}\n"))));
        await using var tool = await StartAsync(service.Urls.First());
        string[] forged =
        [
            "Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Prefix", "X-Forwarded-Port", "X-Forwarded-Server", "X-Forwarded-Ssl", "X-Original-For", "X-Original-Host",
            "X-Original-Proto", "X-Real-IP", "Proxy", "Client-Cert", "Client-Cert-Chain", "x_forwarded_for", "X_Forwarded-Host", "X.Forwarded.Proto", "client_cert", "Client_Cert_Chain", "x_real_ip", "transfer_encoding",
            "Proxy-Authorization", "Proxy_Authorization", "Keep-Alive", "X-Hop", "X-Other-Hop",
        ];
        var headers = string.Concat(forged.Select(name => $"{name}: forged\r\n")) + "Connection: x-hop, X-Forwarded-For\r\nConnection: X-Other-Hop, Host\r\nX-Kept: kept\r\nx_kept: kept too\r\n";

        var answer = await AskAsync(tool, "GET /", headers);

        Assert.Contains("\nX-Kept=kept\n", answer, StringComparison.Ordinal);
        Assert.Contains("\nx_kept=kept too\n", answer, StringComparison.Ordinal);
        foreach (var told in (string[])["Host=a.example", "X-Forwarded-For=127.0.0.1", "X-Forwarded-Proto=https", "X-Forwarded-Host=a.example"])
            Assert.Contains($"{told}\n", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("forged", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Connection: close, X-Hop\r\n")]
    [InlineData("Connection: X-Hop,,CLOSE\r\n")]
    [InlineData("Connection: close\r\nConnection: \tX-Hop , x-none\r\n")]
    [InlineData("Connection: keep-alive, X-Hop\r\n")]
    [InlineData("Connection: X-Hop, Keep-Alive\r\n")]
    [InlineData("Connection: X-Hop\r\n")]
    [InlineData("Connection: Upgrade, X-Hop\r\nUpgrade: nothing-known\r\n")]
    public async Task What_Connection_names_is_dropped_whatever_stands_beside_it_and_the_connection_goes_on_or_ends_as_it_says(string connection)
    {
        await using var service = await HttpService.StartAsync(context => context.Response.WriteAsync($"<{context.Request.Headers["X-Hop"]}{context.Request.Headers["X-Kept"]}>"));
        await using var tool = await StartAsync(service.Urls.First());
        await using var tls = await ConnectAsync(tool, "a.example");
        await tls.WriteAsync(Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: a.example\r\n{connection}X-Hop: hop\r\nX-Kept: kept\r\n\r\nGET / HTTP/1.1\r\nHost: a.example\r\nX-Hop: again\r\nConnection: close\r\n\r\n"), Cancel);
        var answers = await new StreamReader(tls).ReadToEndAsync(Cancel);
        Assert.Contains("<kept>", answers, StringComparison.Ordinal);
        Assert.Equal(!connection.Contains("close", StringComparison.OrdinalIgnoreCase), answers.Contains("<again>", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_Connection_header_that_names_no_headers_is_refused()
    {
        await using var service = await HttpService.StartAsync(context => context.Response.WriteAsync("answered"));
        await using var tool = await StartAsync(service.Urls.First());
        Assert.StartsWith("HTTP/1.1 400 ", await AskAsync(tool, "GET /", "Connection: \u0001, x\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_whose_length_is_called_one_hops_arrives_all_the_same()
    {
        await using var service = await HttpService.StartAsync(async context => await context.Response.WriteAsync($"<{await new StreamReader(context.Request.Body).ReadToEndAsync()}>"));
        await using var tool = await StartAsync(service.Urls.First());
        Assert.Contains("<body>", await AskAsync(tool, "POST / HTTP/1.1\r\nHost: a.example\r\nConnection: Content-Length, Content-Type, TE\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nbodyGET /"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--idle 1", false)]
    [InlineData("--idle 0", true)]
    [InlineData("--idle 2592000", true)]
    [InlineData("", true)]
    public async Task A_service_may_be_silent_for_as_long_as_is_said(string idle, bool isAnswered)
    {
        await using var service = await HttpService.StartAsync(async context =>
        {
            await Task.Delay(TimeSpan.FromSeconds(3), Cancel);
            await context.Response.WriteAsync("at last");
        });
        await using var tool = await Tool.ServeAsync(_folder.Path, ["--to", service.Urls.First(), "--cert", _folder["site.pem"], .. idle.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        Assert.Contains(isAnswered ? "at last" : " 504 ", await GetAsync(tool, "a.example"), StringComparison.Ordinal);
        if (!isAnswered)
            await tool.WaitForErrorAsync("could not be passed on");
    }

    [Fact]
    public async Task A_stream_of_a_site_may_have_gaps_as_long_as_idle_says_and_the_file_changes_that()
    {
        await using var service = await HttpService.StartAsync(async context =>
        {
            await context.Response.WriteAsync("one");
            await context.Response.Body.FlushAsync();
            await Task.Delay(TimeSpan.FromSeconds(6), context.RequestAborted);
            await context.Response.WriteAsync("two");
        });
        // As long as the first answer may take on a busy machine.
        await using var tool = await StartAsync(service.Urls.First(), settings: "idle: 3, ");
        await using (var tls = await ConnectAsync(tool, "a.example"))
        {
            await tls.WriteAsync("GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n"u8.ToArray(), Cancel);
            using var reader = new StreamReader(tls);
            while (await reader.ReadLineAsync(Cancel) is var line && line != "one")
                Assert.NotNull(line);
            // Broken off, so that it does not look complete.
            await Assert.ThrowsAsync<IOException>(() => reader.ReadToEndAsync(Cancel));
        }
        _folder.Write("serve.yaml", _folder.Read("serve.yaml").Replace("idle: 3", "idle: 0", StringComparison.Ordinal));
        await tool.WaitForErrorAsync("is in effect");
        Assert.Contains("two", await GetAsync(tool, "a.example"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_that_speaks_HTTP_2_in_the_clear_gets_requests_and_its_trailers_come_back()
    {
        await using var service = await HttpService.StartAsync(async context =>
        {
            context.Response.DeclareTrailer("grpc-status");
            context.Response.ContentType = "application/grpc";
            // An answer while the request goes on, as streams in both directions have it.
            var part = new byte[4];
            await context.Request.Body.ReadExactlyAsync(part, context.RequestAborted);
            await context.Response.Body.WriteAsync(part);
            await context.Response.Body.FlushAsync();
            await context.Request.Body.CopyToAsync(context.Response.Body);
            await context.Response.WriteAsync($" {context.Request.Protocol} {context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget} {context.Request.Host} {context.Request.Headers.TE} {context.Request.Headers["X-Forwarded-Proto"]}");
            context.Response.AppendTrailer("grpc-status", "7");
        }, HttpProtocols.Http2);
        await using var tool = await Tool.ServeAsync(_folder.Path, "--to", $"h2c://{new Uri(service.Urls.First()).Authority}/base", "--cert", _folder["site.pem"]);
        using var client = Http2Client(tool);
        var goOn = new TaskCompletionSource();
        using var request = new HttpRequestMessage(HttpMethod.Post, "https://a.example/a.Service/Do") { Content = new PingPong(goOn.Task), Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Content.Headers.ContentType = new("application/grpc");
        request.Headers.TE.ParseAdd("trailers");

        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
        await using var stream = await answer.Content.ReadAsStreamAsync(Cancel);
        var first = new byte[4];
        await stream.ReadExactlyAsync(first, Cancel);
        goOn.SetResult();

        Assert.Equal("ping", Encoding.ASCII.GetString(first));
        Assert.Equal("pong HTTP/2 /base/a.Service/Do a.example trailers https", await new StreamReader(stream).ReadToEndAsync(Cancel));
        Assert.Equal("7", answer.TrailingHeaders.GetValues("grpc-status").Single());
        // Clients of HTTP/1.1 are served by it as well.
        using var older = new HttpRequestMessage(HttpMethod.Post, "https://a.example/x") { Content = new StringContent("body"), Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var toOlder = await client.SendAsync(older, Cancel);
        Assert.Equal("body HTTP/2 /base/x a.example  https", await toOlder.Content.ReadAsStringAsync(Cancel));
    }

    [Fact]
    public async Task WebSockets_reach_a_service_that_speaks_HTTP_2_in_the_clear()
    {
        await using var service = await HttpService.StartAsync(async context =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            await socket.SendAsync(Encoding.ASCII.GetBytes(context.Request.Protocol), WebSocketMessageType.Text, true, Cancel);
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Cancel);
        }, HttpProtocols.Http2);
        await using var tool = await Tool.ServeAsync(_folder.Path, "--to", $"h2c://{new Uri(service.Urls.First()).Authority}", "--cert", _folder["site.pem"]);
        using var invoker = Http2Client(tool);
        using var client = new ClientWebSocket();
        await client.ConnectAsync(new Uri("wss://a.example/"), invoker, Cancel);
        var buffer = new byte[100];
        Assert.Equal("HTTP/2", Encoding.ASCII.GetString(buffer, 0, (await client.ReceiveAsync(buffer, Cancel)).Count));
    }

    private static HttpClient Http2Client(Tool tool)
    {
        var handler = new SocketsHttpHandler { UseProxy = false, ConnectCallback = async (_, _) => await PlainAsync(tool) };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        return new HttpClient(handler) { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
    }

    /// <summary>The answer to a request that is sent as it is written.</summary>
    private static async Task<string> AskAsync(Tool tool, string request, string headers = "")
    {
        await using var tls = await ConnectAsync(tool, "a.example");
        await tls.WriteAsync(Encoding.ASCII.GetBytes($"{request} HTTP/1.1\r\nHost: a.example\r\n{headers}Connection: close\r\n\r\n"), Cancel);
        return await new StreamReader(tls).ReadToEndAsync(Cancel);
    }

    /// <summary>A body whose second half is sent when the first has been answered.</summary>
    private sealed class PingPong(Task goOn) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync("ping"u8.ToArray(), Cancel);
            await stream.FlushAsync(Cancel);
            await goOn;
            await stream.WriteAsync("pong"u8.ToArray(), Cancel);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    private Task<Tool> StartAsync(string service, string site = "", string settings = "")
    {
        _folder.Write("serve.yaml", $"services: [{{listen: '127.0.0.1:0', {settings}sites: [{{names: a.example, certificate: site.pem, to: '{service}'{site}}}]}}]");
        return Tool.ConfiguredAsync(_folder.Path, _folder["serve.yaml"]);
    }
}
