using System.Net;
using System.Net.Sockets;

namespace LucidTls.Interop.Tests.Peers;

/// <summary>Many clients of ours against one port of loopback.</summary>
internal static class Crowd
{
    // More handshakes than that at the same time would only wait for each other, on a slow machine beyond their timeouts.
    private const int HandshakesAtOnce = 50;

    public static async Task InSequenceAsync(int port, TlsClientOptions options, int count, Func<TlsStream, Task> talk)
    {
        using var turn = new SemaphoreSlim(1);
        for (var i = 0; i < count; i++)
            await TalkAsync(port, options, turn, talk);
    }

    /// <summary>All are connected before the first of them talks.</summary>
    public static async Task AtOnceAsync(int port, TlsClientOptions options, int count, Func<TlsStream, Task> talk)
    {
        var allConnected = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var turn = new SemaphoreSlim(HandshakesAtOnce);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var connected = 0;
        await Task.WhenAll(Enumerable.Range(0, count).Select(_ => Task.Run(async () =>
        {
            try
            {
                await TalkAsync(port, options, turn, async tls =>
                {
                    if (Interlocked.Increment(ref connected) == count)
                        allConnected.SetResult();
                    await allConnected.Task.WaitAsync(stop.Token);
                    await talk(tls);
                });
            }
            catch
            {
                // The others would wait for this one for ever.
                await stop.CancelAsync();
                throw;
            }
        })));
    }

    private static async Task TalkAsync(int port, TlsClientOptions options, SemaphoreSlim turn, Func<TlsStream, Task> talk)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await using var tls = await HandshakeAsync(socket, port, options, turn);
        // Else ten thousand ports would wait for late packets.
        socket.LingerState = new LingerOption(true, 0);
        await talk(tls);
    }

    private static async Task<TlsStream> HandshakeAsync(Socket socket, int port, TlsClientOptions options, SemaphoreSlim turn)
    {
        await turn.WaitAsync();
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port);
            var tls = new TlsStream(new NetworkStream(socket, ownsSocket: true));
            await tls.AuthenticateAsClientAsync(options);
            return tls;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
        finally
        {
            turn.Release();
        }
    }
}
