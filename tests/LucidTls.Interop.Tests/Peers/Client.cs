using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace LucidTls.Interop.Tests.Peers;

/// <summary>A client of ours against a port of loopback.</summary>
internal static class Client
{
    public static async Task<TlsStream> ConnectAsync(int port, TlsClientOptions options)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port);
        var tls = new TlsStream(new NetworkStream(socket, ownsSocket: true));
        try
        {
            using var limit = new CancellationTokenSource(PeerProcess.Patience);
            await tls.AuthenticateAsClientAsync(options, limit.Token);
            return tls;
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    /// <summary>Why a connection does not come about.</summary>
    public static async Task<TlsException> FailureAsync(int port, TlsClientOptions options)
    {
        var failure = await Assert.ThrowsAsync<AuthenticationException>(() => ConnectAsync(port, options));
        return Assert.IsType<TlsException>(failure.InnerException);
    }

    /// <summary>Sends a line and reads until it has come back.</summary>
    public static async Task EchoAsync(Stream stream, string line = "hello")
    {
        await stream.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"), TestContext.Current.CancellationToken);
        await ReadUntilAsync(stream, line);
    }

    /// <summary>Reads until the text has come.</summary>
    public static async Task<string> ReadUntilAsync(Stream stream, string text)
    {
        using var limit = new CancellationTokenSource(PeerProcess.Patience);
        var received = new StringBuilder();
        var buffer = new byte[4096];
        while (!received.ToString().Contains(text, StringComparison.Ordinal))
        {
            var count = await stream.ReadAsync(buffer, limit.Token);
            Assert.True(count > 0, $"The stream ended before \"{text}\" came; it said \"{received}\".");
            received.Append(Encoding.UTF8.GetString(buffer, 0, count));
        }
        return received.ToString();
    }
}
