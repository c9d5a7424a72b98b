using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using LucidTls.AspNetCore;
using LucidTls.Cli.Connecting;
using LucidTls.Cli.Reporting;
using LucidTls.StartTls;
using Microsoft.AspNetCore.Connections;

namespace LucidTls.Cli.Serving;

/// <summary>Passes what came over TLS on to a TCP service, and back; over TLS of its own where the service has it.</summary>
/// <param name="upstreams">The service, or several that do the same.</param>
/// <param name="proxyHeader">How it is told, before anything else, whose connection it gets; null for not at all.</param>
/// <param name="limits">How long connections may be silent.</param>
/// <param name="grace">How long they may go on once the tool was asked to stop.</param>
internal sealed class TcpForwarding(Upstreams upstreams, ProxyVersion? proxyHeader, RelayLimits limits, TimeSpan grace)
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Whether services are asked for TLS with what the client asks for it with.</summary>
    public bool TurnsToTlsWithClient => upstreams.StartTls is { NeedsServerToAccept: true };

    /// <summary>For a client whose TLS is done already.</summary>
    public Task RunAsync(ConnectionContext client) => PassOnAsync(client, RelayEnd.Of(client), client.Features.Get<ITlsSessionFeature>()?.Session.ApplicationProtocol ?? default, greeting: null);

    /// <param name="client">The connection.</param>
    /// <param name="end">Where the application's bytes come from.</param>
    /// <param name="agreed">What was agreed on with the client by ALPN.</param>
    /// <param name="greeting">The protocol whose greeting the client has had already; null when the service is to greet.</param>
    public async Task PassOnAsync(ConnectionContext client, RelayEnd end, SslApplicationProtocol agreed, StartTlsProtocol? greeting)
    {
        if (await TryConnectAsync(client, end.Stream, agreed, greeting) is not { } service)
            return;
        await using var closing = service.Stream;
        await PassOnAsync(client, end, service);
    }

    /// <param name="client">The connection.</param>
    /// <param name="end">Where the application's bytes come from.</param>
    /// <param name="service">What <see cref="TryConnectAsync"/> gave.</param>
    public Task PassOnAsync(ConnectionContext client, RelayEnd end, RelayEnd service)
    {
        KeepAlive.On(client);
        return Relay.RunAsync(end, service, client, limits, grace, client.ConnectionClosed);
    }

    /// <param name="client">Whom the service is told of.</param>
    /// <param name="from">Where the application's bytes come from; null while the client is not under TLS, before a service that speaks first.</param>
    /// <param name="agreed">As for <see cref="PassOnAsync(ConnectionContext, RelayEnd, SslApplicationProtocol, StartTlsProtocol?)"/>.</param>
    /// <param name="greeting">The same.</param>
    /// <returns>A connection to the service, whose stream is to be disposed of; null, and a warning, when there is none to be had. Where it <see cref="TurnsToTlsWithClient"/>, it is plain.</returns>
    public async Task<RelayEnd?> TryConnectAsync(ConnectionContext client, Stream? from, SslApplicationProtocol agreed, StartTlsProtocol? greeting)
    {
        Dialed? dialed = null;
        var service = await TryAsync(
            client,
            async timeout =>
            {
                dialed = await upstreams.ConnectAsync(upstreams.Next(), client.ConnectionClosed);
                timeout.CancelAfter(ConnectTimeout);
                if (proxyHeader is { } version)
                    await dialed.Socket.SendAsync(ProxyProtocol.HeaderOf(client, version), timeout.Token);
                var isPlain = upstreams.Tls is null || (from is null && TurnsToTlsWithClient);
                var service = isPlain ? RelayEnd.Of(dialed.Socket) : await SecureAsync(dialed.Socket, from, upstreams.Tls!.Current, agreed, isGreeted: greeting is not null, timeout.Token);
                // Who asked for TLS has read the greeting.
                if (greeting is not null && upstreams.StartTls is null)
                    await greeting.SkipGreetingAsync(service.Stream, timeout.Token);
                return service;
            },
            () => dialed?.Peer);
        if (service is null)
            dialed?.Socket.Dispose();
        return service;
    }

    /// <summary>Begins TLS with a service that was asked for it.</summary>
    /// <param name="client">Whose connection it is.</param>
    /// <param name="plain">What <see cref="TryConnectAsync"/> gave, which stays the caller's.</param>
    /// <returns>The service under TLS; null, and a warning, when it is not who it should be.</returns>
    public Task<RelayEnd?> TrySecureAsync(ConnectionContext client, RelayEnd plain) => TryAsync(
        client,
        async timeout =>
        {
            timeout.CancelAfter(ConnectTimeout);
            var tls = await Dialer.SecureAsync(plain.Stream, protocol: null, upstreams.Tls!.Current, timeout.Token);
            return RelayEnd.Of(tls, tls, plain.Abort);
        },
        () => (plain.Stream as NetworkStream)?.Socket.RemoteEndPoint);

    private static async Task<RelayEnd?> TryAsync(ConnectionContext client, Func<CancellationTokenSource, Task<RelayEnd>> connectAsync, Func<EndPoint?> peer)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(client.ConnectionClosed);
        try
        {
            return await connectAsync(timeout);
        }
        catch (Exception failure) when (failure is CliException or SocketException or OperationCanceledException or AuthenticationException or IOException)
        {
            RelayMeter.Refused((failure.InnerException as TlsException)?.Error.ToString() ?? "service_unavailable");
            if (!client.ConnectionClosed.IsCancellationRequested)
                ConnectionLog.Failed($"{client.RemoteEndPoint}: not passed on{(peer() is { } service ? $" to {service}" : "")}. {(failure is OperationCanceledException ? $"It was not ready within {ConnectTimeout.TotalSeconds:0} seconds." : FailureText.Of(failure))}");
            // Whoever sits in front of the service must not make this look like an answer without a word.
            if (failure is AuthenticationException)
                client.Abort(new ConnectionAbortedException("The service is not who it should be."));
            return null;
        }
    }

    private async Task<RelayEnd> SecureAsync(Socket socket, Stream? from, TlsClientOptions options, SslApplicationProtocol agreed, bool isGreeted, CancellationToken cancellationToken)
    {
        // Both sides of the relay speak the same protocol.
        if (!agreed.Protocol.IsEmpty)
        {
            options = options.Clone();
            options.ApplicationProtocols = [agreed];
        }
        var plain = new NetworkStream(socket, ownsSocket: true);
        if (TurnsToTlsWithClient)
        {
            var numbered = await upstreams.StartTls!.ConnectForAsync(plain, options, from!, cancellationToken);
            return RelayEnd.Of(numbered, Tunnel.TlsOf(numbered), () => RelayEnd.Reset(socket));
        }
        var tls = await Dialer.SecureAsync(plain, upstreams.StartTls, options, cancellationToken);
        // What the service said in the clear counts for nothing, so a client that waits to be greeted is greeted by us.
        var stream = upstreams.StartTls is { } protocol && !isGreeted ? protocol.WithGreeting(tls) : tls;
        return RelayEnd.Of(stream, tls, () => RelayEnd.Reset(socket));
    }
}
