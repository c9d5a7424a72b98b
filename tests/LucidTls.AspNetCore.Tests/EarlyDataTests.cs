using System.Net.Security;
using System.Text;
using LucidTls.Sessions;
using LucidTls.TestSupport.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LucidTls.AspNetCore.Tests;

/// <summary>Requests that come along with the ClientHello (RFC 8470).</summary>
public sealed class EarlyDataTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_endpoint_that_allows_it_answers_before_the_handshake_is_done()
    {
        await using var server = await StartAsync(usesEarlyData: true);
        var options = await ClientWithTicketAsync(server);
        options.EarlyData = Request("/safe");
        await using var line = new HeldLine((await DialAsync(server)).GetStream());
        await using var client = new TlsStream(line);
        // The client's Finished stays behind until it has the answer.
        line.HoldAfter(1);

        await client.AuthenticateAsClientAsync(options, Cancel);
        Assert.Equal(TlsEarlyDataStatus.Accepted, client.Session.EarlyData);
        var answer = await ReadAnswerAsync(client);

        Assert.Contains("safe 1 False", answer, StringComparison.Ordinal);
        await line.ReleaseAsync(Cancel);
        await client.WriteAsync(Request("/safe"), Cancel);
        Assert.Contains("safe none True", await ReadAnswerAsync(client), StringComparison.Ordinal);
        await client.WriteAsync(Request("/other"), Cancel);
        Assert.Contains("other none True", await ReadAnswerAsync(client), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_sends_nothing_but_early_data_can_go_on_doing_so()
    {
        await using var server = await StartAsync(usesEarlyData: true);
        var options = await ClientWithTicketAsync(server);
        options.EarlyData = Request("/safe");
        // Each ticket is good for one connection: those that the first gave are used up by then.
        for (var i = 0; i < 4; i++)
        {
            await using var client = new TlsStream((await DialAsync(server)).GetStream());
            await client.AuthenticateAsClientAsync(options, Cancel);
            Assert.Equal(TlsEarlyDataStatus.Accepted, client.Session.EarlyData);
            Assert.Contains("safe", await ReadAnswerAsync(client), StringComparison.Ordinal);
            await client.ShutdownAsync(Cancel);
            await client.CopyToAsync(Stream.Null, Cancel);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Any_other_request_waits_for_the_handshake(bool usesEarlyData)
    {
        await using var server = await StartAsync(usesEarlyData);
        var options = await ClientWithTicketAsync(server);
        options.EarlyData = Request(usesEarlyData ? "/other" : "/safe");
        await using var line = new HeldLine((await DialAsync(server)).GetStream());
        await using var client = new TlsStream(line);
        line.HoldAfter(1);

        await client.AuthenticateAsClientAsync(options, Cancel);
        Assert.Equal(TlsEarlyDataStatus.Accepted, client.Session.EarlyData);
        var answer = ReadAnswerAsync(client);
        Assert.False(answer.IsCompleted);
        await line.ReleaseAsync(Cancel);

        Assert.Contains(usesEarlyData ? "other none True" : "safe none True", await answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_that_goes_on_after_the_early_data_is_read_whole()
    {
        await using var server = await StartAsync(usesEarlyData: true);
        var options = await ClientWithTicketAsync(server);
        options.EarlyData = Encoding.ASCII.GetBytes("POST /safe HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12345");
        await using var client = new TlsStream((await DialAsync(server)).GetStream());

        await client.AuthenticateAsClientAsync(options, Cancel);
        Assert.Equal(TlsEarlyDataStatus.Accepted, client.Session.EarlyData);
        await client.WriteAsync("67890"u8.ToArray(), Cancel);

        Assert.Contains("1234567890", await ReadAnswerAsync(client), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Early_data_that_other_options_take_is_not_lost(bool hasHandler)
    {
        var selected = TestServer.Options();
        selected.MaxEarlyDataSize = 16 * 1024;
        selected.ApplicationProtocols = [SslApplicationProtocol.Http11];
        if (hasHandler)
            selected.EarlyDataHandler = (_, _) => default;
        var options = new TlsServerOptions { OptionsSelector = (_, _) => new ValueTask<TlsServerOptions?>(selected) };
        await using var server = await TestServer.StartAsync(app => app.Run(Answer), endpoint => endpoint.UseLucidTls(options));
        var client = await ClientWithTicketAsync(server);
        client.EarlyData = Request("/first");
        await using var stream = new TlsStream((await DialAsync(server)).GetStream());

        await stream.AuthenticateAsClientAsync(client, Cancel);

        Assert.Equal(TlsEarlyDataStatus.Accepted, stream.Session.EarlyData);
        Assert.Contains("first none True", await ReadAnswerAsync(stream), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_of_the_configuration_take_early_data_as_the_endpoint_does()
    {
        await using var server = await TestServer.StartConfiguredAsync(Answer, ("Certificate:Pem", TestPki.ServerPem), ("MaxEarlyDataSize", "16384"), ("Sni:localhost:MinimumVersion", "1.3"));
        var client = await ClientWithTicketAsync(server);
        client.EarlyData = Request("/first");
        await using var stream = new TlsStream((await DialAsync(server)).GetStream());

        await stream.AuthenticateAsClientAsync(client, Cancel);

        Assert.Equal(TlsEarlyDataStatus.Accepted, stream.Session.EarlyData);
        Assert.Contains("first none True", await ReadAnswerAsync(stream), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_that_a_proxy_has_marked_is_too_early_where_it_is_not_allowed()
    {
        await using var server = await StartAsync(usesEarlyData: true);
        foreach (var (path, status) in new[] { ("/safe", 200), ("/other", 425) })
        {
            await using var client = new TlsStream((await DialAsync(server)).GetStream());
            await client.AuthenticateAsClientAsync(Client(), Cancel);
            await client.WriteAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: localhost\r\nEarly-Data: 1\r\n\r\n"), Cancel);
            Assert.StartsWith($"HTTP/1.1 {status} ", await ReadAnswerAsync(client), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_handshake_that_fails_after_early_data_ends_the_connection_and_the_request_that_waits()
    {
        await using var server = await StartAsync(usesEarlyData: true);
        var options = await ClientWithTicketAsync(server);
        options.EarlyData = Request("/other");
        await using (var line = new HeldLine((await DialAsync(server)).GetStream()))
        {
            await using var client = new TlsStream(line);
            line.HoldAfter(1);
            await client.AuthenticateAsClientAsync(options, Cancel);
        }

        await server.Log.WaitAsync("HandshakeFailed");
        await server.StopAsync();
        Assert.DoesNotContain(server.Log.Problems, problem => problem.Level >= LogLevel.Error && problem.Exception is not IOException and not OperationCanceledException);
    }

    private static async Task<LoopbackServer> StartAsync(bool usesEarlyData)
    {
        var options = TestServer.Options();
        options.MaxEarlyDataSize = 16 * 1024;
        return await TestServer.StartAsync(app =>
        {
            app.UseRouting();
            if (usesEarlyData)
                app.UseEarlyData();
            app.MapMethods("/safe", ["GET", "POST"], Answer).AllowEarlyData();
            app.MapMethods("/other", ["GET", "POST"], Answer);
        }, endpoint => endpoint.UseLucidTls(options));
    }

    private static async Task Answer(HttpContext context)
    {
        var early = context.Features.Get<IEarlyDataFeature>();
        var header = context.Request.Headers["Early-Data"].ToString();
        var isDone = early?.IsHandshakeDone ?? true;
        using var body = new StreamReader(context.Request.Body);
        await context.Response.WriteAsync($"{context.Request.Path.Value![1..]} {(header.Length == 0 ? "none" : header)} {isDone} {await body.ReadToEndAsync()}\n");
    }

    private static byte[] Request(string path) => Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");

    private static Task<System.Net.Sockets.TcpClient> DialAsync(LoopbackServer server) => server.DialAsync();

    private static TlsClientOptions Client(TlsSessionCache? cache = null) => new()
    {
        TargetHost = "localhost",
        CertificateVerifier = TestPki.Verifier,
        ApplicationProtocols = [SslApplicationProtocol.Http11],
        SessionCache = cache,
    };

    private static async Task<TlsClientOptions> ClientWithTicketAsync(LoopbackServer server)
    {
        var options = Client(new TlsSessionCache());
        await using var client = new TlsStream((await server.DialAsync()).GetStream());
        await client.AuthenticateAsClientAsync(options, Cancel);
        await client.WriteAsync(Request("/safe"), Cancel);
        await ReadAnswerAsync(client);
        return options.Clone();
    }

    /// <summary>An answer, whose body is a line and comes in one chunk, or none at all.</summary>
    private static async Task<string> ReadAnswerAsync(Stream stream)
    {
        var answer = new StringBuilder();
        var buffer = new byte[4096];
        while (!answer.ToString().EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal) && !answer.ToString().Contains("Content-Length: 0\r\n", StringComparison.Ordinal))
        {
            var count = await stream.ReadAsync(buffer, Cancel);
            if (count == 0)
                break;
            answer.Append(Encoding.ASCII.GetString(buffer, 0, count));
        }
        return answer.ToString();
    }
}
