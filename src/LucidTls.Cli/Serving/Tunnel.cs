using System.Net.Sockets;
using System.Security.Authentication;
using LucidTls.Cli.Connecting;
using LucidTls.Cli.Reporting;
using LucidTls.StartTls;
using Microsoft.AspNetCore.Connections;

namespace LucidTls.Cli.Serving;

/// <summary>Passes what plain clients say on to a server over verified TLS, and back.</summary>
/// <param name="server">Whom to connect to.</param>
/// <param name="protocol">How to ask it for TLS; null when it speaks TLS from the first byte.</param>
/// <param name="tls">What to demand of it.</param>
/// <param name="limits">How long connections may be silent.</param>
/// <param name="proxyHeader">How the server is told, before TLS, whose connection it gets; null for not at all.</param>
/// <param name="grace">How long connections may go on once the tool was asked to stop.</param>
/// <param name="verbose">Whether each connection is shown.</param>
internal sealed class Tunnel(HostPort server, StartTlsProtocol? protocol, ClientTls tls, RelayLimits limits, ProxyVersion? proxyHeader, TimeSpan grace, bool verbose)
{
    public async Task RunAsync(ConnectionContext client)
    {
        Socket? socket = null;
        var end = RelayEnd.Of(client);
        try
        {
            var dialed = await Dialer.ConnectAsync(server, CancellationToken.None);
            socket = dialed.Socket;
            KeepAlive.On(socket);
            KeepAlive.On(client);
            var plain = new NetworkStream(socket, ownsSocket: true);
            if (proxyHeader is { } version)
                await plain.WriteAsync(ProxyProtocol.HeaderOf(client, version));
            // Handshakes have limits of their own, the server's answer to what the client begins with has not.
            using var silence = new CancellationTokenSource(limits.Idle);
            await using var secured = await SecureAsync(plain, end.Stream, silence.Token);
            var stream = TlsOf(secured);
            if (verbose)
                Show(client, $"{stream.Session.Version}, {stream.Session.CipherSuite}, {stream.Session.Group}{(stream.Session.Resumed ? ", resumed" : "")} to {dialed.Peer}");
            await Relay.RunAsync(end, RelayEnd.Of(secured, stream, () => RelayEnd.Reset(socket)), client, limits, grace, gone: CancellationToken.None);
        }
        catch (CliException failure)
        {
            Refuse(client, "unreachable", failure.Message);
        }
        catch (AuthenticationException) when (end.Stream is DuplexPipeStream { HasLeft: true })
        {
            Refuse(client, "client_left", $"The client left before {server} had answered.");
        }
        catch (AuthenticationException failure)
        {
            Refuse(client, (failure.InnerException as TlsException)?.Error.ToString() ?? "tls", FailureText.Of(failure));
        }
        catch (OperationCanceledException)
        {
            Refuse(client, "idle", $"{server} was silent for {limits.Idle.TotalSeconds:0} seconds.");
        }
        catch (Exception failure) when (failure is IOException or SocketException)
        {
            Refuse(client, "broken", $"The connection to {server} broke: {failure.Message}");
        }
        finally
        {
            socket?.Dispose();
        }
    }

    private async Task<Stream> SecureAsync(Stream plain, Stream client, CancellationToken cancellationToken)
    {
        if (protocol is not null)
            return await protocol.ConnectForAsync(plain, tls.Current, client, cancellationToken);
        var stream = new TlsStream(plain);
        await stream.AuthenticateAsClientAsync(tls.Current, cancellationToken);
        return stream;
    }

    /// <summary>The TLS in what <see cref="StartTlsProtocol"/> gives.</summary>
    public static TlsStream TlsOf(Stream secured) => secured as TlsStream ?? ((MySqlNumbersStream)secured).Tls;

    // A client that has got nothing must not take it for the end of an answer.
    private static void Refuse(ConnectionContext client, string cause, string why)
    {
        RelayMeter.Refused(cause);
        ConnectionLog.Failed($"{client.RemoteEndPoint}: {why}");
        client.Abort(new ConnectionAbortedException("There is no tunnel to the server."));
    }

    private static void Show(ConnectionContext client, string text) => Terminal.MarkupLine($"[grey]{DateTime.Now:HH:mm:ss}[/] {Terminal.Escape($"{client.RemoteEndPoint}: {text}")}");
}
