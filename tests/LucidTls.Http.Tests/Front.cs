using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace LucidTls.Http.Tests;

/// <summary>Forwards each connection to one of two ports, as its first byte says: a TLS handshake or anything else.</summary>
internal sealed class Front : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Func<bool, int> _portFor;
    private readonly Task _serving;

    /// <param name="portFor">The port for connections with TLS (true) and without.</param>
    public Front(Func<bool, int> portFor)
    {
        _portFor = portFor;
        _listener.Start();
        _serving = ServeAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>For each connection, whether it began with a TLS handshake.</summary>
    public ConcurrentQueue<bool> Seen { get; } = new();

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
                links.Add(LinkAsync(await _listener.AcceptTcpClientAsync(_end.Token)));
        }
        catch (Exception end) when (end is OperationCanceledException or SocketException or InvalidOperationException)
        {
            await Task.WhenAll(links);
        }
    }

    private async Task LinkAsync(TcpClient client)
    {
        using var near = client;
        try
        {
            var first = new byte[1];
            await near.GetStream().ReadExactlyAsync(first, _end.Token);
            var isTls = first[0] == 0x16;
            Seen.Enqueue(isTls);
            using var far = new TcpClient();
            await far.ConnectAsync(IPAddress.Loopback, _portFor(isTls), _end.Token);
            await far.GetStream().WriteAsync(first, _end.Token);
            await Relay.BothWaysAsync(near.GetStream(), far.GetStream(), _end.Token);
        }
        catch (Exception end) when (end is OperationCanceledException or IOException or SocketException)
        {
            // The test is over, or one of the ends is.
        }
    }
}
