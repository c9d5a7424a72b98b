using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LucidTls.Http.Tests;

/// <summary>A proxy on loopback: CONNECT, and GET with an absolute URI. All names lead to 127.0.0.1, and all IPv6 addresses to ::1.</summary>
internal sealed class TestProxy : Listener
{
    private readonly string? _authorization;
    private readonly TlsServerOptions? _tls;

    /// <param name="password">What user "lucid" must say; null to ask nobody.</param>
    /// <param name="tls">What an https proxy proves itself with; null for an http proxy.</param>
    public TestProxy(string? password = null, TlsServerOptions? tls = null)
    {
        _authorization = password == null ? null : "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"lucid:{password}"));
        _tls = tls;
    }

    public Uri Uri => new($"{(_tls == null ? "http" : "https")}://localhost:{Port}");

    /// <summary>The first line of each request.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>All headers of all requests.</summary>
    public ConcurrentQueue<string> Headers { get; } = new();

    protected override async Task ServeAsync(TcpClient client)
    {
        using var connection = client;
        try
        {
            Stream stream = connection.GetStream();
            if (_tls != null)
            {
                var secured = new TlsStream(stream);
                await secured.AuthenticateAsServerAsync(_tls, End);
                stream = secured;
            }
            await using var _ = stream;
            while (await ReadHeadAsync(stream) is { } head)
            {
                if (await AnswerAsync(stream, head))
                    return;
            }
        }
        catch (Exception end) when (end is OperationCanceledException or IOException or SocketException or System.Security.Authentication.AuthenticationException)
        {
            // The test is over, or one of the ends is.
        }
    }

    /// <returns>Whether the connection is used up.</returns>
    private async Task<bool> AnswerAsync(Stream stream, string head)
    {
        var lines = head.Split("\r\n");
        Requests.Enqueue(lines[0]);
        foreach (var line in lines[1..])
            Headers.Enqueue(line);
        if (_authorization != null && !lines.Contains("Proxy-Authorization: " + _authorization))
        {
            await stream.WriteAsync("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"test\"\r\nContent-Length: 6\r\n\r\nlocked"u8.ToArray(), End);
            return false;
        }
        var words = lines[0].Split(' ');
        var isTunnel = words[0] == "CONNECT";
        var destination = new Uri(isTunnel ? $"https://{words[1]}" : words[1]);
        if (destination.Host == "forbidden.example")
        {
            await stream.WriteAsync("HTTP/1.1 403 Not here\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), End);
            return false;
        }
        using var far = new TcpClient();
        await far.ConnectAsync(destination.HostNameType == UriHostNameType.IPv6 ? IPAddress.IPv6Loopback : IPAddress.Loopback, destination.Port, End);
        if (isTunnel)
            await stream.WriteAsync("HTTP/1.1 200 Go ahead\r\n\r\n"u8.ToArray(), End);
        else
            await far.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"{words[0]} {destination.PathAndQuery} HTTP/1.1\r\n{string.Join("\r\n", lines[1..])}\r\n\r\n"), End);
        await Relay.BothWaysAsync(stream, far.GetStream(), End);
        return true;
    }

    private async Task<string?> ReadHeadAsync(Stream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (await stream.ReadAsync(one, End) == 1)
        {
            head.Append((char)one[0]);
            if (head.Length >= 4 && head.ToString(head.Length - 4, 4) == "\r\n\r\n")
                return head.ToString(0, head.Length - 4);
        }
        return null;
    }
}
