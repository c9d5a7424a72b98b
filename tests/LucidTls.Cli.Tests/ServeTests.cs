using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using LucidTls.Certificates;
using LucidTls.StartTls;
using LucidTls.TestSupport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LucidTls.Cli.Tests;

public sealed class ServeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Authority => _folder["lucidtls/ca.pem"];

    private HttpClient Client(Version? version = null)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificateFromFile(Authority));
        var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false };
        handler.SslOptions.CertificateChainPolicy = policy;
        return new HttpClient(handler) { DefaultRequestVersion = version ?? HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
    }

    private async Task<TlsStream> ConnectAsync(Tool tool)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, tool.Port, Cancel);
        var tls = new TlsStream(new NetworkStream(socket, ownsSocket: true));
        await tls.AuthenticateAsClientAsync(new TlsClientOptions { TargetHost = "localhost", CertificateVerifier = CertificateVerifier.FromPemFile(Authority), HandshakeTimeout = TimeSpan.FromMinutes(1) }, Cancel);
        return tls;
    }

    private static async Task<WebApplication> StartServiceAsync(RequestDelegate handle)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.Limits.MaxRequestBodySize = null;
        });
        var app = builder.Build();
        app.UseWebSockets();
        app.Run(handle);
        await app.StartAsync(Cancel);
        return app;
    }

    [Theory]
    [InlineData("1.1", null)]
    [InlineData("2.0", "h2")]
    public async Task The_page_shows_the_visitors_own_connection(string version, string? protocol)
    {
        await using var tool = await Tool.ServeAsync(_folder.Path);
        using var client = Client(Version.Parse(version));

        client.DefaultRequestHeaders.Accept.ParseAdd("text/html");
        using var page = await client.GetAsync(tool.Url, Cancel);
        var html = await page.Content.ReadAsStringAsync(Cancel);
        Assert.Equal("text/html", page.Content.Headers.ContentType!.MediaType);
        Assert.Contains("default-src 'none'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Contains("<svg", html, StringComparison.Ordinal);
        Assert.Contains("ClientHello", html, StringComparison.Ordinal);

        client.DefaultRequestHeaders.Accept.Clear();
        client.DefaultRequestHeaders.Accept.ParseAdd("application/json");
        using var json = JsonDocument.Parse(await client.GetStringAsync(tool.Url, Cancel));
        // HttpClient offers no protocol when it is told to speak HTTP/1.1.
        Assert.Equal(protocol, json.RootElement.GetProperty("applicationProtocol").GetString());
        Assert.Equal(version == "2.0" ? "HTTP/2" : "HTTP/1.1", json.RootElement.GetProperty("http").GetString());
        Assert.Equal("TLS 1.3", json.RootElement.GetProperty("version").GetString());
        Assert.Equal("localhost", json.RootElement.GetProperty("serverName").GetString());

        client.DefaultRequestHeaders.Accept.Clear();
        Assert.Contains("CertificateVerify", await client.GetStringAsync(tool.Url, Cancel), StringComparison.Ordinal);
        using var missing = await client.GetAsync(tool.Url + "elsewhere", Cancel);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
    }

    [Fact]
    public async Task The_first_start_makes_an_authority_that_only_its_owner_can_use_and_later_starts_keep_it()
    {
        string authority, certificate;
        await using (var first = await Tool.ServeAsync(_folder.Path))
        {
            authority = _folder.Read("lucidtls/ca.pem");
            certificate = _folder.Read("lucidtls/server.pem");
            Assert.Contains(Authority, first.Errors, StringComparison.Ordinal);
            foreach (var where in (string[])["curl --cacert", "update-ca-certificates", "trust anchor", "add-trusted-cert", "addstore", "Firefox"])
                Assert.Contains(where, first.Errors, StringComparison.Ordinal);
        }

        await using var second = await Tool.ServeAsync(_folder.Path);
        Assert.Equal(authority, _folder.Read("lucidtls/ca.pem"));
        Assert.Equal(certificate, _folder.Read("lucidtls/server.pem"));
        if (OperatingSystem.IsWindows())
            return;
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder["lucidtls"]));
        foreach (var key in (string[])["ca.key", "server.key"])
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder[$"lucidtls/{key}"]));
    }

    [Fact]
    public async Task Starts_at_the_same_time_agree_on_one_authority()
    {
        var tools = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Tool.ServeAsync(_folder.Path)));
        try
        {
            foreach (var tool in tools)
                await (await ConnectAsync(tool)).DisposeAsync();
        }
        finally
        {
            foreach (var tool in tools)
                await tool.DisposeAsync();
        }
    }

    [Fact]
    public async Task An_authority_without_its_key_is_not_replaced_in_silence()
    {
        await using (await Tool.ServeAsync(_folder.Path))
            File.Delete(_folder["lucidtls/ca.key"]);
        var authority = _folder.Read("lucidtls/ca.pem");

        var result = await Tool.RunAsync(_folder.Path, null, "serve", "--listen", "0");

        Assert.Equal(ExitCode.Usage, result.ExitCode);
        Assert.Contains("trusted anew", result.Errors, StringComparison.Ordinal);
        Assert.Equal(authority, _folder.Read("lucidtls/ca.pem"));
    }

    [Fact]
    public async Task Requests_go_to_the_HTTP_service_and_it_learns_who_asks()
    {
        await using var service = await StartServiceAsync(context => context.Response.WriteAsync(
            $"{context.Request.Method} {context.Request.Path}{context.Request.QueryString} {context.Request.Host} {context.Request.Headers["X-Forwarded-For"]} {context.Request.Headers["X-Forwarded-Proto"]} {context.Request.Headers["X-Forwarded-Host"]} {context.Request.Headers["Forwarded"]}|"));
        await using var tool = await Tool.ServeAsync(_folder.Path, "--to", service.Urls.First());
        using var client = Client();
        client.DefaultRequestHeaders.Add("X-Forwarded-For", "203.0.113.9");
        client.DefaultRequestHeaders.Add("Forwarded", "for=203.0.113.9");

        var answer = await client.GetStringAsync(tool.Url + "path?query=1", Cancel);

        Assert.Equal($"GET /path?query=1 localhost:{tool.Port} 127.0.0.1 https localhost:{tool.Port} |", answer);
    }

    [Fact]
    public async Task Large_bodies_pass_through_to_the_HTTP_service_and_back()
    {
        await using var service = await StartServiceAsync(async context =>
        {
            // All of the request first: in HTTP/1.1 a client, the forwarder too, does not read while it sends.
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            await context.Response.Body.WriteAsync(body.ToArray());
        });
        await using var tool = await Tool.ServeAsync(_folder.Path, "--to", service.Urls.First());
        using var client = Client();
        var sent = RandomNumberGenerator.GetBytes(40_000_000);

        using var response = await client.PostAsync(tool.Url, new ByteArrayContent(sent), Cancel);

        Assert.Equal(SHA256.HashData(sent), SHA256.HashData(await response.Content.ReadAsByteArrayAsync(Cancel)));
    }

    [Fact]
    public async Task WebSockets_pass_through_to_the_HTTP_service()
    {
        await using var service = await StartServiceAsync(async context =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            var buffer = new byte[100];
            var received = await socket.ReceiveAsync(buffer, Cancel);
            await socket.SendAsync(buffer.AsMemory(0, received.Count), WebSocketMessageType.Text, true, Cancel);
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Cancel);
        });
        await using var tool = await Tool.ServeAsync(_folder.Path, "--to", service.Urls.First());
        using var invoker = Client(HttpVersion.Version11);
        using var client = new ClientWebSocket();

        await client.ConnectAsync(new Uri(tool.Url.Replace("https", "wss", StringComparison.Ordinal)), invoker, Cancel);
        await client.SendAsync("well"u8.ToArray(), WebSocketMessageType.Text, true, Cancel);
        var buffer = new byte[100];
        var answer = await client.ReceiveAsync(buffer, Cancel);

        Assert.Equal("well", Encoding.UTF8.GetString(buffer, 0, answer.Count));
    }

    [Fact]
    public async Task A_service_that_is_not_there_is_a_bad_gateway_with_an_explanation()
    {
        using var nobody = new ClosedPort();
        await using var tool = await Tool.ServeAsync(_folder.Path, "--to", $"http://127.0.0.1:{nobody.Number}");
        using var client = Client();

        using var response = await client.GetAsync(tool.Url, Cancel);

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.Contains("TLS to lucidtls works", await response.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        await tool.WaitForErrorAsync($"http://127.0.0.1:{nobody.Number}");
    }

    [Fact]
    public async Task Bytes_go_to_the_TCP_service_and_each_direction_ends_by_itself()
    {
        await using var service = new Peer(async socket =>
        {
            using var all = new MemoryStream();
            await using var stream = new NetworkStream(socket);
            await stream.CopyToAsync(all);
            await stream.WriteAsync(all.ToArray().Reverse().ToArray());
        });
        await using var tool = await Tool.ServeAsync(_folder.Path, "--to", $"tcp://127.0.0.1:{service.Port}");
        await using var client = await ConnectAsync(tool);

        await client.WriteAsync("abc"u8.ToArray(), Cancel);
        await client.ShutdownAsync(Cancel);

        Assert.Equal("cba", await new StreamReader(client).ReadToEndAsync(Cancel));
    }

    [Fact]
    public async Task A_TCP_service_that_breaks_off_does_not_look_complete_to_the_client()
    {
        await using var service = new Peer(async socket =>
        {
            await socket.SendAsync("half of it"u8.ToArray());
            await socket.ReceiveAsync(new byte[1]);
            socket.LingerState = new LingerOption(true, 0);
        });
        await using var tool = await Tool.ServeAsync(_folder.Path, "--to", $"tcp://127.0.0.1:{service.Port}");
        await using var client = await ConnectAsync(tool);
        var buffer = new byte[100];
        await client.ReadExactlyAsync(buffer.AsMemory(0, 10), Cancel);

        await client.WriteAsync("x"u8.ToArray(), Cancel);

        await Assert.ThrowsAsync<IOException>(() => client.ReadAsync(buffer, Cancel).AsTask());
    }

    [Fact]
    public async Task A_client_that_breaks_off_does_not_look_complete_to_the_TCP_service()
    {
        var end = new TaskCompletionSource<int>();
        await using var service = new Peer(async socket =>
        {
            try
            {
                while (await socket.ReceiveAsync(new byte[100]) is var count and > 0)
                    await socket.SendAsync(new byte[count]);
                end.SetResult(0);
            }
            catch (SocketException failure)
            {
                end.SetException(failure);
            }
        });
        await using var tool = await Tool.ServeAsync(_folder.Path, "--to", $"tcp://127.0.0.1:{service.Port}");
        using (var socket = new Socket(SocketType.Stream, ProtocolType.Tcp))
        {
            await socket.ConnectAsync(IPAddress.Loopback, tool.Port, Cancel);
            var tls = new TlsStream(new NetworkStream(socket));
            await tls.AuthenticateAsClientAsync(new TlsClientOptions { TargetHost = "localhost", CertificateVerifier = CertificateVerifier.FromPemFile(Authority), HandshakeTimeout = TimeSpan.FromMinutes(1) }, Cancel);
            await tls.WriteAsync("half of it"u8.ToArray(), Cancel);
            await tls.ReadExactlyAsync(new byte[10], Cancel);
        }

        await Assert.ThrowsAsync<SocketException>(() => end.Task.WaitAsync(Cancel));
    }

    [Fact]
    public async Task A_TCP_service_that_is_not_there_ends_the_connection_properly()
    {
        using var nobody = new ClosedPort();
        await using var tool = await Tool.ServeAsync(_folder.Path, "--to", $"tcp://127.0.0.1:{nobody.Number}");
        await using var client = await ConnectAsync(tool);

        Assert.Equal("", await new StreamReader(client).ReadToEndAsync(Cancel));
        await tool.WaitForErrorAsync($"127.0.0.1:{nobody.Number}");
    }

    [Fact]
    public async Task Files_of_a_folder_are_served_but_nothing_beside_it()
    {
        using var root = new TemporaryFolder();
        root.Write("site/index.html", "<p>index");
        root.Write("site/data.unknowntype", "data");
        root.Write("site/.secret", "secret");
        root.Write("beside.txt", "beside");
        await using var tool = await Tool.ServeAsync(_folder.Path, "--root", root["site"]);
        using var client = Client();

        Assert.Equal("<p>index", await client.GetStringAsync(tool.Url, Cancel));
        Assert.Equal("data", await client.GetStringAsync(tool.Url + "data.unknowntype", Cancel));
        foreach (var path in (string[])[".secret", "nothing", "..%2fbeside.txt", "%2e%2e/beside.txt"])
        {
            using var response = await client.GetAsync(tool.Url + path, Cancel);
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        }
    }

    [Fact]
    public async Task A_certificate_of_the_users_own_is_shown()
    {
        var issued = TestPki.Issue();
        var roots = _folder.Write("roots.pem", TestPki.AuthorityPem);
        await using var tool = await Tool.ServeAsync(_folder.Path, "--cert", _folder.Write("cert.pem", issued.CertificatePem), "--key", _folder.Write("key.pem", issued.KeyPem));

        var result = await Tool.RunAsync(_folder.Path, null, "connect", $"localhost:{tool.Port}", "--roots", roots, "--request", "/");

        Assert.Equal(ExitCode.Ok, result.ExitCode);
        Assert.Contains("encrypted with TLS 1.3", result.Output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["lucidtls"]));
    }

    [Fact]
    public async Task A_port_in_use_is_told_with_a_way_out()
    {
        await using var first = new Peer(_ => Task.CompletedTask);

        var result = await Tool.RunAsync(_folder.Path, null, "serve", "--listen", $"127.0.0.1:{first.Port}");

        Assert.Equal(ExitCode.Network, result.ExitCode);
        Assert.Contains($"127.0.0.1:{first.Port} is in use", result.Errors, StringComparison.Ordinal);
        Assert.Contains("0 is any free one", result.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("Hosting failed", result.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_of_another_certificate_is_refused_at_the_start()
    {
        var certificate = _folder.Write("cert.pem", TestPki.Issue().CertificatePem);
        var key = _folder.Write("key.pem", TestPki.Issue().KeyPem);

        var result = await Tool.RunAsync(_folder.Path, null, "serve", "--cert", certificate, "--key", key);

        Assert.Equal(ExitCode.Usage, result.ExitCode);
        Assert.Contains(key, result.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--cert", "/no/such/cert.pem")]
    [InlineData("--key", "key.pem")]
    [InlineData("--root", "/no/such/folder")]
    [InlineData("--to", "ftp://localhost:1")]
    [InlineData("--to", "http://localhost:1", "--to", "tcp://localhost:1")]
    [InlineData("--to", "http://localhost:1", "--to", "http://localhost:1")]
    [InlineData("--to", "https://a.example:1", "--to", "https://b.example:1")]
    [InlineData("--to", "http://localhost:1", "--roots", "roots.pem")]
    [InlineData("--to", "https://localhost:1", "--roots", "/no/such/file")]
    [InlineData("--idle", "5")]
    [InlineData("--to", "http://localhost:1", "--half-closed", "5")]
    [InlineData("--to", "tcp://localhost:1", "--idle", "-1")]
    [InlineData("--to", "tcp://localhost:1", "--half-closed", "soon")]
    [InlineData("--to", "tcp://localhost:1", "--redirect", "8080")]
    [InlineData("--redirect", "nowhere")]
    [InlineData("--to", "localhost:1")]
    [InlineData("--to", "tcp://localhost")]
    [InlineData("--to", "http://localhost:1", "--root", "/")]
    [InlineData("--starttls", "smtp")]
    [InlineData("--starttls", "postgres-direct", "--to", "tcp://localhost:1")]
    [InlineData("--starttls", "smtp", "--to", "http://localhost:1")]
    [InlineData("--to-starttls", "smtp", "--to", "tcp://localhost:1")]
    [InlineData("--to-starttls", "gopher", "--to", "tls://localhost:1", "--starttls", "gopher")]
    [InlineData("--to-starttls", "imap", "--to", "tls://localhost:1", "--starttls", "smtp")]
    [InlineData("--drain", "-1")]
    [InlineData("--metrics", "nowhere")]
    [InlineData("--listen", "nowhere")]
    [InlineData("--listen", "example.org:8443")]
    public async Task A_wrong_command_line_is_told_on_standard_error(params string[] arguments)
    {
        var result = await Tool.RunAsync(_folder.Path, null, ["serve", .. arguments]);

        Assert.Equal(ExitCode.Usage, result.ExitCode);
        Assert.NotEqual("", result.Errors.Trim());
        Assert.Equal("", result.Output.Trim());
        Assert.DoesNotContain("   at ", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handshake_that_fails_is_explained_on_standard_error()
    {
        await using var tool = await Tool.ServeAsync(_folder.Path);
        using var client = new HttpClient();

        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync($"http://127.0.0.1:{tool.Port}/", Cancel));

        await tool.WaitForErrorAsync("plain HTTP request");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_signal_to_end_closes_connections_with_close_notify(bool tcp)
    {
        await using var service = new Peer(socket => new NetworkStream(socket).CopyToAsync(Stream.Null));
        await using var tool = await Tool.ServeAsync(_folder.Path, tcp ? ["--to", $"tcp://127.0.0.1:{service.Port}", "--drain", "1"] : []);
        await using var client = await ConnectAsync(tool);
        var reading = new StreamReader(client).ReadToEndAsync(Cancel);

        tool.Signal(tcp ? "INT" : "TERM");

        // Our client throws when the end comes without close_notify.
        Assert.Equal("", await reading);
        Assert.Equal(ExitCode.Ok, await tool.ExitAsync());
    }

    [Fact]
    public async Task An_answer_that_the_end_cuts_off_does_not_look_complete()
    {
        await using var service = new Peer(async socket =>
        {
            await using var stream = new NetworkStream(socket);
            while (true)
                await stream.WriteAsync(new byte[100]);
        });
        await using var tool = await Tool.ServeAsync(_folder.Path, "--to", $"tcp://127.0.0.1:{service.Port}", "--drain", "1");
        await using var client = await ConnectAsync(tool);
        await client.ReadExactlyAsync(new byte[100], Cancel);

        tool.Signal("TERM");

        await Assert.ThrowsAsync<IOException>(() => client.CopyToAsync(Stream.Null, Cancel));
        Assert.Equal(ExitCode.Ok, await tool.ExitAsync());
    }

    [Fact]
    public async Task What_is_under_way_over_TCP_has_the_time_of_drain_to_end()
    {
        var goOn = new TaskCompletionSource();
        await using var service = new Peer(async socket =>
        {
            await goOn.Task;
            await socket.SendAsync("well"u8.ToArray());
        });
        await using var tool = await Tool.ServeAsync(_folder.Path, "--to", $"tcp://127.0.0.1:{service.Port}", "--drain", "60");
        await using var client = await ConnectAsync(tool);
        var reading = new StreamReader(client).ReadToEndAsync(Cancel);

        tool.Signal("TERM");
        await tool.WaitForErrorAsync("Closing");
        // Longer than the host would wait by itself for what does not use the time it has.
        await Task.Delay(TimeSpan.FromSeconds(3), Cancel);
        goOn.SetResult();

        Assert.Equal("well", await reading);
        await client.ShutdownAsync(Cancel);
        Assert.Equal(ExitCode.Ok, await tool.ExitAsync());
    }

    [Fact]
    public async Task A_service_behind_STARTTLS_needs_no_scheme()
    {
        await using var service = new Peer(async socket =>
        {
            await using var stream = new NetworkStream(socket);
            await stream.WriteAsync("220 here\r\n"u8.ToArray());
            await Peer.EchoAsync(stream);
        });
        await using var tool = await Tool.ServeAsync(_folder.Path, "--starttls", "smtp", "--to", $"127.0.0.1:{service.Port}");
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, tool.Port, Cancel);
        await using var tls = await StartTlsProtocol.Smtp.ConnectAsync(new NetworkStream(socket), new TlsClientOptions { TargetHost = "localhost", CertificateVerifier = CertificateVerifier.FromPemFile(_folder["lucidtls/ca.pem"]), HandshakeTimeout = TimeSpan.FromMinutes(1) }, Cancel);
        await tls.WriteAsync("EHLO me\r\n"u8.ToArray(), Cancel);
        var answer = new byte[9];
        await tls.ReadExactlyAsync(answer, Cancel);
        Assert.Equal("EHLO me\r\n"u8.ToArray(), answer);
    }

    [Fact]
    public async Task A_request_under_way_is_answered_before_the_end()
    {
        var arrived = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        await using var service = await StartServiceAsync(async context =>
        {
            arrived.SetResult();
            await goOn.Task;
            await context.Response.WriteAsync("well");
        });
        await using var tool = await Tool.ServeAsync(_folder.Path, "--to", service.Urls.First());
        using var client = Client();
        var answer = client.GetStringAsync(tool.Url, Cancel);
        await arrived.Task;

        tool.Signal("TERM");
        await tool.WaitForErrorAsync("Closing");
        goOn.SetResult();

        Assert.Equal("well", await answer);
        Assert.Equal(ExitCode.Ok, await tool.ExitAsync());
    }
}
