using System.Net.Security;
using System.Net.Sockets;
using LucidTls.TestSupport;
using LucidTls.TestSupport.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LucidTls.AspNetCore.Tests;

public sealed class ClosingTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_response_that_ends_with_the_connection_ends_with_close_notify()
    {
        await using var server = await TestServer.StartAsync(context => context.Response.WriteAsync("well"));
        await using var connection = await server.ConnectAsync(SslApplicationProtocol.Http11);

        await connection.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray(), Cancel);

        // Our client throws when the end comes without close_notify.
        Assert.EndsWith("well", (await new StreamReader(connection).ReadToEndAsync(Cancel)).TrimEnd('\r', '\n', '0'), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_over_a_Unix_socket_ends_with_close_notify()
    {
        using var folder = new TempFolder();
        var path = folder.File("socket");
        await using var server = await LoopbackServer.StartAsync(
            builder => builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(path, endpoint => endpoint.UseLucidTls(TestServer.Options()))),
            app => app.Run(context => context.Response.WriteAsync("well")));
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), Cancel);
        await using var connection = new TlsStream(new NetworkStream(socket, ownsSocket: true));
        await connection.AuthenticateAsClientAsync(new TlsClientOptions { TargetHost = "localhost", CertificateVerifier = TestPki.Verifier, ApplicationProtocols = [SslApplicationProtocol.Http11] }, Cancel);

        await connection.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray(), Cancel);

        Assert.EndsWith("well", (await new StreamReader(connection).ReadToEndAsync(Cancel)).TrimEnd('\r', '\n', '0'), StringComparison.Ordinal);
        Assert.Empty(server.Log.Problems);
    }

    [Theory]
    [InlineData("h2")]
    [InlineData("http/1.1")]
    public async Task An_idle_connection_ends_with_close_notify_when_the_server_stops(string protocol)
    {
        await using var server = await TestServer.StartAsync(context => context.Response.WriteAsync("well"));
        await using var connection = await server.ConnectAsync(new SslApplicationProtocol(protocol));
        if (protocol == "h2")
            await connection.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x4\0\0\0\0\0"u8.ToArray(), Cancel);
        var reading = new StreamReader(connection).ReadToEndAsync(Cancel);

        await server.StopAsync();

        await reading;
    }

    [Fact]
    public async Task A_request_under_way_is_answered_in_full_when_the_server_stops()
    {
        var arrived = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        await using var server = await TestServer.StartAsync(async context =>
        {
            arrived.SetResult();
            await goOn.Task;
            await context.Response.WriteAsync(new string('x', 100_000));
        });
        await using var connection = await server.ConnectAsync(SslApplicationProtocol.Http11);
        await connection.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray(), Cancel);
        await arrived.Task;

        var stopping = server.StopAsync();
        goOn.SetResult();
        var answer = await new StreamReader(connection).ReadToEndAsync(Cancel);
        await stopping;

        Assert.Equal(100_000, answer.Count(character => character == 'x'));
    }

    [Fact]
    public async Task The_transport_is_put_back_when_the_connection_ends()
    {
        var check = new TaskCompletionSource<bool>();
        await using var server = await TestServer.StartAsync(context => context.Response.WriteAsync("well"), null, endpoint =>
        {
            endpoint.Use(next => async connection =>
            {
                var transport = connection.Transport;
                await next(connection);
                check.SetResult(ReferenceEquals(transport, connection.Transport));
            });
            endpoint.UseLucidTls(TestServer.Options());
        });
        await using (var connection = await server.ConnectAsync(SslApplicationProtocol.Http11))
        {
            await connection.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray(), Cancel);
            await new StreamReader(connection).ReadToEndAsync(Cancel);
        }

        Assert.True(await check.Task.WaitAsync(Cancel));
    }

    [Fact]
    public async Task Completing_the_output_says_close_notify_while_the_input_goes_on()
    {
        var received = new TaskCompletionSource<string>();
        await using var server = await TestServer.StartAsync(_ => Task.CompletedTask, null, endpoint =>
        {
            endpoint.Protocols = HttpProtocols.None;
            endpoint.UseLucidTls(TestServer.Options());
            endpoint.Run(async connection =>
            {
                await connection.Transport.Output.WriteAsync("bye"u8.ToArray());
                await connection.Transport.Output.CompleteAsync();
                using var reader = new StreamReader(connection.Transport.Input.AsStream());
                received.SetResult(await reader.ReadToEndAsync());
            });
        });
        await using var client = await server.ConnectAsync();

        Assert.Equal("bye", await new StreamReader(client, leaveOpen: true).ReadToEndAsync(Cancel));
        await client.WriteAsync("still here"u8.ToArray(), Cancel);
        await client.ShutdownAsync(Cancel);

        Assert.Equal("still here", await received.Task.WaitAsync(Cancel));
    }

    [Fact]
    public async Task A_handler_of_another_protocol_is_told_of_a_truncation()
    {
        var end = new TaskCompletionSource<Exception?>();
        await using var server = await TestServer.StartAsync(_ => Task.CompletedTask, null, endpoint =>
        {
            endpoint.Protocols = HttpProtocols.None;
            endpoint.UseLucidTls(TestServer.Options());
            endpoint.Run(async connection =>
            {
                try
                {
                    await connection.Transport.Input.CopyToAsync(Stream.Null);
                    end.SetResult(null);
                }
                catch (IOException failure)
                {
                    end.SetResult(failure.InnerException);
                }
            });
        });
        using (var client = await server.DialAsync())
        {
            var tls = new TlsStream(client.GetStream());
            await tls.AuthenticateAsClientAsync(new TlsClientOptions { TargetHost = "localhost", CertificateVerifier = TestPki.Verifier }, Cancel);
            await tls.WriteAsync("half of it"u8.ToArray(), Cancel);
        }

        Assert.Equal(TlsError.Truncated, Assert.IsType<TlsException>(await end.Task.WaitAsync(Cancel)).Error);
    }
}
