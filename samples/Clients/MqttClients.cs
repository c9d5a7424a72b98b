using System.Net;
using System.Net.Sockets;
using LucidTls;
using MQTTnet;
using MQTTnet.Channel;

namespace Samples;

/// <summary>The example of docs/clients.md about MQTT.</summary>
internal static class MqttClients
{
    public static async Task<IMqttClient> ConnectAsync(string host, int port, TlsClientOptions tls, CancellationToken cancellationToken)
    {
        var options = new MqttClientOptionsBuilder().WithTcpServer(host, port).WithStreamProvider(new TlsProvider(tls)).Build();
        var client = new MqttClientFactory().CreateMqttClient();
        await client.ConnectAsync(options, cancellationToken);
        return client;
    }

    private sealed class TlsProvider(TlsClientOptions options) : IMqttClientStreamProvider
    {
        public async Task<Stream> ConnectAsync(EndPoint broker, CancellationToken cancellationToken)
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(broker, cancellationToken);
                var tls = new TlsStream(new NetworkStream(socket, ownsSocket: true));
                await tls.AuthenticateAsClientAsync(options, cancellationToken);
                return tls;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }
}
