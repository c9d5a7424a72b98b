using System.Net.Security;
using LucidTls.Sessions;
using LucidTls.TestSupport.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace LucidTls.AspNetCore.Tests;

/// <summary>Requests of HTTP/2 that come along with the ClientHello (RFC 8470).</summary>
public sealed class Http2EarlyDataTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_endpoint_that_allows_it_answers_before_the_handshake_is_done()
    {
        await using var server = await StartAsync();
        await using var line = new HeldLine((await server.DialAsync()).GetStream());
        await using var stream = await BeginAsync(server, line, Http2Client.Request(1, "/safe"));
        var client = new Http2Client(stream);

        Assert.Equal("safe 1 False ", await client.AnswerAsync(1));
        await line.ReleaseAsync(Cancel);
        await stream.WriteAsync((byte[])[.. Http2Client.Request(3, "/safe"), .. Http2Client.Request(5, "/other")], Cancel);

        Assert.Equal("safe none True ", await client.AnswerAsync(3));
        Assert.Equal("other none True ", await client.AnswerAsync(5));
        Assert.Empty(server.Log.Problems);
    }

    [Fact]
    public async Task A_request_that_waits_for_the_handshake_keeps_none_waiting_that_may_be_answered()
    {
        await using var server = await StartAsync();
        await using var line = new HeldLine((await server.DialAsync()).GetStream());
        await using var stream = await BeginAsync(server, line, [.. Http2Client.Request(1, "/other"), .. Http2Client.Request(3, "/safe"), .. Http2Client.Request(5, "/safe")]);
        var client = new Http2Client(stream);

        Assert.Equal("safe 1 False ", await client.AnswerAsync(3));
        Assert.Equal("safe 1 False ", await client.AnswerAsync(5));
        Assert.False(client.HasAnswer(1));
        await line.ReleaseAsync(Cancel);

        Assert.Equal("other none True ", await client.AnswerAsync(1));
        Assert.Empty(server.Log.Problems);
    }

    [Fact]
    public async Task Without_a_word_of_the_application_every_request_waits()
    {
        await using var server = await StartAsync(usesEarlyData: false);
        await using var line = new HeldLine((await server.DialAsync()).GetStream());
        await using var stream = await BeginAsync(server, line, Http2Client.Request(1, "/safe"));
        var client = new Http2Client(stream);

        var answer = client.AnswerAsync(1);
        Assert.False(answer.IsCompleted);
        await line.ReleaseAsync(Cancel);

        Assert.Equal("safe none True ", await answer);
    }

    [Fact]
    public async Task A_request_whose_body_goes_on_after_the_early_data_is_read_whole()
    {
        await using var server = await StartAsync();
        await using var line = new HeldLine((await server.DialAsync()).GetStream());
        await using var stream = await BeginAsync(server, line, [.. Http2Client.Request(1, "/safe", hasBody: true), .. Http2Client.Body(1, "12345", isLast: false)]);
        var client = new Http2Client(stream);

        await line.ReleaseAsync(Cancel);
        await stream.WriteAsync(Http2Client.Body(1, "67890", isLast: true), Cancel);

        Assert.EndsWith("1234567890", await client.AnswerAsync(1), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_without_early_data_is_answered_on_such_an_endpoint()
    {
        await using var server = await StartAsync();
        using var client = TestServer.Client(new Version(2, 0));

        Assert.Equal("safe none True ", await client.GetStringAsync(server.Url("/safe"), Cancel));
        Assert.Equal("other none True ", await client.GetStringAsync(server.Url("/other"), Cancel));
    }

    [Fact]
    public async Task A_request_that_a_proxy_has_marked_is_too_early_where_it_is_not_allowed()
    {
        await using var server = await StartAsync();
        using var client = TestServer.Client(new Version(2, 0));
        client.DefaultRequestHeaders.Add("Early-Data", "1");

        using var allowed = await client.GetAsync(server.Url("/safe"), Cancel);
        using var refused = await client.GetAsync(server.Url("/other"), Cancel);

        Assert.Equal([200, 425], [(int)allowed.StatusCode, (int)refused.StatusCode]);
    }

    private static Task<LoopbackServer> StartAsync(bool usesEarlyData = true)
    {
        var options = TestServer.Options();
        options.MaxEarlyDataSize = 16 * 1024;
        return TestServer.StartAsync(app =>
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
        var header = context.Request.Headers["Early-Data"].ToString();
        var isDone = context.Features.Get<IEarlyDataFeature>()?.IsHandshakeDone ?? true;
        using var body = new StreamReader(context.Request.Body);
        await context.Response.WriteAsync($"{context.Request.Path.Value![1..]} {(header.Length == 0 ? "none" : header)} {isDone} {await body.ReadToEndAsync()}");
    }

    /// <summary>A resumed connection that sends this along with its ClientHello, and nothing more before the line is released.</summary>
    private static async Task<TlsStream> BeginAsync(LoopbackServer server, HeldLine line, byte[] requests)
    {
        var options = new TlsClientOptions { TargetHost = "localhost", CertificateVerifier = TestPki.Verifier, ApplicationProtocols = [SslApplicationProtocol.Http2], SessionCache = new TlsSessionCache() };
        await using (var first = new TlsStream((await server.DialAsync()).GetStream()))
        {
            await first.AuthenticateAsClientAsync(options, Cancel);
            await first.WriteAsync((byte[])[.. Http2Client.Preface, .. Http2Client.Request(1, "/safe")], Cancel);
            await new Http2Client(first).AnswerAsync(1);
        }
        options = options.Clone();
        options.EarlyData = (byte[])[.. Http2Client.Preface, .. requests];
        line.HoldAfter(1);
        var stream = new TlsStream(line);
        await stream.AuthenticateAsClientAsync(options, Cancel);
        Assert.Equal(TlsEarlyDataStatus.Accepted, stream.Session.EarlyData);
        return stream;
    }
}
