using System.Net.Security;
using System.Threading.Channels;
using LucidTls.Interop.Tests.Peers;
using LucidTls.Sessions;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests;

public sealed class NssTests(PkiFixture pki)
{
    private static readonly string[] OnlyTls13 = ["-V", "tls1.3:tls1.3"];
    private static readonly string[] OnlyTls12 = ["-V", "tls1.2:tls1.2"];

    public static TheoryData<string, NamedGroup> Groups => new()
    {
        { "x25519", NamedGroup.X25519 },
        { "P256", NamedGroup.Secp256r1 },
        { "P384", NamedGroup.Secp384r1 },
        { "P521", NamedGroup.Secp521r1 },
    };

    public static TheoryData<string, CipherSuite> Suites => new()
    {
        { ":1301", CipherSuite.Aes128GcmSha256 },
        { ":1302", CipherSuite.Aes256GcmSha384 },
        { ":1303", CipherSuite.ChaCha20Poly1305Sha256 },
    };

    [Theory]
    [MemberData(nameof(Groups))]
    public async Task Its_client_talks_to_our_server_with_each_group(string name, NamedGroup group)
    {
        var session = await TalkToOursAsync(pki.ServerOptions(), ["-I", name]);
        Assert.Equal(group, session.Group);
    }

    [Theory]
    [MemberData(nameof(Groups))]
    public async Task Our_client_talks_to_its_server_with_each_group(string name, NamedGroup group)
    {
        var session = await TalkToItsAsync(KeyKind.EcdsaP256, pki.ClientOptions(), "-I", name);
        Assert.Equal(group, session.Group);
        Assert.Equal(group != NamedGroup.X25519, session.HelloRetried);
    }

    [Theory]
    [MemberData(nameof(Suites))]
    public async Task Its_client_talks_to_our_server_with_each_suite(string code, CipherSuite suite)
    {
        var session = await TalkToOursAsync(pki.ServerOptions(), ["-c", code]);
        Assert.Equal(suite, session.CipherSuite);
    }

    [Theory]
    [MemberData(nameof(Suites))]
    public async Task Our_client_talks_to_its_server_with_each_suite(string code, CipherSuite suite)
    {
        var session = await TalkToItsAsync(KeyKind.EcdsaP256, pki.ClientOptions(), "-c", code);
        Assert.Equal(suite, session.CipherSuite);
    }

    [Theory]
    [InlineData(KeyKind.EcdsaP256)]
    [InlineData(KeyKind.EcdsaP384)]
    [InlineData(KeyKind.EcdsaP521)]
    [InlineData(KeyKind.Rsa2048)]
    [InlineData(KeyKind.RsaPss2048)]
    public async Task Its_client_accepts_certificates_of_ours(KeyKind kind) =>
        await TalkToOursAsync(pki.ServerOptions(kind), kind == KeyKind.RsaPss2048 ? ["-J", "rsa_pss_pss_sha256,ecdsa_secp256r1_sha256"] : []);

    [Theory]
    [InlineData(KeyKind.EcdsaP384)]
    [InlineData(KeyKind.EcdsaP521)]
    [InlineData(KeyKind.Rsa2048)]
    public async Task Our_client_accepts_certificates_of_its_server(KeyKind kind) => await TalkToItsAsync(kind, pki.ClientOptions());

    [Fact]
    public async Task Our_server_asks_its_client_for_another_key_share()
    {
        var options = pki.ServerOptions();
        options.Groups = [NamedGroup.Secp384r1];
        Assert.True((await TalkToOursAsync(options, ["-I", "x25519,P384"])).HelloRetried);
    }

    [Fact]
    public async Task Our_server_verifies_its_clients_certificate()
    {
        using var database = await Nss.MakeDatabaseAsync(pki.Server(), pki.RootFile);
        await using var server = new EchoServer(pki.MutualOptions());
        using var client = Nss.StartClientWithCertificate(database, server.Port, OnlyTls13);
        client.Write("hello\n");
        await client.WaitForAsync("hello");
        Assert.True((await server.SessionAsync()).PeerVerdict!.IsAccepted);
    }

    [Theory]
    [InlineData(KeyKind.EcdsaP256)]
    [InlineData(KeyKind.Rsa2048)]
    public async Task Its_server_verifies_our_certificate(KeyKind kind)
    {
        var options = pki.ClientOptions();
        options.Identity = pki.Pki.Client(kind).Identity();
        var session = await TalkToItsAsync(KeyKind.EcdsaP256, options, "-r", "-r");
        Assert.NotEmpty(session.LocalCertificates);
    }

    [Fact]
    public async Task Our_client_agrees_on_an_application_protocol_with_its_server()
    {
        var options = pki.ClientOptions();
        options.ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11];
        Assert.Equal(SslApplicationProtocol.Http11, (await TalkToItsAsync(KeyKind.EcdsaP256, options, "-Q")).ApplicationProtocol);
    }

    [Fact]
    public async Task A_client_of_TLS_12_is_refused_with_protocol_version_by_who_speaks_TLS_13_alone()
    {
        using var database = await Nss.MakeDatabaseAsync(pki.Server(), pki.RootFile);
        await using var server = new EchoServer(PkiFixture.OnlyTls13(pki.ServerOptions()));
        using var client = Nss.StartClient(database, server.Port, OnlyTls12);
        await client.WaitForAsync("SSL_ERROR_PROTOCOL_VERSION_ALERT");
        var failure = await server.FailureAsync();
        Assert.Equal(TlsError.UnsupportedVersion, failure.Error);
        Assert.Contains("TLS 1.2", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_of_TLS_12_is_refused_by_who_speaks_TLS_13_alone()
    {
        using var database = await Nss.MakeDatabaseAsync(pki.Server(), pki.RootFile);
        var (server, port) = await Nss.StartServerAsync(database, OnlyTls12);
        using (server)
        {
            var failure = await Client.FailureAsync(port, PkiFixture.OnlyTls13(pki.ClientOptions()));
            Assert.Equal((TlsError.PeerAlert, TlsAlert.ProtocolVersion), (failure.Error, failure.Alert));
        }
    }

    [Theory]
    [InlineData(KeyKind.EcdsaP256)]
    [InlineData(KeyKind.Rsa2048)]
    public async Task Certificates_go_both_ways_in_TLS_12_and_sessions_are_resumed(KeyKind kind)
    {
        using var database = await Nss.MakeDatabaseAsync(pki.Server(kind), pki.RootFile);
        await using var ours = new EchoServer(pki.MutualOptions());
        using (var client = Nss.StartClientWithCertificate(database, ours.Port, OnlyTls12))
        {
            client.Write("hello\n");
            await client.WaitForAsync("hello");
            var session = await ours.SessionAsync();
            Assert.Equal((TlsVersion.Tls12, true), (session.Version, session.PeerVerdict!.IsAccepted));
        }

        foreach (var byTicket in (bool[])[false, true])
        {
            var (server, port) = await Nss.StartServerAsync(database, [.. OnlyTls12, "-r", "-r", .. byTicket ? ["-u"] : (string[])[]]);
            using (server)
            {
                var options = pki.ClientOptions();
                options.Identity = pki.Pki.Client(kind).Identity();
                for (var i = 0; i < 2; i++)
                {
                    await using var tls = await Client.ConnectAsync(port, options);
                    Assert.Equal((TlsVersion.Tls12, i > 0), (tls.Session.Version, tls.Session.Resumed));
                    await tls.WriteAsync("GET / HTTP/1.0\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
                    await Client.ReadUntilAsync(tls, "HTTP/1.0 200 OK");
                }
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Its_client_resumes_our_sessions_of_TLS_12(bool byTicket)
    {
        using var database = await Nss.MakeDatabaseAsync(pki.Server(), pki.RootFile);
        var options = pki.ServerOptions();
        options.SessionStore = new TlsSessionStore();
        var resumed = Channel.CreateUnbounded<bool>();
        await using var server = new EchoServer(options, async tls =>
        {
            resumed.Writer.TryWrite(tls.Session.Resumed);
            await CurlTests.ServeAsync(tls);
        });
        File.WriteAllText(database.File("request"), "GET / HTTP/1.0\r\n\r\n");
        using var client = Nss.StartClient(database, server.Port, [.. OnlyTls12, "-L", "2", "-A", database.File("request"), .. byTicket ? ["-u"] : (string[])[]]);
        Assert.True(await client.WaitForExitAsync() == 0, client.Text);
        Assert.False(await resumed.Reader.ReadAsync(TestContext.Current.CancellationToken));
        Assert.True(await resumed.Reader.ReadAsync(TestContext.Current.CancellationToken));
    }

    private async Task<TlsSessionInfo> TalkToOursAsync(TlsServerOptions options, string[] arguments)
    {
        using var database = await Nss.MakeDatabaseAsync(pki.Server(), pki.RootFile);
        await using var server = new EchoServer(options);
        using var client = Nss.StartClient(database, server.Port, [.. OnlyTls13, .. arguments]);
        client.Write("hello\n");
        await client.WaitForAsync("hello");
        return await server.SessionAsync();
    }

    private async Task<TlsSessionInfo> TalkToItsAsync(KeyKind kind, TlsClientOptions options, params string[] arguments)
    {
        using var database = await Nss.MakeDatabaseAsync(pki.Server(kind), pki.RootFile);
        var (server, port) = await Nss.StartServerAsync(database, [.. OnlyTls13, .. arguments]);
        using (server)
        {
            await using var tls = await Client.ConnectAsync(port, options);
            await tls.WriteAsync("GET / HTTP/1.0\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
            await Client.ReadUntilAsync(tls, "HTTP/1.0 200 OK");
            return tls.Session;
        }
    }
}
