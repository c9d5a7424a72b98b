using System.Security.Authentication;
using LucidTls.AspNetCore;
using LucidTls.Cli.Reporting;
using LucidTls.StartTls;
using Microsoft.AspNetCore.Connections;

namespace LucidTls.Cli.Serving;

/// <summary>A server's side of a protocol that begins in plain text, in front of a service that has no TLS, or TLS from the first byte.</summary>
/// <param name="protocol">The protocol.</param>
/// <param name="options">Asked for each connection.</param>
/// <param name="limit">How many clients may be on their way to TLS, from their first byte on.</param>
/// <param name="serviceOf">Passes on what came for a name; null for nowhere.</param>
/// <param name="hostName">What greetings show.</param>
/// <param name="verbose">Whether those are shown too that connect and leave.</param>
internal sealed class StartTlsFront(StartTlsProtocol protocol, Func<TlsServerOptions> options, HandshakeLimit limit, Func<string?, TcpForwarding?> serviceOf, string hostName, bool verbose)
{
    public Task RunAsync(ConnectionContext client) => protocol.NeedsServerToAccept ? RunBehindServiceAsync(client) : RunBeforeServiceAsync(client);

    private async Task RunBeforeServiceAsync(ConnectionContext client)
    {
        if (await TryAcceptAsync(client, async plain => await protocol.AcceptAsync(plain, options(), hostName)) is not TlsStream tls)
            return;
        await using (tls)
        {
            if (serviceOf(tls.Session.ServerName) is { } forwarding)
                await forwarding.PassOnAsync(client, EndOf(client, tls, tls), tls.Session.ApplicationProtocol, protocol);
        }
    }

    /// <summary>Where the service speaks before the client can name anybody.</summary>
    private async Task RunBehindServiceAsync(ConnectionContext client)
    {
        if (serviceOf(null) is not { } forwarding)
            return;
        RelayEnd? server = null;
        try
        {
            var secured = await TryAcceptAsync(client, async plain =>
            {
                server = await forwarding.TryConnectAsync(client, from: null, agreed: default, greeting: null);
                if (server is null)
                    return null;
                return forwarding.TurnsToTlsWithClient ? await protocol.AcceptAlongAsync(plain, options(), server.Stream) : await protocol.AcceptForAsync(plain, options(), server.Stream, hostName);
            });
            if (secured is null)
                return;
            await using (secured)
            {
                if ((forwarding.TurnsToTlsWithClient ? await forwarding.TrySecureAsync(client, server!) : server) is not { } service)
                    return;
                await using var closing = service.Stream;
                await forwarding.PassOnAsync(client, EndOf(client, secured, Tunnel.TlsOf(secured)), service);
            }
        }
        finally
        {
            if (server is not null)
                await server.Stream.DisposeAsync();
        }
    }

    private static RelayEnd EndOf(ConnectionContext client, Stream secured, TlsStream tls) =>
        RelayEnd.Of(secured, tls, () => client.Abort(new ConnectionAbortedException("The service broke off.")));

    // Not until the connection is closed: a client that leaves has often said why just before, and the time is bounded by the options.
    private async Task<Stream?> TryAcceptAsync(ConnectionContext client, Func<Stream, Task<Stream?>> acceptAsync)
    {
        if (!limit.TryEnter())
        {
            ConnectionLog.Failed($"{client.RemoteEndPoint}: closed, since max-concurrent-handshakes are under way.");
            return null;
        }
        try
        {
            return await acceptAsync(new DuplexPipeStream(client.Transport));
        }
        catch (Exception failure) when (failure is AuthenticationException or OperationCanceledException)
        {
            Explain(client, failure);
            return null;
        }
        finally
        {
            limit.Leave();
        }
    }

    private void Explain(ConnectionContext client, Exception failure)
    {
        var why = failure.InnerException as TlsException;
        RelayMeter.Refused(why?.Error.ToString() ?? "cancelled");
        // Whoever only looks whether somebody listens is no news.
        if (verbose || why is not { Error: TlsError.ClosedDuringHandshake or TlsError.TransportFailed })
            ConnectionLog.Failed($"{client.RemoteEndPoint}: {why?.Message ?? failure.Message}");
    }
}
