using System.Net;
using System.Net.Sockets;

namespace LucidTls.TestSupport;

/// <summary>A port of loopback that refuses whoever connects: it is taken, so that the system gives it to nobody who would answer, and nobody listens.</summary>
public sealed class ClosedPort : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public ClosedPort() => _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));

    public int Number => ((IPEndPoint)_socket.LocalEndPoint!).Port;

    public void Dispose() => _socket.Dispose();
}
