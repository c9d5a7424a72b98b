using System.Net.Security;
using System.Security.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LucidTls.AspNetCore.Tests;

public sealed class LimitTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_connection_beyond_the_limit_of_handshakes_is_closed_and_later_ones_are_served()
    {
        await using var server = await TestServer.StartAsync(context => context.Response.WriteAsync("well"), null,
            endpoint => endpoint.UseLucidTls(TestServer.Options(), new LucidTlsEndpointOptions { MaxConcurrentHandshakes = 1 }));
        using (await server.DialAsync())
        {
            var line = server.Log.WaitAsync("TooManyHandshakes");
            // Whichever of two connections that say nothing comes second is closed.
            using var other = await server.DialAsync();
            Assert.Equal(LogLevel.Warning, (await line).Level);
        }
        await server.Log.WaitAsync("HandshakeFailed");

        // The line comes a moment before the place is free.
        TlsStream? served = null;
        while (served == null)
        {
            try
            {
                served = await server.ConnectAsync(SslApplicationProtocol.Http11);
            }
            catch (AuthenticationException failure)
            {
                // Closed with a ClientHello in it that nobody has read, the connection is reset.
                Assert.Contains(Assert.IsType<TlsException>(failure.InnerException).Error, (TlsError[])[TlsError.ClosedDuringHandshake, TlsError.TransportFailed]);
            }
        }
        await served.DisposeAsync();
    }

    [Fact]
    public async Task Finished_handshakes_do_not_count()
    {
        await using var server = await TestServer.StartConfiguredAsync(context => context.Response.WriteAsync("well"),
            ("Certificate:Pem", TestPki.ServerPem), ("MaxConcurrentHandshakes", "1"));
        var open = new List<TlsStream>();
        for (var i = 0; i < 5; i++)
        {
            var connection = await server.ConnectAsync(SslApplicationProtocol.Http11);
            open.Add(connection);
            // The server answers when its own side of the handshake is done.
            await connection.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray(), Cancel);
            Assert.NotEqual(0, await connection.ReadAsync(new byte[100], Cancel));
        }

        foreach (var connection in open)
            await connection.DisposeAsync();
        Assert.Empty(server.Log.Problems);
    }

    [Theory]
    [InlineData("localhost", "localhost", 200)]
    [InlineData("localhost", "LOCALHOST:8443", 200)]
    [InlineData("localhost", "localhost.", 200)]
    [InlineData("localhost", "other.example", 421)]
    [InlineData("localhost", "127.0.0.1", 421)]
    [InlineData("127.0.0.1", "127.0.0.1", 200)]
    [InlineData("127.0.0.1", "localhost", 200)]
    [InlineData("127.0.0.1", "[::1]", 421)]
    [InlineData("127.0.0.1", "not_a_name", 421)]
    public async Task A_request_for_another_host_than_the_connection_is_for_is_misdirected(string name, string host, int status)
    {
        await using var server = await TestServer.StartAsync(Respond, null, endpoint => endpoint.UseLucidTls(TestServer.Options()));
        await using var connection = await server.ConnectAsync(SslApplicationProtocol.Http11, name: name);

        await connection.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"), Cancel);

        Assert.StartsWith($"HTTP/1.1 {status} ", await new StreamReader(connection).ReadToEndAsync(Cancel), StringComparison.Ordinal);
    }

    private static Task Respond(HttpContext context)
    {
        var app = new ApplicationBuilder(context.RequestServices);
        app.UseServerNameCheck();
        app.Run(inner => inner.Response.WriteAsync("well"));
        return app.Build()(context);
    }
}
