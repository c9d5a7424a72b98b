using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LucidTls.Http.Tests;

/// <summary>A SOCKS 5 proxy on loopback. All names lead to 127.0.0.1.</summary>
internal sealed class SocksProxy : Listener
{
    private readonly string? _password;

    /// <param name="password">What user "lucid" must say; null to ask nobody.</param>
    public SocksProxy(string? password = null)
    {
        _password = password;
    }

    public Uri Uri => new($"socks5://127.0.0.1:{Port}");

    /// <summary>Where the connections were to go.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    protected override async Task ServeAsync(TcpClient client)
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
                await stream.WriteAsync((byte[])[5, 2, 0, 1, 0, 0, 0, 0, 0, 0], End);
                return;
            }
            Requests.Enqueue($"{host}:{port[0] << 8 | port[1]}");
            using var far = new TcpClient();
            await far.ConnectAsync(IPAddress.Loopback, port[0] << 8 | port[1], End);
            // The address in the answer may be a name.
            await stream.WriteAsync((byte[])[5, 0, 0, 3, 4, .. "here"u8, 0, 0], End);
            await Relay.BothWaysAsync(stream, far.GetStream(), End);
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
            await stream.WriteAsync((byte[])[5, 0xFF], End);
            return false;
        }
        await stream.WriteAsync((byte[])[5, method], End);
        if (_password == null)
            return true;
        var name = Encoding.UTF8.GetString(await ReadAsync(stream, (await ReadAsync(stream, 2))[1]));
        var password = Encoding.UTF8.GetString(await ReadAsync(stream, (await ReadAsync(stream, 1))[0]));
        var isKnown = name == "lucid" && password == _password;
        await stream.WriteAsync((byte[])[1, (byte)(isKnown ? 0 : 1)], End);
        return isKnown;
    }

    private async Task<byte[]> ReadAsync(Stream stream, int count)
    {
        var bytes = new byte[count];
        await stream.ReadExactlyAsync(bytes, End);
        return bytes;
    }
}
