using System.Net.Sockets;

namespace LucidTls.Http.Tests;

/// <summary>Carries bytes between a client and a server.</summary>
internal static class Relay
{
    /// <summary>Until the client closes. What the server said last arrives, also when the client still sends.</summary>
    public static async Task BothWaysAsync(Stream client, Stream server, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var there = client.CopyToAsync(server, end.Token);
        var back = server.CopyToAsync(client, end.Token);
        if (await Task.WhenAny(there, back) == there && there.IsCompletedSuccessfully)
        {
            await end.CancelAsync();
            await back.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return;
        }
        await back.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await end.CancelAsync();
        await there.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        (client as NetworkStream)?.Socket.Shutdown(SocketShutdown.Send);
        await client.CopyToAsync(Stream.Null, cancellationToken);
    }
}
