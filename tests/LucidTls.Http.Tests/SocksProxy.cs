using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LucidTls.Http.Tests;

/// <summary>A SOCKS 5 proxy on loopback. All names lead to 127.0.0.1.</summary>
internal sealed class SocksProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly string? _password;
    private readonly Task _serving;

    /// <param name="password">What user "lucid" must say; null to ask nobody.</param>
    public SocksProxy(string? password = null)
    {
        _password = password;
        _listener.Start();
        _serving = ServeAsync();
    }

    public Uri Uri => new($"socks5://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>Where the connections were to go.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    public void Dispose()
    {
        _end.Cancel();
        _listener.Dispose();
        _serving.Wait(TimeSpan.FromSeconds(30));
        _end.Dispose();
    }

    private async Task ServeAsync()
    {
        var links = new List<Task>();
        try
        {
            while (true)
                links.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_end.Token)));
        }
        catch (Exception end) when (end is OperationCanceledException or SocketException or InvalidOperationException)
        {
            await Task.WhenAll(links);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var connection = client;
        try
        {
            var stream = connection.GetStream();
            if (!await GreetAsync(stream))
                return;
            var request = await ReadAsync(stream, 4);
            var host = request[3] switch
            {
                1 => new IPAddress(await ReadAsync(stream, 4)).ToString(),
                4 => new IPAddress(await ReadAsync(stream, 16)).ToString(),
                _ => Encoding.ASCII.GetString(await ReadAsync(stream, (await ReadAsync(stream, 1))[0])),
            };
            var port = await ReadAsync(stream, 2);
            if (host == "forbidden.example")
            {
                await stream.WriteAsync((byte[])[5, 2, 0, 1, 0, 0, 0, 0, 0, 0], _end.Token);
                return;
            }
            Requests.Enqueue($"{host}:{port[0] << 8 | port[1]}");
            using var far = new TcpClient();
            await far.ConnectAsync(IPAddress.Loopback, port[0] << 8 | port[1], _end.Token);
            // The address in the answer may be a name.
            await stream.WriteAsync((byte[])[5, 0, 0, 3, 4, .. "here"u8, 0, 0], _end.Token);
            await Relay.BothWaysAsync(stream, far.GetStream(), _end.Token);
        }
        catch (Exception end) when (end is OperationCanceledException or IOException or SocketException)
        {
            // The test is over, or one of the ends is.
        }
    }

    private async Task<bool> GreetAsync(Stream stream)
    {
        var methods = await ReadAsync(stream, (await ReadAsync(stream, 2))[1]);
        var method = (byte)(_password == null ? 0 : 2);
        if (!methods.Contains(method))
        {
            await stream.WriteAsync((byte[])[5, 0xFF], _end.Token);
            return false;
        }
        await stream.WriteAsync((byte[])[5, method], _end.Token);
        if (_password == null)
            return true;
        var name = Encoding.UTF8.GetString(await ReadAsync(stream, (await ReadAsync(stream, 2))[1]));
        var password = Encoding.UTF8.GetString(await ReadAsync(stream, (await ReadAsync(stream, 1))[0]));
        var isKnown = name == "lucid" && password == _password;
        await stream.WriteAsync((byte[])[1, (byte)(isKnown ? 0 : 1)], _end.Token);
        return isKnown;
    }

    private async Task<byte[]> ReadAsync(Stream stream, int count)
    {
        var bytes = new byte[count];
        await stream.ReadExactlyAsync(bytes, _end.Token);
        return bytes;
    }
}
