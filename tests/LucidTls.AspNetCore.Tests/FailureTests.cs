using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LucidTls.AspNetCore.Tests;

public sealed class FailureTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static Task Answer(HttpContext context) => context.Response.WriteAsync("well");

    [Fact]
    public async Task A_failed_handshake_is_one_line_with_the_explanation()
    {
        await using var server = await TestServer.StartAsync(Answer);
        using var client = await server.DialAsync();

        await client.GetStream().WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray(), Cancel);
        await ReadToEndAsync(client);
        var line = await server.Log.WaitAsync("HandshakeFailed");
        await server.StopAsync();

        Assert.Equal(LogLevel.Information, line.Level);
        Assert.Contains("plain HTTP request", line.Text, StringComparison.Ordinal);
        Assert.Contains("https://", line.Text, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1", line.Text, StringComparison.Ordinal);
        Assert.Null(line.Exception);
        Assert.Single(server.Log.Ours);
        Assert.Empty(server.Log.Problems);
    }

    [Fact]
    public async Task Whoever_makes_handshakes_fail_fills_no_log()
    {
        await using var server = await TestServer.StartAsync(Answer);

        for (var i = 0; i < 40; i++)
        {
            using var client = await server.DialAsync();
            await client.GetStream().WriteAsync("nonsense\r\n"u8.ToArray(), Cancel);
            Assert.NotEqual(0, await client.GetStream().ReadAsync(new byte[100], Cancel));
        }
        await server.Log.WaitAsync("HandshakeFailedAgain", 20);

        // Ten, and one for every six seconds that this may take.
        Assert.InRange(server.Log.Ours.Count(line => line.Level >= LogLevel.Information), 10, 19);
        Assert.All(server.Log.Ours, line => Assert.Contains("is not TLS", line.Text, StringComparison.Ordinal));
        Assert.Empty(server.Log.Problems);
    }

    [Fact]
    public async Task A_client_that_does_not_trust_the_server_is_one_line()
    {
        await using var server = await TestServer.StartAsync(Answer);
        using var client = await server.DialAsync();
        await using var tls = new TlsStream(client.GetStream());

        await Assert.ThrowsAsync<AuthenticationException>(() => tls.AuthenticateAsClientAsync("localhost", Cancel));
        var line = await server.Log.WaitAsync("HandshakeFailed");
        await server.StopAsync();

        Assert.Contains("unknown_ca", line.Text, StringComparison.Ordinal);
        Assert.Single(server.Log.Ours);
        Assert.Empty(server.Log.Problems);
    }

    [Fact]
    public async Task A_client_that_leaves_in_mid_handshake_is_one_line()
    {
        await using var server = await TestServer.StartAsync(Answer);
        using (var client = await server.DialAsync())
            await client.GetStream().WriteAsync(new byte[] { 22, 3, 1, 2, 0, 1 }, Cancel);

        var line = await server.Log.WaitAsync("HandshakeFailed");
        await server.StopAsync();

        Assert.Contains("closed the connection", line.Text, StringComparison.Ordinal);
        Assert.Empty(server.Log.Problems);
    }

    [Fact]
    public async Task A_client_that_says_nothing_is_dropped()
    {
        var options = TestServer.Options();
        options.HandshakeTimeout = TimeSpan.FromMilliseconds(200);
        await using var server = await TestServer.StartAsync(Answer, options);
        using var client = await server.DialAsync();

        await ReadToEndAsync(client);
        var line = await server.Log.WaitAsync("HandshakeFailed");

        Assert.Contains("time allowed", line.Text, StringComparison.Ordinal);
        Assert.Empty(server.Log.Problems);
    }

    [Fact]
    public async Task A_failure_of_the_servers_own_is_a_warning()
    {
        var options = new TlsServerOptions { IdentitySelector = (_, _) => throw new InvalidOperationException("the vault is shut") };
        await using var server = await TestServer.StartAsync(Answer, options);

        await Assert.ThrowsAsync<AuthenticationException>(() => server.ConnectAsync());
        var line = await server.Log.WaitAsync("IdentityFailed");

        Assert.Equal(LogLevel.Warning, line.Level);
        Assert.Contains("the vault is shut", line.Exception!.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(server.Log.Problems, problem => problem.Level >= LogLevel.Error);
    }

    [Fact]
    public async Task A_client_that_cuts_the_connection_in_a_response_is_no_server_error()
    {
        var started = new TaskCompletionSource();
        var ended = new TaskCompletionSource();
        await using var server = await TestServer.StartAsync(async context =>
        {
            try
            {
                while (!context.RequestAborted.IsCancellationRequested)
                {
                    await context.Response.WriteAsync(new string('x', 10_000), context.RequestAborted);
                    started.TrySetResult();
                }
            }
            catch (OperationCanceledException)
            {
                ended.TrySetResult();
                throw;
            }
            ended.TrySetResult();
        });
        using (var client = await server.DialAsync())
        {
            var tls = new TlsStream(client.GetStream());
            await tls.AuthenticateAsClientAsync(new TlsClientOptions { TargetHost = "localhost", CertificateVerifier = TestPki.Verifier }, Cancel);
            await tls.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray(), Cancel);
            await started.Task.WaitAsync(Cancel);
            client.Client.LingerState = new LingerOption(true, 0);
        }
        await ended.Task.WaitAsync(Cancel);
        await server.StopAsync();

        Assert.Empty(server.Log.Problems);
    }

    [Theory]
    [InlineData("h2")]
    [InlineData("http/1.1")]
    public async Task Connections_that_are_cut_at_any_moment_leave_no_error(string protocol)
    {
        await using var server = await TestServer.StartAsync(async context =>
        {
            for (var i = 0; i < 100; i++)
                await context.Response.WriteAsync(new string('x', 10_000), context.RequestAborted);
        });
        var request = protocol == "h2"
            // The preface, an empty SETTINGS frame, and a HEADERS frame: GET https://localhost/ on stream 1 (RFC 9113 §3.4, §6.2; RFC 7541 appendix A).
            ? [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 14, 1, 5, 0, 0, 0, 1, 0x82, 0x87, 0x84, 0x41, 9, .. "localhost"u8]
            : "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray();

        await Parallel.ForAsync(0, 60, Cancel, async (round, cancel) =>
        {
            using var client = await server.DialAsync();
            var tls = new TlsStream(client.GetStream());
            await tls.AuthenticateAsClientAsync(new TlsClientOptions { TargetHost = "localhost", CertificateVerifier = TestPki.Verifier, ApplicationProtocols = [new SslApplicationProtocol(protocol)] }, cancel);
            await tls.WriteAsync(request, cancel);
            var buffer = new byte[4096];
            // Within the 65,535 bytes that HTTP/2 lets a server send unasked.
            for (var read = 0; read < round * 1000;)
                read += await tls.ReadAsync(buffer, cancel) is var count and > 0 ? count : int.MaxValue / 2;
            client.Client.LingerState = new LingerOption(round % 2 == 0, 0);
        });
        await server.StopAsync();

        Assert.Empty(server.Log.Problems);
    }

    [Fact]
    public async Task A_client_that_cuts_the_connection_in_a_request_body_is_no_server_error()
    {
        var failure = new TaskCompletionSource<Exception?>();
        await using var server = await TestServer.StartAsync(async context =>
        {
            try
            {
                await context.Request.Body.CopyToAsync(Stream.Null);
                failure.SetResult(null);
            }
            catch (Exception exception)
            {
                failure.SetResult(exception);
                throw;
            }
        });
        using (var client = await server.DialAsync())
        {
            var tls = new TlsStream(client.GetStream());
            await tls.AuthenticateAsClientAsync(new TlsClientOptions { TargetHost = "localhost", CertificateVerifier = TestPki.Verifier }, Cancel);
            await tls.WriteAsync(Encoding.ASCII.GetBytes("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nonly this"), Cancel);
        }

        // Kestrel's own word for a body that is shorter than it was said to be.
        Assert.IsType<BadHttpRequestException>(await failure.Task.WaitAsync(Cancel), exactMatch: false);
        await server.StopAsync();
        Assert.Empty(server.Log.Problems);
    }

    [Fact]
    public async Task The_platforms_client_which_refuses_a_certificate_after_the_handshake_is_no_server_error()
    {
        await using var server = await TestServer.StartAsync(Answer);
        using var client = await server.DialAsync();
        await using (var ssl = new SslStream(client.GetStream()))
            await Assert.ThrowsAsync<AuthenticationException>(() => ssl.AuthenticateAsClientAsync("localhost"));
        await server.StopAsync();

        Assert.All(server.Log.Ours, line => Assert.Equal(LogLevel.Debug, line.Level));
        Assert.Empty(server.Log.Problems);
    }

    private static async Task ReadToEndAsync(TcpClient client)
    {
        using var rest = new MemoryStream();
        await client.GetStream().CopyToAsync(rest, Cancel);
    }
}
