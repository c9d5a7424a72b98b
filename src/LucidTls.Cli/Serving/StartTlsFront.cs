using System.Security.Authentication;
using LucidTls.Cli.Reporting;
using LucidTls.StartTls;
using Microsoft.AspNetCore.Connections;

namespace LucidTls.Cli.Serving;

/// <summary>A server's side of a protocol that begins in plain text, in front of a service that has no TLS.</summary>
/// <param name="protocol">The protocol.</param>
/// <param name="options">Asked for each connection.</param>
/// <param name="service">Passes on what came for a name; null for nowhere.</param>
/// <param name="hostName">What greetings show.</param>
/// <param name="verbose">Whether those are shown too that connect and leave.</param>
internal sealed class StartTlsFront(StartTlsProtocol protocol, Func<TlsServerOptions> options, Func<string?, TcpForwarding?> service, string hostName, bool verbose)
{
    public async Task RunAsync(ConnectionContext client)
    {
        TlsStream tls;
        try
        {
            tls = await protocol.AcceptAsync(new DuplexPipeStream(client.Transport), options(), hostName, client.ConnectionClosed);
        }
        catch (Exception failure) when (failure is AuthenticationException or OperationCanceledException)
        {
            Explain(client, failure);
            return;
        }
        await using (tls)
        {
            if (service(tls.Session.ServerName) is { } forwarding)
                await forwarding.PassOnAsync(client, RelayEnd.Of(tls, tls, () => client.Abort(new ConnectionAbortedException("The service broke off."))), protocol);
        }
    }

    private void Explain(ConnectionContext client, Exception failure)
    {
        var why = failure.InnerException as TlsException;
        RelayMeter.Refused(why?.Error.ToString() ?? "cancelled");
        // Whoever only looks whether somebody listens is no news.
        if (verbose || why is not { Error: TlsError.ClosedDuringHandshake or TlsError.TransportFailed })
            Terminal.MarkupLine($"[grey]{DateTime.Now:HH:mm:ss}[/] {Terminal.Escape($"{client.RemoteEndPoint}: {why?.Message ?? failure.Message}")}");
    }
}
