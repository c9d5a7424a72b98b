using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace LucidTls.Http.Tests;

/// <summary>What becomes of connections: kept, replaced, upgraded, cut.</summary>
public sealed class ConnectionTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_connection_that_the_server_closed_is_replaced(string version)
    {
        var connections = new Connections();
        using var client = Clients.Create(connections.Watch(Clients.Options()), Version.Parse(version));
        await using var first = await WebServer.StartAsync(context => context.Response.WriteAsync("first"));
        await using var second = await WebServer.StartAsync(context => context.Response.WriteAsync("second"));
        var port = first.Port;
        using var front = new Front(_ => port);

        Assert.Equal("first", await client.GetStringAsync($"https://localhost:{front.Port}/", Cancel));
        port = second.Port;
        await first.StopAsync();

        Assert.Equal("second", await AskAsync());
        Assert.Equal(2, connections.All.Count);

        async Task<string> AskAsync()
        {
            try
            {
                return await client.GetStringAsync($"https://localhost:{front.Port}/", Cancel);
            }
            catch (HttpRequestException crossing) when (crossing.InnerException is HttpProtocolException)
            {
                // In HTTP/2 a request that crosses the server's last words may be lost; the next is not.
                return await client.GetStringAsync($"https://localhost:{front.Port}/", Cancel);
            }
        }
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_hundred_clients_at_once_get_all_their_answers(string version)
    {
        await using var server = await WebServer.StartAsync(app => app.MapPost("/", (int[] numbers) => numbers.Sum()));
        var options = Clients.Options();
        options.ConfigureEngine = engine =>
        {
            engine.UseProxy = false;
            engine.EnableMultipleHttp2Connections = true;
            engine.MaxConnectionsPerServer = 8;
        };
        using var client = Clients.Create(options, Version.Parse(version));

        var sums = await Task.WhenAll(Enumerable.Range(0, 100).Select(async i =>
        {
            var sum = 0;
            for (var round = 0; round < 20; round++)
            {
                using var answer = await client.PostAsJsonAsync(server.Url(), Enumerable.Repeat(i, 100 + round), Cancel);
                sum += await answer.Content.ReadFromJsonAsync<int>(Cancel);
            }
            return sum;
        }));

        Assert.Equal(Enumerable.Range(0, 100).Select(i => i * Enumerable.Range(100, 20).Sum()), sums);
    }

    [Fact]
    public async Task A_WebSocket_runs_over_it()
    {
        await using var server = await WebServer.StartAsync(app =>
        {
            app.UseWebSockets();
            app.Run(async context =>
            {
                using var socket = await context.WebSockets.AcceptWebSocketAsync();
                var buffer = new byte[100];
                var received = await socket.ReceiveAsync(buffer.AsMemory(), Cancel);
                await socket.SendAsync(buffer.AsMemory(0, received.Count), WebSocketMessageType.Text, endOfMessage: true, Cancel);
                await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Cancel);
            });
        });
        var connections = new Connections();
        using var invoker = new HttpMessageInvoker(new LucidTlsHttpHandler(connections.Watch(Clients.Options())));
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri($"wss://localhost:{server.Port}/"), invoker, Cancel);

        await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, Cancel);
        var buffer = new byte[100];
        var received = await socket.ReceiveAsync(buffer.AsMemory(), Cancel);

        Assert.Equal("hello", Encoding.UTF8.GetString(buffer, 0, received.Count));
        Assert.Single(connections.All);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_that_ends_with_the_connection_is_whole_only_with_close_notify(bool isEnded)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var served = ServeAsync();
        using var client = Clients.Create();
        using var response = await client.GetAsync($"https://localhost:{((IPEndPoint)listener.LocalEndpoint).Port}/", HttpCompletionOption.ResponseHeadersRead, Cancel);

        if (isEnded)
            Assert.Equal("half of it", await response.Content.ReadAsStringAsync(Cancel));
        else
            await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsStringAsync(Cancel));
        await served;

        async Task ServeAsync()
        {
            using var connection = await listener.AcceptTcpClientAsync(Cancel);
            var transport = connection.GetStream();
            var tls = new TlsStream(transport, leaveInnerStreamOpen: true);
            await tls.AuthenticateAsServerAsync(WebServer.Options(), Cancel);
            _ = await tls.ReadAsync(new byte[4096], Cancel);
            await tls.WriteAsync("HTTP/1.1 200 OK\r\n\r\nhalf of it"u8.ToArray(), Cancel);
            if (isEnded)
                await tls.DisposeAsync();
            connection.Client.Shutdown(SocketShutdown.Send);
            // Until the client has seen it.
            await transport.CopyToAsync(Stream.Null, Cancel);
        }
    }

    [Fact]
    public async Task A_server_that_says_nothing_is_given_up_with_an_explanation()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var tls = Clients.Tls();
        tls.HandshakeTimeout = TimeSpan.FromMilliseconds(100);
        using var client = Clients.Create(tls);

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync($"https://localhost:{((IPEndPoint)listener.LocalEndpoint).Port}/", Cancel));

        Assert.Equal(HttpRequestError.SecureConnectionError, failure.HttpRequestError);
        Assert.Equal(TlsError.HandshakeTimeout, HttpFailures.Find<TlsException>(failure)?.Error);
    }

    [Fact]
    public async Task HTTP_1_1_is_not_spoken_where_HTTP_2_was_agreed_on()
    {
        await using var server = await WebServer.StartAsync(context => context.Response.WriteAsync("well"));
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, server.Port, Cancel);
        var tls = new TlsStream(tcp.GetStream());
        var options = Clients.Tls();
        options.TargetHost = "localhost";
        options.ApplicationProtocols = [System.Net.Security.SslApplicationProtocol.Http2];
        await tls.AuthenticateAsClientAsync(options, Cancel);
        await using var secured = SecuredStream.Over(tls, isAsked: true);

        Assert.Equal(System.Net.Security.SslApplicationProtocol.Http2, secured.NegotiatedApplicationProtocol);
        await Assert.ThrowsAsync<IOException>(async () => await secured.WriteAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray(), Cancel));
    }
}
