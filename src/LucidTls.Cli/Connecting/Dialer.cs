using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using LucidTls.StartTls;

namespace LucidTls.Cli.Connecting;

/// <summary>An open TCP connection and what it took to get it.</summary>
internal sealed record Dialed(Socket Socket, IPEndPoint Peer, TimeSpan Lookup, TimeSpan Connect);

/// <summary>Opens TCP connections, each address of a name in turn, and TLS on them.</summary>
internal static class Dialer
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <exception cref="CliException">The name is unknown, or none of its addresses takes the connection.</exception>
    public static async Task<Dialed> ConnectAsync(HostPort target, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Timeout);
        var start = Stopwatch.GetTimestamp();
        var addresses = await LookUpAsync(target, timeout.Token, cancellationToken);
        var lookup = Stopwatch.GetElapsedTime(start);
        var problems = new List<string>();
        foreach (var address in addresses)
        {
            var peer = new IPEndPoint(address, target.Port);
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                start = Stopwatch.GetTimestamp();
                await socket.ConnectAsync(peer, timeout.Token);
                return new Dialed(socket, peer, lookup, Stopwatch.GetElapsedTime(start));
            }
            catch (SocketException failure)
            {
                socket.Dispose();
                problems.Add($"{peer}: {failure.Message}");
            }
            catch (OperationCanceledException)
            {
                socket.Dispose();
                if (cancellationToken.IsCancellationRequested)
                    throw;
                problems.Add($"{peer}: no answer within {Timeout.TotalSeconds:0} seconds");
                break;
            }
        }
        throw new CliException(ExitCode.Network, $"No connection to {target}. {string.Join("; ", problems)}. Check the address and port, that the server runs, and that no firewall is in between.");
    }

    private static async Task<IPAddress[]> LookUpAsync(HostPort target, CancellationToken timeout, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(target.Host, out var address))
            return [address];
        try
        {
            return await Dns.GetHostAddressesAsync(target.Host, timeout);
        }
        catch (SocketException failure)
        {
            throw new CliException(ExitCode.Network, $"The name {target.Host} does not lead to an address: {failure.Message}. Check its spelling, and this machine's name servers.", failure);
        }
        catch (OperationCanceledException failure) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CliException(ExitCode.Network, $"The name servers did not say within {Timeout.TotalSeconds:0} seconds where {target.Host} is.", failure);
        }
    }

    /// <summary>Shakes hands.</summary>
    /// <param name="plain">The connection, which the result owns.</param>
    /// <param name="protocol">How the server is asked for TLS; null where it begins with the first byte.</param>
    /// <param name="options">What is demanded of it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<TlsStream> SecureAsync(Stream plain, StartTlsProtocol? protocol, TlsClientOptions options, CancellationToken cancellationToken)
    {
        if (protocol is not null)
            return await protocol.ConnectAsync(plain, options, cancellationToken);
        var stream = new TlsStream(plain);
        await stream.AuthenticateAsClientAsync(options, cancellationToken);
        return stream;
    }
}
