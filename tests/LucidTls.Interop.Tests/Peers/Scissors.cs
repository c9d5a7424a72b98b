using System.Net;
using System.Net.Sockets;

namespace LucidTls.Interop.Tests.Peers;

/// <summary>A relay in front of a server that cuts each connection, at both ends, after so many bytes in one direction.</summary>
internal sealed class Scissors : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly int _server;
    private readonly Task _accepting;

    public Scissors(int server)
    {
        _server = server;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>After how many bytes the next connection is cut.</summary>
    public int After { get; set; }

    /// <summary>Whether the client's bytes are counted, or the server's.</summary>
    public bool CountsClient { get; set; }

    /// <summary>Whether it is cut by RST, or ended by FIN.</summary>
    public bool IsReset { get; set; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _listener.Stop();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                using var near = await _listener.AcceptSocketAsync(_stop.Token);
                using var far = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                near.NoDelay = true;
                await far.ConnectAsync(IPAddress.Loopback, _server, _stop.Token);
                var up = CopyAsync(near, far, CountsClient ? After : int.MaxValue);
                var down = CopyAsync(far, near, CountsClient ? int.MaxValue : After);
                await Task.WhenAny(up, down);
                if (IsReset)
                    (near.LingerState, far.LingerState) = (new LingerOption(true, 0), new LingerOption(true, 0));
                near.Dispose();
                far.Dispose();
                await Task.WhenAll(up, down);
            }
        }
        catch (OperationCanceledException)
        {
            // Told to stop.
        }
    }

    private async Task CopyAsync(Socket from, Socket to, int left)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (left > 0)
            {
                var count = await from.ReceiveAsync(buffer.AsMemory(0, Math.Min(left, buffer.Length)), _stop.Token);
                if (count == 0)
                    return;
                await to.SendAsync(buffer.AsMemory(0, count), _stop.Token);
                left -= count;
            }
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // One end is gone, as it should be.
        }
    }
}
