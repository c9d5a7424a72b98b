using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests;

public sealed class SslStreamTests(PkiFixture pki)
{
    public static TheoryData<KeyKind> KeyKinds => [KeyKind.EcdsaP256, KeyKind.EcdsaP384, KeyKind.EcdsaP521, KeyKind.Rsa2048];

    [Theory]
    [MemberData(nameof(KeyKinds))]
    public async Task It_is_a_client_of_ours(KeyKind kind)
    {
        await using var server = new EchoServer(pki.ServerOptions(kind));
        await using var ssl = await ConnectAsync(server.Port, new SslClientAuthenticationOptions());
        await EchoAsync(ssl);
        Assert.Equal(SslProtocols.Tls13, ssl.SslProtocol);
    }

    [Theory]
    [MemberData(nameof(KeyKinds))]
    public async Task It_is_a_server_of_ours_and_asks_for_our_certificate(KeyKind kind)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeAsync(listener, kind);
        var options = pki.ClientOptions();
        options.ApplicationProtocols = [SslApplicationProtocol.Http2];
        options.Identity = pki.Pki.Client(kind).Identity();
        await using (var tls = await Client.ConnectAsync(((IPEndPoint)listener.LocalEndpoint).Port, options))
        {
            Assert.Equal(SslApplicationProtocol.Http2, tls.NegotiatedApplicationProtocol);
            await EchoAsync(tls);
        }
        Assert.Equal("CN=client", await serving);
    }

    [Fact]
    public async Task Hundred_megabytes_go_both_ways_at_once_unchanged()
    {
        var received = new TaskCompletionSource<(byte[] Received, byte[] Sent)>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new EchoServer(pki.ServerOptions(), async tls =>
        {
            var sending = Blob.SendAsync(tls, 5, CancellationToken.None);
            var got = await Blob.ReceiveAsync(tls, CancellationToken.None);
            received.SetResult((got, await sending));
        });
        await using var ssl = await ConnectAsync(server.Port, new SslClientAuthenticationOptions());
        var sending = Blob.SendAsync(ssl, 6, TestContext.Current.CancellationToken);
        var arrived = await Blob.ReceiveAsync(ssl, TestContext.Current.CancellationToken);
        var sent = await sending;
        var server2 = await received.Task.WaitAsync(PeerProcess.Patience, TestContext.Current.CancellationToken);
        Assert.Equal(sent, server2.Received);
        Assert.Equal(server2.Sent, arrived);
    }

    [Fact]
    public async Task A_TLS_12_client_is_refused()
    {
        await using var server = new EchoServer(pki.ServerOptions());
        await Assert.ThrowsAnyAsync<Exception>(() => ConnectAsync(server.Port, new SslClientAuthenticationOptions { EnabledSslProtocols = SslProtocols.Tls12 }));
        Assert.Equal(TlsError.UnsupportedVersion, (await server.FailureAsync()).Error);
    }

    private async Task<SslStream> ConnectAsync(int port, SslClientAuthenticationOptions options)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port);
        var ssl = new SslStream(new NetworkStream(socket, ownsSocket: true));
        options.TargetHost = "localhost";
        options.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        options.CertificateChainPolicy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificate(pki.Pki.Root));
        await ssl.AuthenticateAsClientAsync(options, TestContext.Current.CancellationToken);
        return ssl;
    }

    private async Task<string> ServeAsync(TcpListener listener, KeyKind kind)
    {
        using var client = await listener.AcceptTcpClientAsync();
        await using var ssl = new SslStream(client.GetStream());
        using var certificate = pki.Server(kind).ToPlatform();
        var subject = "";
        await ssl.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(certificate, [X509CertificateLoader.LoadCertificate(pki.Pki.Intermediate)], offline: true),
            ClientCertificateRequired = true,
            ApplicationProtocols = [SslApplicationProtocol.Http2],
            RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            {
                subject = certificate!.Subject;
                return true;
            },
        });
        var buffer = new byte[100];
        var count = await ssl.ReadAsync(buffer);
        await ssl.WriteAsync(buffer.AsMemory(0, count));
        return subject;
    }

    private static async Task EchoAsync(Stream stream)
    {
        await stream.WriteAsync("hello\n"u8.ToArray());
        await Client.ReadUntilAsync(stream, "hello");
    }
}
