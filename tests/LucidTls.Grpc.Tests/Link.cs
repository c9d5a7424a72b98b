using System.Net;
using System.Net.Sockets;

namespace LucidTls.Grpc.Tests;

/// <summary>Carries one connection to a port of this machine, until it is cut.</summary>
internal sealed class Link : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Task _carrying;
    private TcpClient? _near;
    private TcpClient? _far;

    public Link(int port)
    {
        _listener.Start();
        _carrying = CarryAsync(port);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Ends both halves: with a reset, as a crash does, or with an end of the stream that TLS has not announced.</summary>
    public void Cut(bool isReset)
    {
        foreach (var half in (TcpClient[])[_near!, _far!])
        {
            if (isReset)
                half.Client.Close(timeout: 0);
            else
                half.Client.Shutdown(SocketShutdown.Send);
        }
    }

    public void Dispose()
    {
        _end.Cancel();
        _listener.Dispose();
        _carrying.Wait(TimeSpan.FromSeconds(30));
        _near?.Dispose();
        _far?.Dispose();
        _end.Dispose();
    }

    private async Task CarryAsync(int port)
    {
        try
        {
            _near = await _listener.AcceptTcpClientAsync(_end.Token);
            _far = new TcpClient();
            await _far.ConnectAsync(IPAddress.Loopback, port, _end.Token);
            await Task.WhenAll(CopyAsync(_near, _far), CopyAsync(_far, _near));
        }
        catch (Exception end) when (end is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
            // It was cut, or the test is over.
        }
    }

    private async Task CopyAsync(TcpClient from, TcpClient to) => await from.GetStream().CopyToAsync(to.GetStream(), _end.Token);
}
