using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using LucidTls.TestSupport.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace LucidTls.Http.Tests;

/// <summary>URIs with an IPv6 address in place of a name.</summary>
public sealed class IPv6Tests
{
    private static readonly TlsIdentity Identity = TlsIdentity.FromCertificate(Pki.Issue("CN=loopback", names => names.AddIpAddress(IPAddress.IPv6Loopback)));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_server_is_reached_by_its_IPv6_address(string version)
    {
        await using var server = await StartAsync(Identity);
        var shared = Clients.Tls();
        var connections = new Connections();

        for (var i = 0; i < 2; i++)
        {
            using var client = Clients.Create(connections.Watch(Clients.Options(shared)), Version.Parse(version));
            Assert.Equal($"[::1]:{server.Port}", await client.GetStringAsync($"https://[::1]:{server.Port}/", Cancel));
        }

        Assert.Equal([false, true], connections.All.Select(connection => connection.Session.Resumed));
        Assert.All(connections.All, connection => Assert.Equal(("::1", $"[::1]:{server.Port}"), (connection.Target.Host, connection.Target.ToString())));
    }

    [Fact]
    public async Task A_server_is_reached_by_its_IPv6_address_through_a_tunnel()
    {
        await using var server = await StartAsync(Identity);
        using var proxy = new TestProxy();
        using var client = Clients.Create(Through(proxy.Uri));

        Assert.Equal($"[::1]:{server.Port}", await client.GetStringAsync($"https://[::1]:{server.Port}/", Cancel));

        Assert.Equal($"CONNECT [::1]:{server.Port} HTTP/1.1", Assert.Single(proxy.Requests));
        Assert.Contains($"Host: [::1]:{server.Port}", proxy.Headers);
    }

    [Fact]
    public async Task A_SOCKS_proxy_is_told_an_IPv6_address()
    {
        await using var server = await WebServer.StartAsync(context => context.Response.WriteAsync("well"), WebServer.Lucid(new TlsServerOptions { Identities = [Identity] }));
        using var proxy = new SocksProxy();
        using var client = Clients.Create(Through(proxy.Uri));

        Assert.Equal("well", await client.GetStringAsync($"https://[::1]:{server.Port}/", Cancel));

        Assert.Equal($"::1:{server.Port}", Assert.Single(proxy.Requests));
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_certificate_for_other_addresses_is_refused(string version)
    {
        await using var server = await StartAsync(Pki.Server);
        using var client = Clients.Create(Clients.Options(), Version.Parse(version));

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync($"https://[::1]:{server.Port}/", Cancel));

        Assert.Equal(HttpRequestError.SecureConnectionError, failure.HttpRequestError);
        Assert.Equal(TlsError.CertificateWrongName, HttpFailures.Find<TlsException>(failure)?.Error);
    }

    [Fact]
    public async Task The_scope_of_an_address_is_no_part_of_what_the_certificate_must_be_for()
    {
        await using var server = await StartAsync(Identity);
        var connections = new Connections();
        using var client = Clients.Create(connections.Watch(Clients.Options()));

        _ = await client.GetStringAsync($"https://[::1%251]:{server.Port}/", Cancel);

        var (target, session) = Assert.Single(connections.All);
        Assert.Equal("::1", target.Host);
        Assert.Null(session.ServerName);
    }

    [Fact]
    public async Task A_request_to_an_address_that_was_too_early_is_sent_again()
    {
        using var server = new EarlyServer(isEarly => isEarly ? 425 : 200);
        server.Options.Identities = [Identity];
        var options = Clients.Options();
        options.SendEarlyData = true;
        options.ConfigureEngine = engine =>
        {
            engine.UseProxy = false;
            engine.ConnectCallback = async (context, cancellationToken) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            };
        };
        using var client = Clients.Create(options);

        for (var i = 0; i < 3; i++)
            Assert.Equal("well", await client.GetStringAsync($"https://[::1]:{server.Url.Port}/", Cancel));

        Assert.Equal([("GET /", false), ("GET /", true), ("GET /", false), ("GET /", false)], server.Requests);
    }

    [Fact]
    public async Task A_WebSocket_goes_to_an_IPv6_address()
    {
        await using var server = await StartAsync(Identity, app =>
        {
            app.UseWebSockets();
            app.Run(async context =>
            {
                using var socket = await context.WebSockets.AcceptWebSocketAsync();
                await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "well", Cancel);
            });
        });
        using var invoker = new HttpMessageInvoker(new LucidTlsHttpHandler(Clients.Options()));
        using var socket = new ClientWebSocket();

        await socket.ConnectAsync(new Uri($"wss://[::1]:{server.Port}/"), invoker, Cancel);
        _ = await socket.ReceiveAsync(new byte[10].AsMemory(), Cancel);

        Assert.Equal("well", socket.CloseStatusDescription);
    }

    private static LucidTlsHttpOptions Through(Uri proxy) => new() { Tls = Clients.Tls(), ConfigureEngine = engine => engine.Proxy = new WebProxy(proxy) };

    private static Task<LoopbackServer> StartAsync(TlsIdentity identity) => StartAsync(identity, app => app.Run(context => context.Response.WriteAsync(context.Request.Host.Value!)));

    private static Task<LoopbackServer> StartAsync(TlsIdentity identity, Action<WebApplication> map) => LoopbackServer.StartAsync(
        builder => builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.IPv6Loopback, 0, WebServer.Lucid(new TlsServerOptions { Identities = [identity] }))),
        map);
}
