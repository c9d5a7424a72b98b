using System.Net;
using System.Net.Sockets;

namespace LucidTls.Http.Tests;

/// <summary>Listens on a free port of loopback and serves each connection by itself, until it is disposed of.</summary>
internal abstract class Listener : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Task _serving;

    protected Listener()
    {
        _listener.Start();
        _serving = ServeAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Cancelled when the test is over.</summary>
    protected CancellationToken End => _end.Token;

    public void Dispose()
    {
        _end.Cancel();
        _listener.Dispose();
        _serving.Wait(TimeSpan.FromSeconds(30));
        _end.Dispose();
    }

    /// <summary>Owns the connection, and ends without an exception when the test is over.</summary>
    protected abstract Task ServeAsync(TcpClient client);

    private async Task ServeAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
                connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(End)));
        }
        catch (Exception end) when (end is OperationCanceledException or SocketException or InvalidOperationException)
        {
            await Task.WhenAll(connections);
        }
    }
}
