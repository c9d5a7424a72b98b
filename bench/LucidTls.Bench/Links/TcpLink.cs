using System.Net;
using System.Net.Sockets;

namespace LucidTls.Bench.Links;

/// <summary>TCP over the loopback interface.</summary>
internal sealed class TcpLink : Link
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public TcpLink()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
    }

    public override string Name => "TCP";

    public override bool IsInline => false;

    public override async ValueTask<StreamPair> OpenAsync()
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await client.ConnectAsync(_listener.LocalEndPoint!);
        var server = await _listener.AcceptAsync();
        server.NoDelay = true;
        return new StreamPair(new NetworkStream(client, ownsSocket: true), new NetworkStream(server, ownsSocket: true));
    }

    public override void Dispose() => _listener.Dispose();
}
