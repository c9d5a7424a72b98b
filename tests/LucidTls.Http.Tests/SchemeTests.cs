using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LucidTls.Http.Tests;

/// <summary>What is for https goes by https, and what is not does not.</summary>
public sealed class SchemeTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Nothing_of_a_request_for_https_is_sent_before_a_handshake(string version)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var received = ReceiveAsync(listener);
        using var client = Clients.Create(Clients.Options(), Version.Parse(version));
        using var request = new HttpRequestMessage(HttpMethod.Post, $"https://localhost:{((IPEndPoint)listener.LocalEndpoint).Port}/secret-path") { Content = new StringContent("secret-body") };
        request.Headers.Add("Cookie", "secret-cookie");

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.SendAsync(request, Cancel));

        Assert.Equal(HttpRequestError.SecureConnectionError, failure.HttpRequestError);
        var bytes = await received;
        Assert.Equal([0x16, 0x03], bytes[..2]);
        Assert.DoesNotContain("secret", Encoding.Latin1.GetString(bytes), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connections_for_http_and_https_to_the_same_place_are_not_shared()
    {
        // One port that serves both, as the first byte says, so that only the client keeps them apart.
        await using var plain = await WebServer.StartAsync(Answer, _ => { });
        await using var secure = await WebServer.StartAsync(Answer);
        using var front = new Front(isTls => isTls ? secure.Port : plain.Port);
        var connections = new Connections();
        using var client = Clients.Create(connections.Watch(Clients.Options()));

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal("http", await client.GetStringAsync($"http://localhost:{front.Port}/", Cancel));
            Assert.Equal("https", await client.GetStringAsync($"https://localhost:{front.Port}/", Cancel));
        }

        Assert.Equal([false, true], front.Seen.Order());
        Assert.Single(connections.All);

        static Task Answer(HttpContext context) => context.Response.WriteAsync(context.Request.Scheme);
    }

    [Fact]
    public async Task A_redirect_from_http_to_https_is_followed_under_TLS()
    {
        await using var secure = await WebServer.StartAsync(context => context.Response.WriteAsync(context.Request.Scheme));
        await using var plain = await WebServer.StartAsync(context =>
        {
            context.Response.Redirect(secure.Url("/moved").AbsoluteUri);
            return Task.CompletedTask;
        }, _ => { });
        var connections = new Connections();
        using var client = Clients.Create(connections.Watch(Clients.Options()));

        using var response = await client.GetAsync($"http://localhost:{plain.Port}/", Cancel);

        Assert.Equal("https", await response.Content.ReadAsStringAsync(Cancel));
        Assert.Equal(secure.Url("/moved"), response.RequestMessage!.RequestUri);
        Assert.Equal(secure.Port, Assert.Single(connections.All).Target.Port);
    }

    [Fact]
    public async Task A_redirect_from_https_to_http_is_not_followed()
    {
        var reached = false;
        await using var plain = await WebServer.StartAsync(context =>
        {
            reached = true;
            return Task.CompletedTask;
        }, _ => { });
        await using var secure = await WebServer.StartAsync(context =>
        {
            context.Response.Redirect($"http://localhost:{plain.Port}/");
            return Task.CompletedTask;
        });
        using var client = Clients.Create();

        using var response = await client.GetAsync(secure.Url(), Cancel);

        Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
        Assert.False(reached);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Secure_cookies_are_kept_for_https(string version)
    {
        await using var secure = await WebServer.StartAsync(Answer);
        await using var plain = await WebServer.StartAsync(Answer, _ => { });
        using var client = Clients.Create(Clients.Options(), Version.Parse(version));
        using var plainClient = Clients.Create();

        Assert.Equal("", await client.GetStringAsync(secure.Url(), Cancel));
        Assert.Equal("one=1", await client.GetStringAsync(secure.Url(), Cancel));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://localhost:{plain.Port}/") { Version = HttpVersion.Version11 };
        using var response = await client.SendAsync(request, Cancel);
        Assert.Equal("", await response.Content.ReadAsStringAsync(Cancel));

        static Task Answer(HttpContext context)
        {
            context.Response.Cookies.Append("one", "1", new CookieOptions { Secure = true });
            return context.Response.WriteAsync(string.Join(';', context.Request.Cookies.Select(cookie => $"{cookie.Key}={cookie.Value}")));
        }
    }

    [Fact]
    public async Task The_engine_cannot_do_TLS_by_itself()
    {
        await using var server = await WebServer.StartAsync(context => context.Response.WriteAsync("well"));
        SocketsHttpHandler? engine = null;
        var options = Clients.Options();
        options.ConfigureEngine = handler => engine = handler;
        using var handler = new LucidTlsHttpHandler(options);
        // What would happen if the engine got a connection without TLS for a request for https.
        var callback = engine!.ConnectCallback!;
        using var alone = new SocketsHttpHandler { SslOptions = engine.SslOptions, UseProxy = false };
        using var client = new HttpClient(alone);

        Assert.NotNull(callback);
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(server.Url(), Cancel));
    }

    [Fact]
    public void TLS_options_of_the_engine_are_refused_with_the_remedy()
    {
        var options = Clients.Options();
        options.ConfigureEngine = engine => engine.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;

        var failure = Assert.Throws<InvalidOperationException>(() => new LucidTlsHttpHandler(options));

        Assert.Contains("LucidTlsHttpOptions.Tls", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plain_request_is_sent_as_such()
    {
        await using var server = await WebServer.StartAsync(context => context.Response.WriteAsync($"{context.Request.Scheme} {context.Request.Protocol}"), listen => listen.Protocols = HttpProtocols.Http2);
        using var client = Clients.Create(Clients.Options(), HttpVersion.Version20);

        Assert.Equal("http HTTP/2", await client.GetStringAsync($"http://localhost:{server.Port}/", Cancel));
    }

    /// <summary>All that a client sends to a server that answers its first record with the end of its own side.</summary>
    private static async Task<byte[]> ReceiveAsync(TcpListener listener)
    {
        using var connection = await listener.AcceptTcpClientAsync(Cancel);
        var stream = connection.GetStream();
        using var all = new MemoryStream();
        var header = new byte[5];
        await stream.ReadExactlyAsync(header, Cancel);
        all.Write(header);
        var body = new byte[header[3] << 8 | header[4]];
        await stream.ReadExactlyAsync(body, Cancel);
        all.Write(body);
        connection.Client.Shutdown(SocketShutdown.Send);
        await stream.CopyToAsync(all, Cancel);
        return all.ToArray();
    }
}
