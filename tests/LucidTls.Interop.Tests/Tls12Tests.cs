using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Interop.Tests.Peers;
using LucidTls.Sessions;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests;

/// <summary>TLS 1.2 with OpenSSL, NSS, curl and SslStream: full and resumed, renegotiation.</summary>
public sealed class Tls12Tests(PkiFixture pki)
{
    public static TheoryData<string, string, KeyKind> Matrix => new()
    {
        { "ECDHE-ECDSA-AES128-GCM-SHA256", "X25519:P-256", KeyKind.EcdsaP256 },
        { "ECDHE-ECDSA-AES256-GCM-SHA384", "P-256:P-384", KeyKind.EcdsaP384 },
        { "ECDHE-ECDSA-CHACHA20-POLY1305", "P-384", KeyKind.Ed25519 },
        { "ECDHE-RSA-AES128-GCM-SHA256", "P-521", KeyKind.Rsa2048 },
        { "ECDHE-RSA-AES256-GCM-SHA384", "X25519", KeyKind.RsaPss2048 },
        { "ECDHE-RSA-CHACHA20-POLY1305", "P-256", KeyKind.Rsa2048 },
    };

    [Theory]
    [MemberData(nameof(Matrix))]
    public async Task The_client_of_OpenSSL_talks_to_our_server(string suite, string groups, KeyKind kind)
    {
        await using var server = new EchoServer(pki.ServerOptions(kind));
        using var client = OpenSsl.StartClient(pki, server.Port, "-tls1_2", "-cipher", suite, "-groups", groups, "-verify_return_error");
        client.Write("hello\n");
        await client.WaitForAsync("hello");
        await client.WaitForAsync("Secure Renegotiation IS supported");
        await client.WaitForAsync("Extended master secret: yes");
        Assert.Equal(TlsVersion.Tls12, (await server.SessionAsync()).Version);
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public async Task Our_client_talks_to_the_server_of_OpenSSL_and_resumes(string suite, string groups, KeyKind kind)
    {
        using var server = await OpenSsl.StartServerAsync(pki, kind, "-tls1_2", "-cipher", suite, "-groups", groups);
        var options = ClientOptions();
        for (var i = 0; i < 3; i++)
        {
            await using var tls = await Client.ConnectAsync(server.Port, options);
            Assert.Equal((TlsVersion.Tls12, i > 0), (tls.Session.Version, tls.Session.Resumed));
            await OpenSsl.ReverseAsync(tls);
        }
    }

    [Fact]
    public async Task Our_client_resumes_by_session_id_with_the_server_of_OpenSSL()
    {
        using var server = await OpenSsl.StartServerAsync(pki, KeyKind.EcdsaP256, "-tls1_2", "-no_ticket");
        var options = ClientOptions();
        for (var i = 0; i < 3; i++)
        {
            await using var tls = await Client.ConnectAsync(server.Port, options);
            Assert.Equal(i > 0, tls.Session.Resumed);
            await OpenSsl.ReverseAsync(tls);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_client_of_OpenSSL_resumes_with_our_server(bool byTicket)
    {
        var options = pki.ServerOptions();
        options.SessionStore = new TlsSessionStore();
        await using var server = new EchoServer(options);
        string[] arguments = byTicket ? ["-tls1_2"] : ["-tls1_2", "-no_ticket"];
        var file = Path.Combine(pki.Folder, $"session-{byTicket}.pem");
        foreach (var way in (string[])["-sess_out", "-sess_in"])
        {
            using var client = OpenSsl.StartClient(pki, server.Port, [.. arguments, way, file]);
            client.Write("hello\n");
            await client.WaitForAsync("hello");
            Assert.Equal(way == "-sess_in", (await server.SessionAsync()).Resumed);
            client.Write("Q\n");
            await client.WaitForExitAsync();
        }
    }

    [Fact]
    public async Task A_client_of_OpenSSL_without_the_certificate_required_is_told_handshake_failure()
    {
        await using var server = new EchoServer(pki.MutualOptions());
        using var client = OpenSsl.StartClient(pki, server.Port, "-tls1_2");
        await client.WaitForAsync("alert number 40");
        Assert.Equal(TlsError.NoClientCertificate, (await server.FailureAsync()).Error);
    }

    [Fact]
    public async Task Renegotiation_by_the_client_of_OpenSSL_is_refused()
    {
        await using var server = new EchoServer(pki.ServerOptions());
        using var client = OpenSsl.StartClient(pki, server.Port, "-tls1_2");
        client.Write("hello\n");
        await client.WaitForAsync("hello");
        client.Write("R\n");
        await client.WaitForMatchAsync("no.renegotiation|alert number 100");
        Assert.Equal((TlsError.Renegotiation, TlsAlert.NoRenegotiation), Cause(await server.FailureAsync()));
    }

    [Theory]
    [InlineData("r\n")]
    [InlineData("R\n")]
    public async Task Renegotiation_by_the_server_of_OpenSSL_is_refused(string command)
    {
        using var server = await OpenSsl.StartServerAsync(pki.ServerFiles(), arguments: ["-tls1_2", "-CAfile", pki.RootFile]);
        await using var tls = await Client.ConnectAsync(server.Port, ClientOptions());
        await tls.WriteAsync("hello\n"u8.ToArray(), TestContext.Current.CancellationToken);
        await server.Process.WaitForAsync("hello");
        server.Process.Write(command);
        var failure = await Assert.ThrowsAsync<IOException>(async () => await tls.ReadExactlyAsync(new byte[1], TestContext.Current.CancellationToken));
        Assert.Equal((TlsError.Renegotiation, TlsAlert.NoRenegotiation), Cause(Assert.IsType<TlsException>(failure.InnerException)));
        await server.Process.WaitForMatchAsync("no.renegotiation|alert number 100");
    }

    [Fact]
    public async Task A_client_of_OpenSSL_with_old_suites_alone_is_told_which()
    {
        await using var server = new EchoServer(pki.ServerOptions());
        using var client = OpenSsl.StartClient(pki, server.Port, "-tls1_2", "-cipher", "AES128-SHA:ECDHE-ECDSA-AES128-SHA");
        await client.WaitForAsync("alert number 40");
        Assert.Contains("CBC", (await server.FailureAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Curl_gets_a_page_over_TLS_12()
    {
        await using var server = new EchoServer(pki.ServerOptions(), CurlTests.ServeAsync);
        using var curl = PeerProcess.Start(Peer.Find("curl", "curl"), ["--silent", "--show-error", "--max-time", "60", "--tls-max", "1.2", "--cacert", pki.RootFile, $"https://localhost:{server.Port}/"]);
        Assert.Equal(0, await curl.WaitForExitAsync());
        await curl.WaitForAsync("served over TLS 1.2");
    }

    [Fact]
    public async Task The_server_of_NSS_talks_to_our_client()
    {
        using var database = await Nss.MakeDatabaseAsync(pki.Server(), pki.RootFile);
        var (server, port) = await Nss.StartServerAsync(database, "-V", "tls1.2:tls1.2");
        using (server)
        {
            await using var tls = await Client.ConnectAsync(port, ClientOptions());
            Assert.Equal(TlsVersion.Tls12, tls.Session.Version);
        }
    }

    [Theory]
    [InlineData(KeyKind.EcdsaP256)]
    [InlineData(KeyKind.Rsa2048)]
    public async Task SslStream_talks_to_us_from_either_end(KeyKind kind)
    {
        await using var ours = new EchoServer(pki.ServerOptions(kind));
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, ours.Port, TestContext.Current.CancellationToken);
        await using var ssl = new SslStream(new NetworkStream(socket));
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificate(pki.Pki.Root));
        await ssl.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", EnabledSslProtocols = SslProtocols.Tls12, CertificateChainPolicy = policy }, TestContext.Current.CancellationToken);
        await Client.EchoAsync(ssl);

        using var certificate = pki.Server(kind).ToPlatform();
        await using var theirs = new SslStreamServer(new SslServerAuthenticationOptions
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(certificate, [X509CertificateLoader.LoadCertificate(pki.Pki.Intermediate)], offline: true),
            EnabledSslProtocols = SslProtocols.Tls12,
        });
        await using var tls = await Client.ConnectAsync(theirs.Port, ClientOptions());
        Assert.Equal(TlsVersion.Tls12, tls.Session.Version);
        await Client.EchoAsync(tls);
    }

    private static (TlsError Error, TlsAlert? Alert) Cause(TlsException failure) => (failure.Error, failure.Alert);

    private TlsClientOptions ClientOptions()
    {
        var options = pki.ClientOptions();
        options.SessionCache = new TlsSessionCache();
        return options;
    }
}
