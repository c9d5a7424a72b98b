using System.Net;
using System.Net.Sockets;

namespace LucidTls.TestSupport;

/// <summary>Ports of loopback for those who cannot have the system give them one as they begin to listen.</summary>
public static class LoopbackPort
{
    private const int First = 21_000;
    private const int Count = 10_000;

    private static int _tried = Random.Shared.Next(Count);

    /// <summary>One that nobody uses, and that no other call gives: from below those that the system gives to whoever asks for any.</summary>
    public static int Free()
    {
        while (true)
        {
            var port = First + Interlocked.Increment(ref _tried) % Count;
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                // Somebody else's; the next one, then.
            }
        }
    }
}
