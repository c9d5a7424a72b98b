using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using LucidTls.Cli.Reporting;
using Microsoft.AspNetCore.Connections;

namespace LucidTls.Cli.Serving;

/// <summary>The PROXY protocol in front of TLS: connections come from a proxy that says first whose they are.</summary>
internal static class ProxyProtocol
{
    /// <summary>How long a proxy may take for its header.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>Each connection has to begin with a header; its addresses become the connection's. Any other is refused.</summary>
    public static IConnectionBuilder UseProxyProtocol(this IConnectionBuilder endpoint, bool verbose) => endpoint.Use(next => async connection =>
    {
        var (header, problem) = await ReadAsync(connection.Transport.Input);
        if (header is null)
        {
            // Whoever only looks whether somebody listens is no news.
            if (problem is not null || verbose)
                ConnectionLog.Failed($"{connection.RemoteEndPoint}: refused, since {problem ?? "it left before its PROXY header was there"}.");
            RelayMeter.Refused("proxy_header");
            connection.Abort(new ConnectionAbortedException("There is no good PROXY header."));
            return;
        }
        if (header.Source is not null)
        {
            connection.RemoteEndPoint = header.Source;
            connection.LocalEndPoint = header.Destination;
        }
        await next(connection);
    });

    /// <summary>The header that says whose a connection is; unknown where it has no addresses of IP.</summary>
    public static byte[] HeaderOf(ConnectionContext connection, ProxyVersion version) => new ProxyHeader(connection.RemoteEndPoint as IPEndPoint, connection.LocalEndPoint as IPEndPoint).Write(version);

    /// <summary>The header, which is consumed with nothing after it; or null with what is wrong, or null twice for a proxy that said nothing and left.</summary>
    internal static async Task<(ProxyHeader? Header, string? Problem)> ReadAsync(PipeReader input)
    {
        // Not ConnectionClosed: that comes with the end of what a client says, when what it said may still lie here unread.
        using var timeout = new CancellationTokenSource(Timeout);
        try
        {
            while (true)
            {
                var result = await input.ReadAsync(timeout.Token);
                var start = result.Buffer.Slice(0, Math.Min(result.Buffer.Length, ProxyHeader.MostBytes));
                var status = ProxyHeader.TryRead(start.IsSingleSegment ? start.FirstSpan : start.ToArray(), out var header, out var length, out var problem);
                if (status == OperationStatus.Done)
                {
                    input.AdvanceTo(result.Buffer.GetPosition(length));
                    return (header, null);
                }
                var isEmpty = result.Buffer.IsEmpty;
                input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
                if (status == OperationStatus.InvalidData)
                    return (null, problem);
                if (result.IsCompleted)
                    return (null, isEmpty ? null : "it ends within its PROXY header");
            }
        }
        catch (OperationCanceledException)
        {
            // A connection that was aborted ends so too.
            return (null, timeout.IsCancellationRequested ? "its PROXY header did not come in time" : null);
        }
        catch (IOException)
        {
            return (null, null);
        }
    }
}
