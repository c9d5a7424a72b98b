using System.Net;
using System.Net.Sockets;
using LucidTls;
using RabbitMQ.Client;

namespace Samples;

/// <summary>The examples of docs/clients.md about RabbitMQ.</summary>
internal static class RabbitMqClients
{
    public static async Task<IConnection> ConnectAsync(string host, int port, TlsClientOptions tls, CancellationToken cancellationToken)
    {
        var factory = new ConnectionFactory { HostName = host, Port = port, SocketFactory = family => new TlsTcpClient(family, tls) };
        return await factory.CreateConnectionAsync(cancellationToken);
    }

    private sealed class TlsTcpClient(AddressFamily family, TlsClientOptions options) : TcpClientAdapter(new Socket(family, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true })
    {
        private TlsStream? _tls;

        public override async Task ConnectAsync(IPAddress address, int port, CancellationToken cancellationToken = default)
        {
            await Client.ConnectAsync(address, port, cancellationToken);
            _tls = new TlsStream(new NetworkStream(Client, ownsSocket: false));
            await _tls.AuthenticateAsClientAsync(options, cancellationToken);
        }

        public override NetworkStream GetStream() => new TlsNetworkStream(Client, _tls!);
    }

    // RabbitMQ.Client wants a NetworkStream by type. What is not overridden here would go past TLS, so all is.
    private sealed class TlsNetworkStream(Socket socket, TlsStream tls) : NetworkStream(socket)
    {
        public override int Read(byte[] buffer, int offset, int count) => tls.Read(buffer, offset, count);
        public override int Read(Span<byte> buffer) => tls.Read(buffer);
        public override int ReadByte() => tls.ReadByte();
        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => tls.ReadAsync(buffer, offset, count, cancellationToken);
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => tls.ReadAsync(buffer, cancellationToken);
        public override IAsyncResult BeginRead(byte[] buffer, int offset, int count, AsyncCallback? callback, object? state) => tls.BeginRead(buffer, offset, count, callback, state);
        public override int EndRead(IAsyncResult asyncResult) => tls.EndRead(asyncResult);
        public override void Write(byte[] buffer, int offset, int count) => tls.Write(buffer, offset, count);
        public override void Write(ReadOnlySpan<byte> buffer) => tls.Write(buffer);
        public override void WriteByte(byte value) => tls.WriteByte(value);
        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => tls.WriteAsync(buffer, offset, count, cancellationToken);
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => tls.WriteAsync(buffer, cancellationToken);
        public override IAsyncResult BeginWrite(byte[] buffer, int offset, int count, AsyncCallback? callback, object? state) => tls.BeginWrite(buffer, offset, count, callback, state);
        public override void EndWrite(IAsyncResult asyncResult) => tls.EndWrite(asyncResult);
        public override void Flush() => tls.Flush();
        public override Task FlushAsync(CancellationToken cancellationToken) => tls.FlushAsync(cancellationToken);

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                tls.Dispose();
            base.Dispose(disposing);
        }
    }
}
