using System.IO.Pipelines;
using System.Net.Sockets;
using LucidTls.Cli.Reporting;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace LucidTls.Cli.Serving;

/// <summary>Passes a connection's bytes on to a TCP service and back, each direction with its own end.</summary>
internal sealed class TcpForwarding(HostPort destination)
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    /// <summary>How long connections may go on once the tool was asked to stop.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    public async Task RunAsync(ConnectionContext client)
    {
        using var service = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (!await TryConnectAsync(service, client))
            return;

        var lifetime = client.Features.GetRequiredFeature<IConnectionLifetimeNotificationFeature>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(client.ConnectionClosed);
        using var graceful = lifetime.ConnectionClosedRequested.Register(() => stop.CancelAfter(Grace));
        await using var stream = new NetworkStream(service, ownsSocket: false);
        var ended = await Task.WhenAll(
            TryAsync(ToServiceAsync(client.Transport.Input, stream, service, stop.Token), stop),
            TryAsync(ToClientAsync(stream, client.Transport.Output, stop.Token), stop));
        if (ended.All(inPeace => inPeace) || lifetime.ConnectionClosedRequested.IsCancellationRequested)
            return;
        // What one side broke off must not look complete to the other: a reset there, no close_notify here.
        service.LingerState = new LingerOption(enable: true, seconds: 0);
        client.Abort(new ConnectionAbortedException("The other side of the tunnel broke off."));
    }

    private async Task<bool> TryConnectAsync(Socket service, ConnectionContext client)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(client.ConnectionClosed);
        timeout.CancelAfter(ConnectTimeout);
        try
        {
            await service.ConnectAsync(destination.Host, destination.Port, timeout.Token);
            return true;
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException)
        {
            if (!client.ConnectionClosed.IsCancellationRequested)
                Terminal.MarkupLine($"[yellow]warning:[/] {Terminal.Escape($"{destination} does not take connections: {failure.Message}")}");
            return false;
        }
    }

    private static async Task ToServiceAsync(PipeReader client, Stream stream, Socket service, CancellationToken stop)
    {
        await client.CopyToAsync(stream, stop);
        service.Shutdown(SocketShutdown.Send);
    }

    private static async Task ToClientAsync(Stream service, PipeWriter client, CancellationToken stop)
    {
        await service.CopyToAsync(client, stop);
        // Sends close_notify; the client may go on sending.
        await client.CompleteAsync();
    }

    /// <summary>Whether a direction ended in peace, after which the other goes on; if it broke, the other is stopped.</summary>
    private static async Task<bool> TryAsync(Task direction, CancellationTokenSource stop)
    {
        try
        {
            await direction;
            return true;
        }
        catch (Exception failure) when (failure is IOException or SocketException or OperationCanceledException)
        {
            await stop.CancelAsync();
            return false;
        }
    }
}
