using System.Net.Security;
using System.Security.Authentication;
using LucidTls.Certificates;
using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests;

public sealed class OpenSslTests(PkiFixture pki)
{
    private static readonly string OpenSsl = "openssl";

    public static TheoryData<string, string> SuitesAndGroups => new()
    {
        { "TLS_AES_128_GCM_SHA256", "X25519" },
        { "TLS_AES_256_GCM_SHA384", "P-256" },
        { "TLS_CHACHA20_POLY1305_SHA256", "P-384" },
        { "TLS_AES_128_GCM_SHA256", "P-521" },
    };

    public static TheoryData<KeyKind> KeyKinds => [.. Enum.GetValues<KeyKind>()];

    [Theory]
    [MemberData(nameof(SuitesAndGroups))]
    public async Task Its_client_talks_to_our_server_with_each_suite_and_group(string suite, string group)
    {
        await using var server = new EchoServer(pki.ServerOptions());
        using var client = StartClient(server.Port, "-ciphersuites", suite, "-groups", group);
        client.Write("hello\n");
        await client.WaitForAsync("hello");
        await client.WaitForAsync("Verify return code: 0 (ok)");
        var session = await server.SessionAsync();
        Assert.Equal(suite, session.CipherSuite.ToString());
        Assert.Equal(GroupOf(group), session.Group);
    }

    [Theory]
    [MemberData(nameof(SuitesAndGroups))]
    public async Task Our_client_talks_to_its_server_with_each_suite_and_group(string suite, string group)
    {
        using var server = await StartServerAsync(KeyKind.EcdsaP256, "-ciphersuites", suite, "-groups", group);
        await using var tls = await Client.ConnectAsync(server.Port, pki.ClientOptions());
        Assert.Equal(suite, tls.Session.CipherSuite.ToString());
        Assert.Equal(GroupOf(group), tls.Session.Group);
        // The default shares are X25519's: any other group needs a HelloRetryRequest.
        Assert.Equal(group != "X25519", tls.Session.HelloRetried);
        await EchoAsync(tls);
    }

    [Theory]
    [MemberData(nameof(KeyKinds))]
    public async Task Its_client_accepts_each_kind_of_certificate_of_ours(KeyKind kind)
    {
        await using var server = new EchoServer(pki.ServerOptions(kind));
        using var client = StartClient(server.Port, "-verify_return_error");
        client.Write("hello\n");
        await client.WaitForAsync("Verify return code: 0 (ok)");
        await client.WaitForAsync("hello");
    }

    [Theory]
    [MemberData(nameof(KeyKinds))]
    public async Task Our_client_accepts_each_kind_of_certificate_of_its_server(KeyKind kind)
    {
        using var server = await StartServerAsync(kind);
        await using var tls = await Client.ConnectAsync(server.Port, pki.ClientOptions());
        await EchoAsync(tls);
    }

    [Fact]
    public async Task Our_server_asks_its_client_for_another_key_share()
    {
        var options = pki.ServerOptions();
        options.Groups = [NamedGroup.Secp384r1];
        await using var server = new EchoServer(options);
        using var client = StartClient(server.Port, "-groups", "X25519:P-384");
        client.Write("hello\n");
        await client.WaitForAsync("hello");
        Assert.True((await server.SessionAsync()).HelloRetried);
    }

    [Fact]
    public async Task Both_agree_on_an_application_protocol_either_way()
    {
        var serverOptions = pki.ServerOptions();
        serverOptions.ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11];
        await using var ours = new EchoServer(serverOptions);
        using var client = StartClient(ours.Port, "-alpn", "http/1.1,h2");
        await client.WaitForAsync("ALPN protocol: h2");

        using var theirs = await StartServerAsync(KeyKind.EcdsaP256, "-alpn", "http/1.1");
        var clientOptions = pki.ClientOptions();
        clientOptions.ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11];
        await using var tls = await Client.ConnectAsync(theirs.Port, clientOptions);
        Assert.Equal(SslApplicationProtocol.Http11, tls.NegotiatedApplicationProtocol);
    }

    [Fact]
    public async Task No_protocol_in_common_is_an_alert()
    {
        var options = pki.ServerOptions();
        options.ApplicationProtocols = [SslApplicationProtocol.Http2];
        await using var server = new EchoServer(options);
        using var client = StartClient(server.Port, "-alpn", "imap");
        await client.WaitForAsync("alert number 120");
        Assert.Equal(TlsError.NoCommonProtocol, (await server.FailureAsync()).Error);
    }

    [Theory]
    [InlineData("K\n")]
    [InlineData("k\n")]
    public async Task Its_key_updates_change_our_keys(string command)
    {
        await using var server = new EchoServer(pki.ServerOptions());
        using var client = StartClient(server.Port);
        client.Write("before\n");
        await client.WaitForAsync("before");
        client.Write(command);
        await client.WaitForAsync("KEYUPDATE");
        client.Write("after\n");
        await client.WaitForAsync("after");
    }

    [Fact]
    public async Task Our_key_updates_change_its_keys()
    {
        using var server = await StartServerAsync(KeyKind.EcdsaP256);
        await using var tls = await Client.ConnectAsync(server.Port, pki.ClientOptions());
        await EchoAsync(tls);
        await tls.UpdateKeysAsync(requestPeerUpdate: true, TestContext.Current.CancellationToken);
        await EchoAsync(tls);
        await tls.UpdateKeysAsync(requestPeerUpdate: false, TestContext.Current.CancellationToken);
        await EchoAsync(tls);
    }

    [Fact]
    public async Task Sessions_are_resumed_in_both_directions()
    {
        await using var ours = new EchoServer(pki.ServerOptions());
        var file = Path.Combine(pki.Folder, "openssl.session");
        using (var first = StartClient(ours.Port, "-sess_out", file))
        {
            first.Write("hello\n");
            await first.WaitForAsync("hello");
            Assert.False((await ours.SessionAsync()).Resumed);
            first.Write("Q\n");
            await first.WaitForExitAsync();
        }
        using (var second = StartClient(ours.Port, "-sess_in", file))
        {
            await second.WaitForAsync("Reused, TLSv1.3");
            Assert.True((await ours.SessionAsync()).Resumed);
        }

        using var theirs = await StartServerAsync(KeyKind.EcdsaP256);
        var options = pki.ClientOptions();
        for (var i = 0; i < 2; i++)
        {
            await using var tls = await Client.ConnectAsync(theirs.Port, options);
            Assert.Equal(i > 0, tls.Session.Resumed);
            await EchoAsync(tls);
        }
    }

    [Fact]
    public async Task Hundred_megabytes_arrive_unchanged_from_its_client_and_back()
    {
        byte[] received = [];
        byte[] sent = [];
        await using var server = new EchoServer(pki.ServerOptions(), async tls =>
        {
            received = await Blob.ReceiveAsync(tls, TestContext.Current.CancellationToken);
            sent = await Blob.SendAsync(tls, 2, TestContext.Current.CancellationToken);
            await tls.ShutdownAsync();
        });
        using var client = PeerProcess.Start(Peer.Find(OpenSsl, OpenSsl), ["s_client", "-connect", $"127.0.0.1:{server.Port}", "-CAfile", pki.RootFile, "-quiet", "-nocommands"], collectOutput: false);
        var sending = Blob.SendAsync(client.Input, 1, TestContext.Current.CancellationToken);
        var receivedByPeer = await Blob.ReceiveAsync(client.Output, TestContext.Current.CancellationToken);
        Assert.Equal(await sending, received);
        Assert.Equal(sent, receivedByPeer);
    }

    [Fact]
    public async Task Hundred_megabytes_arrive_unchanged_at_its_server_and_back()
    {
        using var server = await StartServerAsync(pki.ServerFiles(), collectOutput: false, "-quiet");
        await using var tls = await Client.ConnectAsync(server.Port, pki.ClientOptions());
        var toPeer = Blob.SendAsync(tls, 3, TestContext.Current.CancellationToken);
        Assert.Equal(await Blob.ReceiveAsync(server.Process.Output, TestContext.Current.CancellationToken), await toPeer);
        var toUs = Blob.SendAsync(server.Process.Input, 4, TestContext.Current.CancellationToken);
        Assert.Equal(await Blob.ReceiveAsync(tls, TestContext.Current.CancellationToken), await toUs);
    }

    [Fact]
    public async Task A_peer_that_is_killed_is_reported_as_a_truncation()
    {
        using var server = await StartServerAsync(KeyKind.EcdsaP256);
        await using var tls = await Client.ConnectAsync(server.Port, pki.ClientOptions());
        await EchoAsync(tls);
        server.Process.Dispose();
        var failure = await Assert.ThrowsAnyAsync<IOException>(async () => await tls.ReadExactlyAsync(new byte[100], TestContext.Current.CancellationToken));
        Assert.True(failure.InnerException is TlsException { Error: TlsError.Truncated } or System.Net.Sockets.SocketException, failure.ToString());
    }

    [Theory]
    [MemberData(nameof(KeyKinds))]
    public async Task Client_certificates_of_each_kind_are_asked_for_and_verified_by_our_server(KeyKind kind)
    {
        var (chain, key) = pki.Pki.Client(kind).WriteTo(pki.Folder, $"client-{kind}");
        var options = pki.ServerOptions();
        options.ClientCertificateMode = ClientCertificateMode.Required;
        options.ClientCertificateVerifier = CertificateVerifier.FromPemFile(pki.RootFile);
        await using var server = new EchoServer(options);
        using var client = StartClient(server.Port, "-cert", chain, "-cert_chain", pki.IntermediateFile, "-key", key);
        client.Write("hello\n");
        await client.WaitForAsync("hello");
        var session = await server.SessionAsync();
        Assert.Equal(2, session.PeerCertificates.Count);
        Assert.True(session.PeerVerdict!.IsAccepted);
    }

    [Fact]
    public async Task A_client_without_the_certificate_required_is_told_so()
    {
        var options = pki.ServerOptions();
        options.ClientCertificateMode = ClientCertificateMode.Required;
        options.ClientCertificateVerifier = CertificateVerifier.FromPemFile(pki.RootFile);
        await using var server = new EchoServer(options);
        using var client = StartClient(server.Port);
        await client.WaitForAsync("alert number 116");
        Assert.Equal(TlsError.NoClientCertificate, (await server.FailureAsync()).Error);
    }

    [Theory]
    [MemberData(nameof(KeyKinds))]
    public async Task Its_server_verifies_our_client_certificate_of_each_kind(KeyKind kind)
    {
        using var server = await StartServerAsync(KeyKind.EcdsaP256, "-Verify", "3", "-CAfile", pki.RootFile, "-verify_return_error");
        var options = pki.ClientOptions();
        options.Identity = pki.Pki.Client(kind).Identity();
        await using var tls = await Client.ConnectAsync(server.Port, options);
        await EchoAsync(tls);
        Assert.True(tls.IsMutuallyAuthenticated);
    }

    [Fact]
    public async Task A_client_of_TLS_12_is_refused_with_protocol_version()
    {
        await using var server = new EchoServer(pki.ServerOptions());
        using var client = StartClient(server.Port, "-tls1_2");
        await client.WaitForAsync("alert number 70");
        var failure = await server.FailureAsync();
        Assert.Equal(TlsError.UnsupportedVersion, failure.Error);
        Assert.Contains("TLS 1.2", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_of_TLS_12_is_refused_with_protocol_version()
    {
        using var server = await StartServerAsync(KeyKind.EcdsaP256, "-tls1_2");
        var failure = await FailureOf(server.Port, pki.ClientOptions());
        // It has nothing in common with us and says so itself.
        Assert.True(failure is { Error: TlsError.PeerAlert, Alert: TlsAlert.ProtocolVersion or TlsAlert.HandshakeFailure } or { Error: TlsError.UnsupportedVersion }, failure.Message);
    }

    [Fact]
    public async Task An_expired_certificate_a_wrong_name_and_an_unknown_issuer_are_refused_each_with_its_alert()
    {
        var now = DateTimeOffset.UtcNow;
        var expired = pki.Pki.Leaf(new CertificateSpec { Names = ["localhost"], NotBefore = now.AddDays(-30), NotAfter = now.AddDays(-3) }).WriteTo(pki.Folder, "expired");
        using (var server = await StartServerAsync(expired))
        {
            var failure = await FailureOf(server.Port, pki.ClientOptions());
            Assert.Equal(TlsError.CertificateExpired, failure.Error);
            Assert.Contains("expired 3 days ago", failure.Message, StringComparison.Ordinal);
            await server.Process.WaitForAsync("alert number 45");
        }
        var other = pki.Pki.Leaf(KeyKind.EcdsaP256, "a.example", "*.b.example").WriteTo(pki.Folder, "other");
        using (var server = await StartServerAsync(other))
        {
            var failure = await FailureOf(server.Port, pki.ClientOptions());
            Assert.Equal(TlsError.CertificateWrongName, failure.Error);
            Assert.Contains("a.example, *.b.example; asked for: localhost", failure.Message, StringComparison.Ordinal);
            await server.Process.WaitForAsync("alert number 46");
        }
        using var strangers = new TestPki();
        using (var server = await StartServerAsync(strangers.Server().WriteTo(pki.Folder, "stranger")))
        {
            var failure = await FailureOf(server.Port, pki.ClientOptions());
            Assert.Equal(TlsError.CertificateUnknownIssuer, failure.Error);
            await server.Process.WaitForAsync("alert number 48");
        }
    }

    private static async Task<TlsException> FailureOf(int port, TlsClientOptions options)
    {
        var failure = await Assert.ThrowsAsync<AuthenticationException>(() => Client.ConnectAsync(port, options));
        return Assert.IsType<TlsException>(failure.InnerException);
    }

    // With -rev the server sends each line back in reverse.
    private static async Task EchoAsync(TlsStream tls)
    {
        await tls.WriteAsync("hello\n"u8.ToArray(), TestContext.Current.CancellationToken);
        await Client.ReadUntilAsync(tls, "olleh");
    }

    private PeerProcess StartClient(int port, params IEnumerable<string> arguments) =>
        PeerProcess.Start(Peer.Find(OpenSsl, OpenSsl), ["s_client", "-connect", $"127.0.0.1:{port}", "-servername", "localhost", "-CAfile", pki.RootFile, .. arguments]);

    private Task<ServerProcess> StartServerAsync(KeyKind kind, params string[] arguments) => StartServerAsync(pki.ServerFiles(kind), collectOutput: true, ["-rev", .. arguments]);

    private static async Task<ServerProcess> StartServerAsync((string ChainPath, string KeyPath) files, bool collectOutput = true, params string[] arguments)
    {
        var port = PeerProcess.FreePort();
        var process = PeerProcess.Start(Peer.Find(OpenSsl, OpenSsl), ["s_server", "-accept", $"127.0.0.1:{port}", "-cert", files.ChainPath, "-cert_chain", IntermediatesOf(files.ChainPath), "-key", files.KeyPath, .. arguments], collectOutput);
        await process.WaitForPortAsync(port);
        return new ServerProcess(process, port);
    }

    // OpenSSL takes the leaf from one file and the rest of the chain from another.
    private static string IntermediatesOf(string chainPath)
    {
        var path = chainPath + ".intermediates";
        var pem = File.ReadAllText(chainPath);
        File.WriteAllText(path, pem[(pem.IndexOf("-----END CERTIFICATE-----", StringComparison.Ordinal) + "-----END CERTIFICATE-----".Length)..]);
        return path;
    }

    private static NamedGroup GroupOf(string name) => name switch
    {
        "X25519" => NamedGroup.X25519,
        "P-256" => NamedGroup.Secp256r1,
        "P-384" => NamedGroup.Secp384r1,
        _ => NamedGroup.Secp521r1,
    };

    private sealed record ServerProcess(PeerProcess Process, int Port) : IDisposable
    {
        public void Dispose() => Process.Dispose();
    }
}
