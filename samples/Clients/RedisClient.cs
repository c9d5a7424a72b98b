using System.Net;
using System.Net.Sockets;
using LucidTls;
using StackExchange.Redis;
using StackExchange.Redis.Configuration;

namespace Samples;

/// <summary>The example of docs/clients.md about Redis.</summary>
internal static class RedisClient
{
    public static async Task<ConnectionMultiplexer> ConnectAsync(string host, int port, TlsClientOptions tls)
    {
        var options = new ConfigurationOptions { EndPoints = { { host, port } }, Tunnel = new TlsTunnel(tls) };
        return await ConnectionMultiplexer.ConnectAsync(options);
    }

    private sealed class TlsTunnel(TlsClientOptions options) : Tunnel
    {
        public override async ValueTask<Stream?> BeforeAuthenticateAsync(EndPoint endpoint, ConnectionType connectionType, Socket? socket, CancellationToken cancellationToken)
        {
            var tls = new TlsStream(new NetworkStream(socket!, ownsSocket: true));
            await tls.AuthenticateAsClientAsync(options, cancellationToken);
            return tls;
        }
    }
}
