using System.Net.Security;
using LucidTls.Certificates;
using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests;

public sealed class GoTests(PkiFixture pki, GoPeer go)
{
    // It knows no keys for RSASSA-PSS only.
    public static TheoryData<KeyKind> KeyKinds => [.. Enum.GetValues<KeyKind>().Where(kind => kind != KeyKind.RsaPss2048)];

    public static TheoryData<NamedGroup> Groups => [NamedGroup.X25519, NamedGroup.Secp256r1, NamedGroup.Secp384r1, NamedGroup.Secp521r1];

    [Theory]
    [MemberData(nameof(KeyKinds))]
    public async Task Its_client_accepts_each_kind_of_certificate_of_ours(KeyKind kind)
    {
        var options = pki.ServerOptions(kind);
        options.ApplicationProtocols = [new SslApplicationProtocol("echo")];
        await using var server = new EchoServer(options);
        using var client = go.Start("-roots", pki.RootFile, "client", $"127.0.0.1:{server.Port}");
        Assert.True(await client.WaitForExitAsync() == 0, client.Text);
        Assert.Contains("version=304", client.Text, StringComparison.Ordinal);
        Assert.Contains("alpn=echo", client.Text, StringComparison.Ordinal);
        Assert.Contains("echo: hello", client.Text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(KeyKinds))]
    public async Task Our_client_accepts_each_kind_of_certificate_of_its_server(KeyKind kind)
    {
        var (server, port) = await go.StartServerAsync(pki.ServerFiles(kind));
        using (server)
        {
            var options = pki.ClientOptions();
            options.ApplicationProtocols = [new SslApplicationProtocol("echo")];
            await using var tls = await Client.ConnectAsync(port, options);
            await Client.EchoAsync(tls);
            Assert.Equal("echo", tls.Session.ApplicationProtocol.ToString());
        }
    }

    [Theory]
    [MemberData(nameof(Groups))]
    public async Task Both_servers_and_clients_agree_on_each_group(NamedGroup group)
    {
        await using var ours = new EchoServer(pki.ServerOptions());
        using var client = go.Start("-roots", pki.RootFile, "-curve", $"{group.Value}", "client", $"127.0.0.1:{ours.Port}");
        Assert.True(await client.WaitForExitAsync() == 0, client.Text);
        Assert.Equal(group, (await ours.SessionAsync()).Group);

        var (server, port) = await go.StartServerAsync(pki.ServerFiles(), "-curve", $"{group.Value}");
        using (server)
        {
            await using var tls = await Client.ConnectAsync(port, pki.ClientOptions());
            await Client.EchoAsync(tls);
            Assert.Equal(group, tls.Session.Group);
            // Our first shares are for X25519MLKEM768 and X25519.
            Assert.Equal(group != NamedGroup.X25519, tls.Session.HelloRetried);
        }
    }

    [Fact]
    public async Task Its_client_resumes_our_sessions()
    {
        await using var server = new EchoServer(pki.ServerOptions());
        using var client = go.Start("-roots", pki.RootFile, "-times", "3", "client", $"127.0.0.1:{server.Port}");
        Assert.True(await client.WaitForExitAsync() == 0, client.Text);
        Assert.Equal(2, client.Text.Split("resumed=true").Length - 1);
    }

    [Fact]
    public async Task Our_client_resumes_its_sessions()
    {
        var (server, port) = await go.StartServerAsync(pki.ServerFiles());
        using (server)
        {
            var options = pki.ClientOptions();
            for (var i = 0; i < 3; i++)
            {
                await using var tls = await Client.ConnectAsync(port, options);
                await Client.EchoAsync(tls);
                Assert.Equal(i > 0, tls.Session.Resumed);
            }
        }
    }

    [Theory]
    [MemberData(nameof(KeyKinds))]
    public async Task Its_client_shows_its_certificate(KeyKind kind)
    {
        var (chain, key) = pki.Pki.Client(kind).WriteTo(pki.Folder, $"go-client-{kind}");
        await using var server = new EchoServer(pki.MutualOptions());
        using var client = go.Start("-roots", pki.RootFile, "-cert", chain, "-key", key, "client", $"127.0.0.1:{server.Port}");
        Assert.True(await client.WaitForExitAsync() == 0, client.Text);
        Assert.True((await server.SessionAsync()).PeerVerdict!.IsAccepted);
    }

    [Theory]
    [MemberData(nameof(KeyKinds))]
    public async Task Its_server_accepts_each_kind_of_certificate_of_our_client(KeyKind kind)
    {
        var (server, port) = await go.StartServerAsync(pki.ServerFiles(), "-roots", pki.RootFile);
        using (server)
        {
            var options = pki.ClientOptions();
            options.Identity = pki.Pki.Client(kind).Identity();
            await using var tls = await Client.ConnectAsync(port, options);
            await Client.EchoAsync(tls);
            await server.WaitForAsync("peer=2");
        }
    }

    // Go has extended_master_secret since 1.21, Debian's may be older: the option lets either in.
    [Theory]
    [MemberData(nameof(KeyKinds))]
    public async Task Each_kind_of_certificate_goes_both_ways_in_TLS_12(KeyKind kind)
    {
        var (chain, key) = pki.Pki.Client(kind).WriteTo(pki.Folder, $"go-client-12-{kind}");
        var options = pki.ServerOptions(kind);
        options.ApplicationProtocols = [new SslApplicationProtocol("echo")];
        options.ClientCertificateMode = ClientCertificateMode.Required;
        options.ClientCertificateVerifier = CertificateVerifier.FromPemFile(pki.RootFile);
        options.AllowMissingExtendedMasterSecret = true;
        await using var ours = new EchoServer(options);
        using var client = go.Start("-version", "1.2", "-roots", pki.RootFile, "-cert", chain, "-key", key, "client", $"127.0.0.1:{ours.Port}");
        Assert.True(await client.WaitForExitAsync() == 0, client.Text);
        Assert.Contains("version=303", client.Text, StringComparison.Ordinal);
        Assert.Contains("alpn=echo", client.Text, StringComparison.Ordinal);
        Assert.True((await ours.SessionAsync()).PeerVerdict!.IsAccepted);

        var (server, port) = await go.StartServerAsync(pki.ServerFiles(kind), "-version", "1.2", "-roots", pki.RootFile);
        using (server)
        {
            var clientOptions = pki.ClientOptions();
            clientOptions.ApplicationProtocols = [new SslApplicationProtocol("echo")];
            clientOptions.Identity = pki.Pki.Client(kind).Identity();
            clientOptions.AllowMissingExtendedMasterSecret = true;
            await using var tls = await Client.ConnectAsync(port, clientOptions);
            await Client.EchoAsync(tls);
            Assert.Equal((TlsVersion.Tls12, "echo"), (tls.Session.Version, tls.Session.ApplicationProtocol.ToString()));
            await server.WaitForAsync("peer=2");
        }
    }

    [Fact]
    public async Task Sessions_of_TLS_12_are_resumed_both_ways()
    {
        var serverOptions = pki.ServerOptions();
        serverOptions.AllowMissingExtendedMasterSecret = true;
        await using var ours = new EchoServer(serverOptions);
        using var client = go.Start("-version", "1.2", "-roots", pki.RootFile, "-times", "3", "client", $"127.0.0.1:{ours.Port}");
        Assert.True(await client.WaitForExitAsync() == 0, client.Text);
        Assert.Equal(2, client.Text.Split("resumed=true").Length - 1);

        var (server, port) = await go.StartServerAsync(pki.ServerFiles(), "-version", "1.2");
        using (server)
        {
            var options = pki.ClientOptions();
            options.AllowMissingExtendedMasterSecret = true;
            for (var i = 0; i < 3; i++)
            {
                await using var tls = await Client.ConnectAsync(port, options);
                await Client.EchoAsync(tls);
                Assert.Equal(i > 0, tls.Session.Resumed);
            }
        }
    }

    [Fact]
    public async Task Its_client_refuses_a_name_that_is_not_ours_and_we_are_told()
    {
        await using var server = new EchoServer(new TlsServerOptions { Identities = [pki.OtherName().Identity()] });
        using var client = go.Start("-roots", pki.RootFile, "client", $"127.0.0.1:{server.Port}");
        Assert.Equal(1, await client.WaitForExitAsync());
        Assert.Contains("localhost", client.Text, StringComparison.Ordinal);
        Assert.Equal(TlsAlert.BadCertificate, (await server.FailureAsync()).Alert);
    }
}
