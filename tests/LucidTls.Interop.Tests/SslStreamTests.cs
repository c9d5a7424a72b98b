using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests;

public sealed class SslStreamTests(PkiFixture pki)
{
    public static TheoryData<TlsCipherSuite> Suites => [TlsCipherSuite.TLS_AES_128_GCM_SHA256, TlsCipherSuite.TLS_AES_256_GCM_SHA384, TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256];

    public static TheoryData<KeyKind> KeyKinds => [KeyKind.EcdsaP256, KeyKind.EcdsaP384, KeyKind.EcdsaP521, KeyKind.Rsa2048];

    [Theory]
    [MemberData(nameof(KeyKinds))]
    public async Task It_is_a_client_of_ours(KeyKind kind)
    {
        await using var server = new EchoServer(pki.ServerOptions(kind));
        await using var ssl = await ConnectAsync(server.Port, new SslClientAuthenticationOptions());
        await Client.EchoAsync(ssl);
        Assert.Equal(SslProtocols.Tls13, ssl.SslProtocol);
    }

    public static MatrixTheoryData<KeyKind, SslProtocols> KeyKindsAndVersions => new(KeyKinds.Select(row => row.Data), [SslProtocols.Tls12, SslProtocols.Tls13]);

    [Theory]
    [MemberData(nameof(KeyKindsAndVersions))]
    public async Task It_shows_its_certificate_to_our_server(KeyKind kind, SslProtocols version)
    {
        using var certificate = pki.Pki.Client(kind).ToPlatform();
        using var intermediate = X509CertificateLoader.LoadCertificate(pki.Pki.Intermediate);
        await using var server = new EchoServer(pki.MutualOptions());
        await using var ssl = await ConnectAsync(server.Port, new SslClientAuthenticationOptions { EnabledSslProtocols = version, ClientCertificateContext = SslStreamCertificateContext.Create(certificate, [intermediate], offline: true) });
        await Client.EchoAsync(ssl);
        Assert.True((await server.SessionAsync()).PeerVerdict!.IsAccepted);
    }

    [Theory]
    [MemberData(nameof(KeyKindsAndVersions))]
    public async Task It_is_a_server_of_ours_and_asks_for_our_certificate(KeyKind kind, SslProtocols version)
    {
        var subject = "";
        using var certificate = pki.Server(kind).ToPlatform();
        var serverOptions = ServerOptions(certificate, version);
        serverOptions.ClientCertificateRequired = true;
        serverOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) =>
        {
            subject = certificate!.Subject;
            return true;
        };
        await using var server = new SslStreamServer(serverOptions);
        var options = pki.ClientOptions();
        options.ApplicationProtocols = [SslApplicationProtocol.Http2];
        options.Identity = pki.Pki.Client(kind).Identity();
        await using var tls = await Client.ConnectAsync(server.Port, options);
        Assert.Equal(SslApplicationProtocol.Http2, tls.NegotiatedApplicationProtocol);
        await Client.EchoAsync(tls);
        Assert.Equal("CN=client", subject);
    }

    [Theory]
    [SupportedOSPlatform("linux")]
    [MemberData(nameof(Suites))]
    public async Task It_talks_to_us_in_each_suite_from_either_end(TlsCipherSuite suite)
    {
        var policy = new CipherSuitesPolicy([suite]);
        await using var ours = new EchoServer(pki.ServerOptions());
        await using (var ssl = await ConnectAsync(ours.Port, new SslClientAuthenticationOptions { CipherSuitesPolicy = policy }))
        {
            await Client.EchoAsync(ssl);
            Assert.Equal((int)suite, (await ours.SessionAsync()).CipherSuite.Value);
        }

        using var certificate = pki.Server().ToPlatform();
        var options = ServerOptions(certificate);
        options.CipherSuitesPolicy = policy;
        await using var theirs = new SslStreamServer(options);
        await using var tls = await Client.ConnectAsync(theirs.Port, pki.ClientOptions());
        await Client.EchoAsync(tls);
        Assert.Equal((int)suite, tls.Session.CipherSuite.Value);
    }

    [Fact]
    public async Task It_follows_our_key_updates_from_either_end()
    {
        using var certificate = pki.Server().ToPlatform();
        await using var theirs = new SslStreamServer(ServerOptions(certificate));
        await using (var tls = await Client.ConnectAsync(theirs.Port, pki.ClientOptions()))
        {
            await tls.UpdateKeysAsync(requestPeerUpdate: true, TestContext.Current.CancellationToken);
            await Client.EchoAsync(tls);
        }
        await using var ours = new EchoServer(pki.ServerOptions(), async tls =>
        {
            await tls.UpdateKeysAsync(requestPeerUpdate: true);
            await EchoServer.EchoAsync(tls);
        });
        await using var ssl = await ConnectAsync(ours.Port, new SslClientAuthenticationOptions());
        await Client.EchoAsync(ssl);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task It_resumes_our_sessions_and_we_resume_its(SslProtocols version)
    {
        await using var ours = new EchoServer(pki.ServerOptions());
        // It keeps sessions by these options, the chain's policy among them.
        var clientOptions = new SslClientAuthenticationOptions { EnabledSslProtocols = version };
        using var certificate = pki.Server().ToPlatform();
        await using var theirs = new SslStreamServer(ServerOptions(certificate, version));
        var ourOptions = pki.ClientOptions();
        for (var i = 0; i < 2; i++)
        {
            await using (var ssl = await ConnectAsync(ours.Port, clientOptions))
            {
                await Client.EchoAsync(ssl);
                Assert.Equal(i > 0, (await ours.SessionAsync()).Resumed);
            }
            await using var tls = await Client.ConnectAsync(theirs.Port, ourOptions);
            await Client.EchoAsync(tls);
            Assert.Equal(i > 0, tls.Session.Resumed);
        }
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
    public async Task A_TLS_12_client_is_refused_by_who_speaks_TLS_13_alone()
    {
        await using var server = new EchoServer(PkiFixture.OnlyTls13(pki.ServerOptions()));
        await Assert.ThrowsAnyAsync<Exception>(() => ConnectAsync(server.Port, new SslClientAuthenticationOptions { EnabledSslProtocols = SslProtocols.Tls12 }));
        Assert.Equal(TlsError.UnsupportedVersion, (await server.FailureAsync()).Error);
    }

    private async Task<SslStream> ConnectAsync(int port, SslClientAuthenticationOptions options)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port);
        var ssl = new SslStream(new NetworkStream(socket, ownsSocket: true));
        options.TargetHost = "localhost";
        if (options.CertificateChainPolicy == null)
        {
            options.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            options.CertificateChainPolicy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificate(pki.Pki.Root));
        }
        try
        {
            await ssl.AuthenticateAsClientAsync(options, TestContext.Current.CancellationToken);
            return ssl;
        }
        catch
        {
            await ssl.DisposeAsync();
            throw;
        }
    }

    private SslServerAuthenticationOptions ServerOptions(X509Certificate2 certificate, SslProtocols version = SslProtocols.Tls13) => new()
    {
        ServerCertificateContext = SslStreamCertificateContext.Create(certificate, [X509CertificateLoader.LoadCertificate(pki.Pki.Intermediate)], offline: true),
        ApplicationProtocols = [SslApplicationProtocol.Http2],
        EnabledSslProtocols = version,
    };
}
