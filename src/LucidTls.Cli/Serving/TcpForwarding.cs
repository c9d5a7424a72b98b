using System.Net.Sockets;
using LucidTls.Cli.Reporting;
using LucidTls.StartTls;
using Microsoft.AspNetCore.Connections;

namespace LucidTls.Cli.Serving;

/// <summary>Passes what came over TLS on to a plain TCP service, and back.</summary>
/// <param name="upstreams">The service, or several that do the same.</param>
/// <param name="proxyHeader">How it is told whose connection it gets; null for not at all.</param>
/// <param name="limits">How long connections may be silent.</param>
internal sealed class TcpForwarding(Upstreams upstreams, ProxyVersion? proxyHeader, RelayLimits limits)
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
        using var service = await TryConnectAsync(client, greeting);
        if (service is not null)
            await PassOnAsync(client, end, service);
    }

    /// <param name="client">The connection.</param>
    /// <param name="end">Where the application's bytes come from.</param>
    /// <param name="service">What <see cref="TryConnectAsync"/> gave.</param>
    public Task PassOnAsync(ConnectionContext client, RelayEnd end, Socket service)
    {
        KeepAlive.On(client);
        return Relay.RunAsync(end, RelayEnd.Of(service), client, limits, Grace, client.ConnectionClosed);
    }

    /// <param name="client">Whom the service is told of.</param>
    /// <param name="greeting">As for <see cref="PassOnAsync(ConnectionContext, RelayEnd, StartTlsProtocol?)"/>.</param>
    /// <returns>A connection to the service; null, and a warning, when there is none to be had.</returns>
    public async Task<Socket?> TryConnectAsync(ConnectionContext client, StartTlsProtocol? greeting)
    {
        Socket? service = null;
        try
        {
            service = await upstreams.ConnectAsync(upstreams.Next(), client.ConnectionClosed);
            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(client.ConnectionClosed);
            timeout.CancelAfter(ConnectTimeout);
            if (proxyHeader is { } version)
                await service.SendAsync(ProxyProtocol.HeaderOf(client, version), timeout.Token);
            if (greeting is not null)
            {
                await using var stream = new NetworkStream(service, ownsSocket: false);
                await greeting.SkipGreetingAsync(stream, timeout.Token);
            }
            return service;
        }
        catch (Exception failure) when (failure is CliException or SocketException or OperationCanceledException or System.Security.Authentication.AuthenticationException or IOException)
        {
            service?.Dispose();
            RelayMeter.Refused("service_unavailable");
            if (!client.ConnectionClosed.IsCancellationRequested)
                ConnectionLog.Failed($"{client.RemoteEndPoint}: not passed on. {failure.Message}");
            return null;
        }
    }
}
