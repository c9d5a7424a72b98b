using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace LucidTls.Http.Tests;

/// <summary>Forwards each connection to one of two ports, as its first byte says: a TLS handshake or anything else.</summary>
internal sealed class Front : Listener
{
    private readonly Func<bool, int> _portFor;

    /// <param name="portFor">The port for connections with TLS (true) and without.</param>
    public Front(Func<bool, int> portFor)
    {
        _portFor = portFor;
    }

    /// <summary>For each connection, whether it began with a TLS handshake.</summary>
    public ConcurrentQueue<bool> Seen { get; } = new();

    protected override async Task ServeAsync(TcpClient client)
    {
        using var near = client;
        try
        {
            var first = new byte[1];
            await near.GetStream().ReadExactlyAsync(first, End);
            var isTls = first[0] == 0x16;
            Seen.Enqueue(isTls);
            using var far = new TcpClient();
            await far.ConnectAsync(IPAddress.Loopback, _portFor(isTls), End);
            await far.GetStream().WriteAsync(first, End);
            await Relay.BothWaysAsync(near.GetStream(), far.GetStream(), End);
        }
        catch (Exception end) when (end is OperationCanceledException or IOException or SocketException)
        {
            // The test is over, or one of the ends is.
        }
    }
}
