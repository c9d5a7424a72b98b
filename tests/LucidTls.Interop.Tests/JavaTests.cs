using System.Net.Security;
using LucidTls.Interop.Tests.Peers;
using LucidTls.Sessions;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests;

public sealed class JavaTests(PkiFixture pki)
{
    public static TheoryData<KeyKind> KeyKinds => [KeyKind.EcdsaP256, KeyKind.EcdsaP384, KeyKind.EcdsaP521, KeyKind.Rsa2048];

    public static TheoryData<NamedGroup> Groups => [NamedGroup.X25519, NamedGroup.Secp256r1, NamedGroup.Secp521r1];

    [Theory]
    [MemberData(nameof(KeyKinds))]
    public async Task Its_client_accepts_each_kind_of_certificate_of_ours(KeyKind kind)
    {
        var options = pki.ServerOptions(kind);
        options.ApplicationProtocols = [new SslApplicationProtocol("echo")];
        await using var server = new EchoServer(options);
        using var client = JavaPeer.StartClient(pki, server.Port);
        Assert.True(await client.WaitForExitAsync() == 0, client.Text);
        Assert.Contains("version=TLSv1.3", client.Text, StringComparison.Ordinal);
        Assert.Contains("alpn=echo", client.Text, StringComparison.Ordinal);
        Assert.Contains("echo: hello", client.Text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(KeyKinds))]
    public async Task Our_client_accepts_each_kind_of_certificate_of_its_server(KeyKind kind)
    {
        var (server, port) = await JavaPeer.StartServerAsync(pki, KeyStore(pki.Server(kind), $"java-server-{kind}"));
        using (server)
        {
            await using var tls = await Client.ConnectAsync(port, pki.ClientOptions());
            await Client.EchoAsync(tls);
        }
    }

    [Theory]
    [MemberData(nameof(Groups))]
    public async Task Both_servers_and_clients_agree_on_each_group(NamedGroup group)
    {
        await using var ours = new EchoServer(pki.ServerOptions());
        using var client = JavaPeer.StartClient(pki, ours.Port, group: group.ToString());
        Assert.True(await client.WaitForExitAsync() == 0, client.Text);
        Assert.Equal(group, (await ours.SessionAsync()).Group);

        var (server, port) = await JavaPeer.StartServerAsync(pki, KeyStore(pki.Server(), $"java-server-{group}"), group.ToString());
        using (server)
        {
            await using var tls = await Client.ConnectAsync(port, pki.ClientOptions());
            await Client.EchoAsync(tls);
            Assert.Equal(group, tls.Session.Group);
        }
    }

    [Fact]
    public async Task Its_client_resumes_our_sessions()
    {
        await using var server = new EchoServer(pki.ServerOptions());
        using var client = JavaPeer.StartClient(pki, server.Port, times: 3);
        Assert.True(await client.WaitForExitAsync() == 0, client.Text);
        Assert.Equal(2, client.Text.Split("resumed=true").Length - 1);
    }

    [Fact]
    public async Task Its_server_verifies_our_client_certificate_and_resumes_our_session()
    {
        var (server, port) = await JavaPeer.StartServerAsync(pki, KeyStore(pki.Server(), "java-server-mutual"), asksForCertificate: true);
        using (server)
        {
            var options = pki.ClientOptions();
            options.Identity = pki.Pki.Client().Identity();
            for (var i = 0; i < 2; i++)
            {
                await using var tls = await Client.ConnectAsync(port, options);
                await Client.EchoAsync(tls);
                Assert.Equal(i > 0, tls.Session.Resumed);
            }
        }
    }

    [Fact]
    public async Task Its_client_shows_its_certificate()
    {
        await using var server = new EchoServer(pki.MutualOptions());
        using var client = JavaPeer.StartClient(pki, server.Port, KeyStore(pki.Pki.Client(), "java-client"));
        Assert.True(await client.WaitForExitAsync() == 0, client.Text);
        Assert.True((await server.SessionAsync()).PeerVerdict!.IsAccepted);
    }

    [Fact]
    public async Task Its_server_refuses_our_client_without_a_certificate_and_we_say_so()
    {
        var (server, port) = await JavaPeer.StartServerAsync(pki, KeyStore(pki.Server(), "java-server-strict"), asksForCertificate: true);
        using (server)
        {
            await using var tls = await Client.ConnectAsync(port, pki.ClientOptions());
            // Read, not written: what is written when it has closed may be answered by a reset.
            var failure = await Assert.ThrowsAnyAsync<IOException>(async () => await tls.ReadExactlyAsync(new byte[1], TestContext.Current.CancellationToken));
            Assert.Equal((TlsError.PeerAlert, TlsFailureSource.Peer), (Assert.IsType<TlsException>(failure.InnerException).Error, ((TlsException)failure.InnerException!).Source));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Its_client_resumes_our_sessions_of_TLS_12_with_its_certificate(bool byTicket)
    {
        var options = pki.MutualOptions();
        options.SessionStore = new TlsSessionStore();
        await using var server = new EchoServer(options);
        using var client = JavaPeer.StartClient(pki, server.Port, KeyStore(pki.Pki.Client(KeyKind.Rsa2048), $"java-client-12-{byTicket}"), times: 2, version: "1.2", properties: $"jdk.tls.client.enableSessionTicketExtension={(byTicket ? "true" : "false")}");
        Assert.True(await client.WaitForExitAsync() == 0, client.Text);
        Assert.Equal(2, client.Text.Split("version=TLSv1.2").Length - 1);
        Assert.Equal(1, client.Text.Split("resumed=true").Length - 1);
        var session = await server.SessionAsync();
        Assert.Equal((TlsVersion.Tls12, true, true), (session.Version, session.ExtendedMasterSecret, session.PeerVerdict!.IsAccepted));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Its_server_verifies_our_certificate_in_TLS_12_and_resumes_our_session(bool byTicket)
    {
        var (server, port) = await JavaPeer.StartServerAsync(pki, KeyStore(pki.Server(KeyKind.Rsa2048), $"java-server-12-{byTicket}"), asksForCertificate: true, version: "1.2", properties: $"jdk.tls.server.enableSessionTicketExtension={(byTicket ? "true" : "false")}");
        using (server)
        {
            var options = pki.ClientOptions();
            options.Identity = pki.Pki.Client().Identity();
            for (var i = 0; i < 3; i++)
            {
                await using var tls = await Client.ConnectAsync(port, options);
                await Client.EchoAsync(tls);
                Assert.Equal((TlsVersion.Tls12, i > 0), (tls.Session.Version, tls.Session.Resumed));
            }
        }
    }

    [Fact]
    public async Task Its_client_without_extended_master_secret_is_let_in_under_the_option_alone()
    {
        const string Without = "jdk.tls.useExtendedMasterSecret=false";
        await using var strict = new EchoServer(pki.ServerOptions());
        using (var client = JavaPeer.StartClient(pki, strict.Port, version: "1.2", properties: Without))
        {
            Assert.Equal(TlsError.MissingExtendedMasterSecret, (await strict.FailureAsync()).Error);
            Assert.NotEqual(0, await client.WaitForExitAsync());
        }
        var options = pki.ServerOptions();
        options.AllowMissingExtendedMasterSecret = true;
        await using var lenient = new EchoServer(options);
        using (var client = JavaPeer.StartClient(pki, lenient.Port, version: "1.2", properties: Without))
        {
            Assert.True(await client.WaitForExitAsync() == 0, client.Text);
            Assert.False((await lenient.SessionAsync()).ExtendedMasterSecret);
        }
    }

    private string KeyStore(TestCertificate certificate, string name)
    {
        var path = Path.Combine(pki.Folder, name + ".p12");
        File.WriteAllBytes(path, certificate.ToPkcs12("secret"));
        return path;
    }
}
