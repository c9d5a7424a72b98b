using System.Net;
using System.Net.Sockets;
using LucidTls.Cli.Connecting;
using LucidTls.StartTls;

namespace LucidTls.Cli.Serving;

/// <summary>What health checks send: to a service of HTTP a request, to one of TCP a connection, with a TLS handshake where there is TLS. Each has a connection of its own, to that service and no other.</summary>
internal static class HealthProbe
{
    public static HttpMessageInvoker ClientOf(Backend backend, ClientTls? tls) => backend.IsTcp ? new HttpMessageInvoker(new TcpProbe(tls, backend.StartTls, backend.SendProxyHeader)) : HttpForwarding.ClientOf(tls, engine =>
    {
        engine.PooledConnectionLifetime = TimeSpan.Zero;
        engine.ConnectCallback = async (context, cancellationToken) => new NetworkStream(await ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancellationToken), ownsSocket: true);
    });

    private static async Task<Socket> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        try
        {
            return (await Dialer.ConnectAsync(new HostPort(host, port), cancellationToken)).Socket;
        }
        catch (CliException failure)
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, failure.Message, failure);
        }
    }

    /// <summary>Answers well when there is a connection to be had.</summary>
    private sealed class TcpProbe(ClientTls? tls, StartTlsProtocol? startTls, ProxyVersion? proxyHeader) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var target = request.RequestUri!;
            await using var plain = new NetworkStream(await ConnectAsync(target.IdnHost.Trim('[', ']'), target.Port, cancellationToken), ownsSocket: true);
            // It is nobody's connection, which the header can say.
            if (proxyHeader is { } version)
                await plain.WriteAsync(new ProxyHeader(null, null).Write(version), cancellationToken);
            if (tls is not null)
                await (await Dialer.SecureAsync(plain, startTls, tls.Current, cancellationToken)).DisposeAsync();
            return new HttpResponseMessage(HttpStatusCode.OK);
        }
    }
}
