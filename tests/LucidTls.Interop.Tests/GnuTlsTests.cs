using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests;

public sealed class GnuTlsTests(PkiFixture pki)
{
    private const string Package = "gnutls-bin";
    private const string OnlyTls13 = "NORMAL:-VERS-ALL:+VERS-TLS1.3";

    public static TheoryData<string, string> Priorities => new()
    {
        { ":-CIPHER-ALL:+AES-128-GCM:-GROUP-ALL:+GROUP-X25519", "x25519" },
        { ":-CIPHER-ALL:+AES-256-GCM:-GROUP-ALL:+GROUP-SECP256R1", "secp256r1" },
        { ":-CIPHER-ALL:+CHACHA20-POLY1305:-GROUP-ALL:+GROUP-SECP384R1", "secp384r1" },
        { ":-GROUP-ALL:+GROUP-SECP521R1", "secp521r1" },
    };

    public static TheoryData<KeyKind> KeyKinds => [.. Enum.GetValues<KeyKind>()];

    [Theory]
    [MemberData(nameof(Priorities))]
    public async Task Its_client_talks_to_our_server_with_each_suite_and_group(string priority, string group)
    {
        await using var server = new EchoServer(pki.ServerOptions());
        using var client = StartClient(server.Port, "--priority", OnlyTls13 + priority);
        client.Write("hello\n");
        await client.WaitForAsync("hello");
        Assert.Equal(group, (await server.SessionAsync()).Group.ToString());
    }

    [Theory]
    [MemberData(nameof(Priorities))]
    public async Task Our_client_talks_to_its_server_with_each_suite_and_group(string priority, string group)
    {
        var (server, port) = await StartServerAsync(KeyKind.EcdsaP256, "--priority", OnlyTls13 + priority);
        using (server)
        {
            await using var tls = await Client.ConnectAsync(port, pki.ClientOptions());
            Assert.Equal(group, tls.Session.Group.ToString());
            await EchoAsync(tls);
        }
    }

    [Theory]
    [MemberData(nameof(KeyKinds))]
    public async Task Its_client_accepts_each_kind_of_certificate_of_ours(KeyKind kind)
    {
        await using var server = new EchoServer(pki.ServerOptions(kind));
        using var client = StartClient(server.Port, "--priority", OnlyTls13);
        await client.WaitForAsync("Handshake was completed");
        client.Write("hello\n");
        await client.WaitForAsync("hello");
    }

    [Theory]
    [MemberData(nameof(KeyKinds))]
    public async Task Our_client_accepts_each_kind_of_certificate_of_its_server(KeyKind kind)
    {
        var (server, port) = await StartServerAsync(kind, "--priority", OnlyTls13);
        using (server)
        {
            await using var tls = await Client.ConnectAsync(port, pki.ClientOptions());
            await EchoAsync(tls);
        }
    }

    [Fact]
    public async Task Its_client_is_asked_for_another_share_and_for_its_certificate()
    {
        var (chain, key) = pki.Pki.Client().WriteTo(pki.Folder, "gnutls-client");
        var options = pki.ServerOptions();
        options.Groups = [NamedGroup.Secp521r1];
        options.ClientCertificateMode = ClientCertificateMode.Required;
        options.ClientCertificateVerifier = Certificates.CertificateVerifier.FromPemFile(pki.RootFile);
        await using var server = new EchoServer(options);
        using var client = StartClient(server.Port, "--priority", OnlyTls13 + ":-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP521R1", "--x509certfile", chain, "--x509keyfile", key);
        client.Write("hello\n");
        await client.WaitForAsync("hello");
        var session = await server.SessionAsync();
        Assert.True(session.HelloRetried);
        Assert.Equal(2, session.PeerCertificates.Count);
    }

    [Fact]
    public async Task Its_server_verifies_our_client_certificate_and_resumes_our_session()
    {
        var (server, port) = await StartServerAsync(KeyKind.EcdsaP256, "--priority", OnlyTls13, "--require-client-cert", "--verify-client-cert", "--x509cafile", pki.RootFile);
        using (server)
        {
            var options = pki.ClientOptions();
            options.Identity = pki.Pki.Client().Identity();
            for (var i = 0; i < 2; i++)
            {
                await using var tls = await Client.ConnectAsync(port, options);
                Assert.Equal(i > 0, tls.Session.Resumed);
                await EchoAsync(tls);
            }
        }
    }

    [Fact]
    public async Task They_agree_on_an_application_protocol()
    {
        var options = pki.ServerOptions();
        options.ApplicationProtocols = [System.Net.Security.SslApplicationProtocol.Http2];
        await using var server = new EchoServer(options);
        using var client = StartClient(server.Port, "--priority", OnlyTls13, "--alpn", "http/1.1", "--alpn", "h2");
        await client.WaitForAsync("Handshake was completed");
        Assert.Equal("h2", (await server.SessionAsync()).ApplicationProtocol.ToString());
    }

    private static async Task EchoAsync(TlsStream tls)
    {
        await tls.WriteAsync("hello\n"u8.ToArray(), TestContext.Current.CancellationToken);
        await Client.ReadUntilAsync(tls, "hello");
    }

    private PeerProcess StartClient(int port, params IEnumerable<string> arguments) =>
        PeerProcess.Start(Peer.Find("gnutls-cli", Package), ["--port", $"{port}", "--x509cafile", pki.RootFile, .. arguments, "localhost"]);

    private async Task<(PeerProcess Process, int Port)> StartServerAsync(KeyKind kind, params IEnumerable<string> arguments)
    {
        var (chain, key) = pki.ServerFiles(kind);
        var port = PeerProcess.FreePort();
        var process = PeerProcess.Start(Peer.Find("gnutls-serv", Package), ["--echo", "--port", $"{port}", "--x509certfile", chain, "--x509keyfile", key, .. arguments]);
        await process.WaitForPortAsync(port);
        return (process, port);
    }
}
