using System.Net;
using System.Net.Sockets;
using System.Text;
using LucidTls.Certificates;

namespace LucidTls.Cli.Tests;

public sealed class ServeProxyProtocolTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static async Task<NetworkStream> ConnectAsync(Tool tool, string header)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, tool.Port, Cancel);
        await socket.SendAsync(Encoding.Latin1.GetBytes(header), Cancel);
        return new NetworkStream(socket, ownsSocket: true);
    }

    private async Task<TlsStream> HandshakeAsync(Tool tool, string header)
    {
        var tls = new TlsStream(await ConnectAsync(tool, header));
        await tls.AuthenticateAsClientAsync(new TlsClientOptions { TargetHost = "localhost", CertificateVerifier = CertificateVerifier.FromPemFile(_folder["lucidtls/ca.pem"]), HandshakeTimeout = TimeSpan.FromMinutes(1) }, Cancel);
        return tls;
    }

    /// <summary>Sends back all it got, once that has ended.</summary>
    private static Peer Echo() => new(async socket =>
    {
        await using var stream = new NetworkStream(socket);
        using var all = new MemoryStream();
        await stream.CopyToAsync(all);
        await stream.WriteAsync(all.ToArray());
    });

    [Fact]
    public async Task An_HTTP_service_is_told_the_address_from_the_header_and_not_the_one_the_client_claims()
    {
        await using var service = new Peer(async socket =>
        {
            var request = new StringBuilder();
            var buffer = new byte[4096];
            while (!request.ToString().Contains("\r\n\r\n", StringComparison.Ordinal) && await socket.ReceiveAsync(buffer) is var count and > 0)
                request.Append(Encoding.Latin1.GetString(buffer, 0, count));
            await socket.SendAsync(Encoding.Latin1.GetBytes($"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {request.Length}\r\n\r\n{request}"));
        });
        await using var tool = await Tool.ServeAsync(_folder.Path, "--proxy-protocol", "--to", $"http://127.0.0.1:{service.Port}");
        await using var client = await HandshakeAsync(tool, "PROXY TCP4 192.0.2.7 198.51.100.2 56324 443\r\n");
        await client.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 203.0.113.9\r\nConnection: close\r\n\r\n"u8.ToArray(), Cancel);

        var seen = await new StreamReader(client).ReadToEndAsync(Cancel);

        Assert.Contains("X-Forwarded-For: 192.0.2.7\r\n", seen, StringComparison.Ordinal);
        Assert.Contains("X-Forwarded-Proto: https\r\n", seen, StringComparison.Ordinal);
        Assert.DoesNotContain("203.0.113.9", seen, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("v1", "PROXY TCP4 192.0.2.7 198.51.100.2 56324 443\r\nhello")]
    [InlineData("v2", "\r\n\r\n\0\r\nQUIT\n\u0021\u0011\0\u000C\u00C0\0\u0002\u0007\u00C6\u0033\u0064\u0002\u00DC\u0004\u0001\u00BBhello")]
    public async Task A_TCP_service_is_told_whose_connection_it_gets(string version, string expected)
    {
        await using var service = Echo();
        await using var tool = await Tool.ServeAsync(_folder.Path, "--proxy-protocol", "--send-proxy-protocol", version, "--to", $"tcp://127.0.0.1:{service.Port}");
        await using var client = await HandshakeAsync(tool, "PROXY TCP4 192.0.2.7 198.51.100.2 56324 443\r\n");
        await client.WriteAsync("hello"u8.ToArray(), Cancel);
        await client.ShutdownAsync(Cancel);

        Assert.Equal(expected, await new StreamReader(client, Encoding.Latin1).ReadToEndAsync(Cancel));
    }

    /// <summary>Sends that, ends its side, and gives what comes back.</summary>
    private static async Task<string> SayAndListenAsync(EndPoint tunnel, string text)
    {
        using var client = new Socket(tunnel.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(tunnel, Cancel);
        await using var stream = new NetworkStream(client);
        await stream.WriteAsync(Encoding.Latin1.GetBytes(text), Cancel);
        client.Shutdown(SocketShutdown.Send);
        return await new StreamReader(stream, Encoding.Latin1).ReadToEndAsync(Cancel);
    }

    [Fact]
    public async Task A_tunnel_takes_the_header_from_its_client_and_sends_it_to_the_server_before_TLS()
    {
        await using var service = Echo();
        await using var front = await Tool.ServeAsync(_folder.Path, "--proxy-protocol", "--send-proxy-protocol", "v1", "--to", $"tcp://127.0.0.1:{service.Port}");
        await using var tunnel = await Tool.TunnelAsync(_folder.Path, "--proxy-protocol", "--send-proxy-protocol", "v2", "--to", $"localhost:{front.Port}", "--roots", _folder["lucidtls/ca.pem"]);
        const string Said = "PROXY TCP6 2001:db8::7 2001:db8::1 56324 6379\r\nhello";

        Assert.Equal(Said, await SayAndListenAsync(IPEndPoint.Parse(tunnel.Url), Said));
    }

    [Fact]
    public async Task A_tunnel_from_a_Unix_socket_says_that_it_knows_no_address()
    {
        const string Unknown = "PROXY UNKNOWN\r\n";
        var header = new TaskCompletionSource<string>();
        await using var server = new Peer(async socket =>
        {
            var got = new byte[Unknown.Length];
            await using var stream = new NetworkStream(socket);
            await stream.ReadExactlyAsync(got);
            header.SetResult(Encoding.Latin1.GetString(got));
        });
        await using var tunnel = await Tool.TunnelAsync(_folder.Path, "--listen", $"unix:{_folder["s"]}", "--send-proxy-protocol", "v1", "--to", $"localhost:{server.Port}");
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(new UnixDomainSocketEndPoint(_folder["s"]), Cancel);

        Assert.Equal(Unknown, await header.Task.WaitAsync(Cancel));
    }

    [Fact]
    public async Task A_tunnel_refuses_a_client_without_the_header()
    {
        await using var tunnel = await Tool.TunnelAsync(_folder.Path, "--proxy-protocol", "--to", "localhost:1");
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await client.ConnectAsync(IPEndPoint.Parse(tunnel.Url), Cancel);
        await client.SendAsync("hello"u8.ToArray(), Cancel);

        await tunnel.WaitForErrorAsync("does not begin with a header of the PROXY protocol");
    }

    [Fact]
    public async Task A_connection_without_the_header_is_refused_and_explained()
    {
        await using var tool = await Tool.ServeAsync(_folder.Path, "--proxy-protocol");
        await using var client = await ConnectAsync(tool, "GET / HTTP/1.1\r\n\r\n");

        await tool.WaitForErrorAsync("does not begin with a header of the PROXY protocol");
    }

    [Fact]
    public async Task The_header_is_sent_to_TCP_services_only()
    {
        var result = await Tool.RunAsync(_folder.Path, null, "serve", "--send-proxy-protocol", "v1", "--to", "http://127.0.0.1:1");

        Assert.Equal(ExitCode.Usage, result.ExitCode);
        Assert.Contains("X-Forwarded-For", result.Errors, StringComparison.Ordinal);
    }
}
