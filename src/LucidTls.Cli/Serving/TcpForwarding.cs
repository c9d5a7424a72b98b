using System.Net.Sockets;
using LucidTls.Cli.Reporting;
using LucidTls.StartTls;
using Microsoft.AspNetCore.Connections;

namespace LucidTls.Cli.Serving;

/// <summary>Passes what came over TLS on to a plain TCP service, and back.</summary>
/// <param name="destination">The service.</param>
/// <param name="proxyHeader">How it is told whose connection it gets; null for not at all.</param>
internal sealed class TcpForwarding(HostPort destination, ProxyVersion? proxyHeader)
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    /// <summary>How long connections may go on once the tool was asked to stop.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    /// <summary>For a client whose TLS is done already.</summary>
    public Task RunAsync(ConnectionContext client) => PassOnAsync(client, RelayEnd.Of(client), greeting: null);

    /// <param name="client">The connection.</param>
    /// <param name="end">Where the application's bytes come from.</param>
    /// <param name="greeting">The protocol whose greeting the client has had already; null when the service is to greet.</param>
    public async Task PassOnAsync(ConnectionContext client, RelayEnd end, StartTlsProtocol? greeting)
    {
        using var service = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (!await TryConnectAsync(service, greeting, client))
        {
            RelayMeter.Refused("service_unavailable");
            return;
        }
        await Relay.RunAsync(end, RelayEnd.Of(service), client, Grace, client.ConnectionClosed);
    }

    private async Task<bool> TryConnectAsync(Socket service, StartTlsProtocol? greeting, ConnectionContext client)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(client.ConnectionClosed);
        timeout.CancelAfter(ConnectTimeout);
        try
        {
            await service.ConnectAsync(destination.Host, destination.Port, timeout.Token);
            if (proxyHeader is { } version)
                await service.SendAsync(ProxyProtocol.HeaderOf(client, version), timeout.Token);
            if (greeting is not null)
            {
                await using var stream = new NetworkStream(service, ownsSocket: false);
                await greeting.SkipGreetingAsync(stream, timeout.Token);
            }
            return true;
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException or System.Security.Authentication.AuthenticationException)
        {
            if (!client.ConnectionClosed.IsCancellationRequested)
                Terminal.MarkupLine($"[yellow]warning:[/] {Terminal.Escape($"{destination} does not take connections: {failure.Message}")}");
            return false;
        }
    }
}
