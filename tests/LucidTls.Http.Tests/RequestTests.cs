using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LucidTls.Http.Tests;

public sealed class RequestTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<ServerTls, string> Servers => new()
    {
        { ServerTls.Platform, "1.1" },
        { ServerTls.Platform, "2.0" },
        { ServerTls.Lucid, "1.1" },
        { ServerTls.Lucid, "2.0" },
    };

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_server_sees_a_request_for_https(ServerTls tls, string version)
    {
        await using var server = await WebServer.StartAsync(context => context.Response.WriteAsync($"{context.Request.Protocol} {context.Request.Scheme} {context.Request.Host} {context.Request.Path}"), WebServer.With(tls));
        var connections = new Connections();
        using var client = Clients.Create(connections.Watch(Clients.Options()), Version.Parse(version));

        using var response = await client.GetAsync(server.Url("/there"), Cancel);

        Assert.Equal($"HTTP/{(version == "2.0" ? "2" : version)} https localhost:{server.Port} /there", await response.Content.ReadAsStringAsync(Cancel));
        Assert.Equal(server.Url("/there"), response.RequestMessage!.RequestUri);
        Assert.Equal(Version.Parse(version), response.Version);
        var (target, session) = Assert.Single(connections.All);
        Assert.Equal(("localhost", server.Port, false), (target.Host, target.Port, target.IsProxy));
        Assert.Equal(version == "2.0" ? SslApplicationProtocol.Http2 : SslApplicationProtocol.Http11, session.ApplicationProtocol);
        Assert.Equal(TlsVersion.Tls13, session.Version);
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Large_bodies_arrive_unchanged_in_both_directions(ServerTls tls, string version)
    {
        await using var server = await WebServer.StartAsync(async context =>
        {
            // All of the request first: in HTTP/1.1 a client does not read while it sends.
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            await context.Response.Body.WriteAsync(body.ToArray());
        }, WebServer.With(tls));
        using var client = Clients.Create(Clients.Options(), Version.Parse(version));
        var sent = RandomNumberGenerator.GetBytes(8_000_001);

        using var response = await client.PostAsync(server.Url(), new ByteArrayContent(sent), Cancel);

        Assert.Equal(SHA256.HashData(sent), SHA256.HashData(await response.Content.ReadAsByteArrayAsync(Cancel)));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Many_requests_share_a_connection(ServerTls tls, string version)
    {
        await using var server = await WebServer.StartAsync(context => context.Response.WriteAsync(context.Request.Path), WebServer.With(tls));
        var connections = new Connections();
        using var client = Clients.Create(connections.Watch(Clients.Options()), Version.Parse(version));

        for (var i = 0; i < 50; i++)
            Assert.Equal($"/{i}", await client.GetStringAsync(server.Url($"/{i}"), Cancel));

        Assert.Single(connections.All);
    }

    [Fact]
    public async Task Requests_that_run_at_once_share_a_connection_of_HTTP_2()
    {
        await using var server = await WebServer.StartAsync(context => context.Response.WriteAsync(new string('x', 20_000) + context.Request.Path));
        var connections = new Connections();
        using var client = Clients.Create(connections.Watch(Clients.Options()), HttpVersion.Version20);

        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => client.GetStringAsync(server.Url($"/{i}"), Cancel)));

        Assert.All(answers.Select((answer, i) => (answer, i)), pair => Assert.Equal(new string('x', 20_000) + $"/{pair.i}", pair.answer));
        Assert.Single(connections.All);
    }

    [Theory]
    [InlineData("1.1", HttpVersionPolicy.RequestVersionOrLower, HttpProtocols.Http1AndHttp2, "1.1")]
    [InlineData("1.1", HttpVersionPolicy.RequestVersionOrHigher, HttpProtocols.Http1AndHttp2, "2.0")]
    [InlineData("1.1", HttpVersionPolicy.RequestVersionOrHigher, HttpProtocols.Http1, "1.1")]
    [InlineData("2.0", HttpVersionPolicy.RequestVersionOrLower, HttpProtocols.Http1AndHttp2, "2.0")]
    [InlineData("2.0", HttpVersionPolicy.RequestVersionOrLower, HttpProtocols.Http1, "1.1")]
    [InlineData("2.0", HttpVersionPolicy.RequestVersionOrHigher, HttpProtocols.Http2, "2.0")]
    [InlineData("3.0", HttpVersionPolicy.RequestVersionOrLower, HttpProtocols.Http1AndHttp2, "2.0")]
    public async Task The_version_is_chosen_by_what_both_ends_have(string asked, HttpVersionPolicy policy, HttpProtocols served, string expected)
    {
        await using var server = await WebServer.StartAsync(context => context.Response.WriteAsync("well"), WebServer.With(ServerTls.Platform, served));
        using var client = Clients.Create();
        // Twice: what the engine learns from the first connection is not lost on the second.
        for (var i = 0; i < 2; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, server.Url()) { Version = Version.Parse(asked), VersionPolicy = policy };
            if (i == 0)
                request.Headers.ConnectionClose = true;

            using var response = await client.SendAsync(request, Cancel);

            Assert.Equal(Version.Parse(expected), response.Version);
            Assert.Equal((Version.Parse(asked), policy), (request.Version, request.VersionPolicy));
        }
    }

    [Theory]
    [InlineData(HttpVersionPolicy.RequestVersionExact)]
    [InlineData(HttpVersionPolicy.RequestVersionOrHigher)]
    public async Task A_request_for_nothing_but_HTTP_3_is_refused_with_the_remedy(HttpVersionPolicy policy)
    {
        using var client = Clients.Create();
        using var request = new HttpRequestMessage(HttpMethod.Get, "https://localhost:1/") { Version = HttpVersion.Version30, VersionPolicy = policy };

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.SendAsync(request, Cancel));

        Assert.Equal(HttpRequestError.VersionNegotiationError, failure.HttpRequestError);
        Assert.Contains("RequestVersionOrLower", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_can_be_sent_by_a_blocked_thread()
    {
        await using var server = await WebServer.StartAsync(context => context.Response.WriteAsync("well"));
        using var client = Clients.Create();
        using var request = new HttpRequestMessage(HttpMethod.Get, server.Url());

        var answer = await Task.Run(() =>
        {
            using var response = client.Send(request, Cancel);
            using var reader = new StreamReader(response.Content.ReadAsStream(Cancel));
            return reader.ReadToEnd();
        }, Cancel);

        Assert.Equal("well", answer);
    }

    [Fact]
    public async Task The_Host_header_is_what_the_certificate_must_be_for()
    {
        await using var server = await WebServer.StartAsync(context => context.Response.WriteAsync(context.Request.Host.Value!));
        using var client = Clients.Create();
        using var right = new HttpRequestMessage(HttpMethod.Get, $"https://127.0.0.1:{server.Port}/") { Headers = { Host = "localhost" } };
        using var wrong = new HttpRequestMessage(HttpMethod.Get, $"https://127.0.0.1:{server.Port}/") { Headers = { Host = "elsewhere.example" } };

        using var response = await client.SendAsync(right, Cancel);
        Assert.Equal("localhost", await response.Content.ReadAsStringAsync(Cancel));
        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.SendAsync(wrong, Cancel));
        Assert.Contains("elsewhere.example", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_that_is_cancelled_ends_at_once()
    {
        var arrived = new TaskCompletionSource();
        await using var server = await WebServer.StartAsync(context =>
        {
            arrived.TrySetResult();
            return Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        using var client = Clients.Create();
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Cancel);

        var request = client.GetAsync(server.Url(), cancel.Token);
        await arrived.Task.WaitAsync(Cancel);
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
    }
}
