using System.Net;
using System.Net.Security;
using System.Text;
using LucidTls.AspNetCore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace LucidTls.Http.Tests;

public sealed class EarlyDataTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static LucidTlsHttpOptions Early(TlsClientOptions? tls = null)
    {
        var options = Clients.Options(tls);
        options.SendEarlyData = true;
        return options;
    }

    [Fact]
    public async Task A_request_of_a_resumed_session_goes_along_with_the_handshake()
    {
        using var server = new EarlyServer();
        var connections = new Connections();
        using var client = Clients.Create(connections.Watch(Early()));

        for (var i = 0; i < 3; i++)
            Assert.Equal("well", await client.GetStringAsync(server.Url, Cancel));

        Assert.Equal([("GET /", false), ("GET /", true), ("GET /", true)], server.Requests);
        Assert.Equal([TlsEarlyDataStatus.NotOffered, TlsEarlyDataStatus.Accepted, TlsEarlyDataStatus.Accepted], connections.All.Select(connection => connection.Session.EarlyData));
    }

    [Fact]
    public async Task A_request_of_a_blocked_thread_goes_along_as_well()
    {
        using var server = new EarlyServer();
        using var client = Clients.Create(Early());

        for (var i = 0; i < 2; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, server.Url);
            using var response = await Task.Run(() => client.Send(request, Cancel), Cancel);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.Equal([("GET /", false), ("GET /", true)], server.Requests);
    }

    [Fact]
    public async Task Nothing_is_sent_early_by_default()
    {
        using var server = new EarlyServer();
        using var client = Clients.Create();

        for (var i = 0; i < 2; i++)
            Assert.Equal("well", await client.GetStringAsync(server.Url, Cancel));

        Assert.All(server.Requests, request => Assert.False(request.IsEarly));
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    [InlineData("PATCH")]
    public async Task A_request_that_may_not_happen_twice_waits_for_the_handshake(string method)
    {
        using var server = new EarlyServer();
        using var client = Clients.Create(Early());
        _ = await client.GetStringAsync(server.Url, Cancel);

        using var request = new HttpRequestMessage(new HttpMethod(method), server.Url);
        using var response = await client.SendAsync(request, Cancel);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(($"{method} /", false), server.Requests.Last());
    }

    [Fact]
    public async Task A_request_with_a_body_waits_for_the_handshake()
    {
        using var server = new EarlyServer();
        using var client = Clients.Create(Early());
        _ = await client.GetStringAsync(server.Url, Cancel);

        using var request = new HttpRequestMessage(HttpMethod.Get, server.Url) { Content = new StringContent("") };
        using var response = await client.SendAsync(request, Cancel);

        Assert.Equal(("GET /", false), server.Requests.Last());
    }

    [Fact]
    public async Task What_the_server_passes_over_is_sent_again_after_the_handshake()
    {
        using var server = new EarlyServer();
        var connections = new Connections();
        using var client = Clients.Create(connections.Watch(Early()));
        _ = await client.GetStringAsync(server.Url, Cancel);
        var refusing = server.Options.Clone();
        refusing.MaxEarlyDataSize = 0;
        server.Options = refusing;

        Assert.Equal("well", await client.GetStringAsync(server.Url, Cancel));

        Assert.Equal([("GET /", false), ("GET /", false)], server.Requests);
        Assert.Equal(TlsEarlyDataStatus.Rejected, connections.All[^1].Session.EarlyData);
    }

    [Fact]
    public async Task A_request_that_was_too_early_is_sent_again_and_no_other_is_early()
    {
        using var server = new EarlyServer(isEarly => isEarly ? 425 : 200);
        using var client = Clients.Create(Early());

        for (var i = 0; i < 3; i++)
            Assert.Equal("well", await client.GetStringAsync(server.Url, Cancel));

        Assert.Equal([("GET /", false), ("GET /", true), ("GET /", false), ("GET /", false)], server.Requests);
    }

    [Fact]
    public async Task A_server_that_always_finds_it_too_early_is_asked_twice()
    {
        using var server = new EarlyServer(_ => 425);
        using var client = Clients.Create(Early());

        using var first = await client.GetAsync(server.Url, Cancel);
        using var second = await client.GetAsync(server.Url, Cancel);

        Assert.Equal(((HttpStatusCode)425, (HttpStatusCode)425), (first.StatusCode, second.StatusCode));
        Assert.Equal(3, server.Requests.Count);
    }

    [Fact]
    public async Task A_server_that_went_back_to_TLS_1_2_is_asked_again()
    {
        using var server = new EarlyServer();
        using var client = Clients.Create(Early());
        _ = await client.GetStringAsync(server.Url, Cancel);
        var old = server.Options.Clone();
        old.MaximumVersion = TlsVersion.Tls12;
        server.Options = old;

        Assert.Equal("well", await client.GetStringAsync(server.Url, Cancel));

        Assert.Equal([("GET /", false), ("GET /", false)], server.Requests);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("HEAD")]
    public async Task A_connection_that_was_closed_while_its_handshake_waited_is_replaced(string method)
    {
        using var server = new EarlyServer();
        using var client = Clients.Create(Early());
        _ = await client.GetStringAsync(server.Url, Cancel);
        server.ToClose = 1;

        using var request = new HttpRequestMessage(new HttpMethod(method), server.Url);
        using var response = await client.SendAsync(request, Cancel);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public async Task A_server_that_closes_all_connections_is_given_up_with_an_explanation()
    {
        using var server = new EarlyServer();
        using var client = Clients.Create(Early());
        _ = await client.GetStringAsync(server.Url, Cancel);
        server.ToClose = 10;

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(server.Url, Cancel));

        Assert.Equal(HttpRequestError.SecureConnectionError, failure.HttpRequestError);
        Assert.Contains("before the handshake was done", failure.Message, StringComparison.Ordinal);
        Assert.Equal(8, server.ToClose);
    }

    [Fact]
    public async Task A_failed_handshake_is_explained_when_it_waited_for_the_request()
    {
        using var server = new EarlyServer();
        using var client = Clients.Create(Early());
        _ = await client.GetStringAsync(server.Url, Cancel);
        var other = server.Options.Clone();
        other.ApplicationProtocols = [new SslApplicationProtocol("mail")];
        server.Options = other;

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(server.Url, Cancel));

        Assert.Equal(HttpRequestError.SecureConnectionError, failure.HttpRequestError);
        Assert.Contains("no_application_protocol", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kestrel_takes_what_goes_along()
    {
        var tls = WebServer.Options();
        tls.MaxEarlyDataSize = 16 * 1024;
        await using var server = await WebServer.StartAsync(app =>
        {
            app.UseRouting();
            app.UseEarlyData();
            app.MapGet("/prices", Answer).AllowEarlyData();
            app.MapGet("/orders", Answer);
            app.MapPost("/prices", Answer).AllowEarlyData();
        }, WebServer.Lucid(tls));
        var connections = new Connections();
        using var client = Clients.Create(connections.Watch(Early()));
        client.DefaultRequestHeaders.ConnectionClose = true;

        Assert.Equal("GET /prices", await client.GetStringAsync(server.Url("/prices"), Cancel));
        Assert.Equal("GET /prices", await client.GetStringAsync(server.Url("/prices"), Cancel));
        Assert.Equal("GET /orders", await client.GetStringAsync(server.Url("/orders"), Cancel));
        using var posted = await client.PostAsync(server.Url("/prices"), null, Cancel);
        Assert.Equal("POST /prices", await posted.Content.ReadAsStringAsync(Cancel));

        Assert.Equal(
            [TlsEarlyDataStatus.NotOffered, TlsEarlyDataStatus.Accepted, TlsEarlyDataStatus.Accepted, TlsEarlyDataStatus.NotOffered],
            connections.All.Select(connection => connection.Session.EarlyData));

        static string Answer(HttpContext context) => $"{context.Request.Method} {context.Request.Path}";
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\n", true)]
    [InlineData("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", true)]
    [InlineData("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", true)]
    [InlineData("GETX / HTTP/1.1\r\nHost: a\r\n\r\n", false)]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\n\r\n", false)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n", false)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\nmore", false)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\n\r\n", false)]
    [InlineData("GET / HTTP/1.1\r\ncontent-length: 3\r\n\r\n", false)]
    [InlineData("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", false)]
    [InlineData("GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", false)]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", false)]
    [InlineData("", false)]
    public void Only_whole_requests_that_may_happen_twice_are_fit(string bytes, bool isFit) => Assert.Equal(isFit, SafeRequest.IsWhole(Encoding.ASCII.GetBytes(bytes)));
}
