using System.Net.Security;
using System.Text;
using LucidTls.Certificates;
using LucidTls.Interop.Tests.Peers;
using LucidTls.Sessions;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests;

public sealed class GnuTlsTests(PkiFixture pki)
{
    private const string Package = "gnutls-bin";
    private const string OnlyTls13 = "NORMAL:-VERS-ALL:+VERS-TLS1.3";
    private const string OnlyTls12 = "NORMAL:-VERS-ALL:+VERS-TLS1.2";

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
            await Client.EchoAsync(tls);
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
            await Client.EchoAsync(tls);
        }
    }

    [Fact]
    public async Task Its_client_is_asked_for_another_share_and_for_its_certificate()
    {
        var (chain, key) = pki.Pki.Client().WriteTo(pki.Folder, "gnutls-client");
        var options = pki.MutualOptions();
        options.Groups = [NamedGroup.Secp521r1];
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
                await Client.EchoAsync(tls);
            }
        }
    }

    [Theory]
    [InlineData("^rekey^")]
    [InlineData("^rekey1^")]
    public async Task Its_key_updates_change_our_keys(string command)
    {
        await using var server = new EchoServer(pki.ServerOptions());
        using var client = StartClient(server.Port, "--priority", OnlyTls13, "--inline-commands");
        client.Write("before\n");
        await client.WaitForAsync("before");
        client.Write(command + "\n");
        await client.WaitForAsync("Rekey was completed");
        client.Write("after\n");
        await client.WaitForAsync("after");
    }

    [Fact]
    public async Task Our_key_updates_change_its_keys()
    {
        var (server, port) = await StartServerAsync(KeyKind.EcdsaP256, "--priority", OnlyTls13);
        using (server)
        {
            await using var tls = await Client.ConnectAsync(port, pki.ClientOptions());
            await Client.EchoAsync(tls, "before");
            await tls.UpdateKeysAsync(requestPeerUpdate: true, TestContext.Current.CancellationToken);
            await Client.EchoAsync(tls, "between");
            await tls.UpdateKeysAsync(requestPeerUpdate: false, TestContext.Current.CancellationToken);
            await Client.EchoAsync(tls, "after");
        }
    }

    [Fact]
    public async Task A_client_of_TLS_12_is_refused_with_protocol_version_by_who_speaks_TLS_13_alone()
    {
        await using var server = new EchoServer(PkiFixture.OnlyTls13(pki.ServerOptions()));
        using var client = StartClient(server.Port, "--priority", OnlyTls12);
        await client.WaitForAsync("Received alert [70]");
        var failure = await server.FailureAsync();
        Assert.Equal(TlsError.UnsupportedVersion, failure.Error);
        Assert.Contains("TLS 1.2", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_of_TLS_12_is_refused_by_who_speaks_TLS_13_alone()
    {
        var (server, port) = await StartServerAsync(KeyKind.EcdsaP256, "--priority", OnlyTls12);
        using (server)
        {
            var failure = await Client.FailureAsync(port, PkiFixture.OnlyTls13(pki.ClientOptions()));
            // It does not see that only the version is amiss.
            Assert.Equal((TlsError.PeerAlert, TlsAlert.HandshakeFailure), (failure.Error, failure.Alert));
        }
    }

    [Fact]
    public async Task They_agree_on_an_application_protocol()
    {
        var options = pki.ServerOptions();
        options.ApplicationProtocols = [SslApplicationProtocol.Http2];
        await using var server = new EchoServer(options);
        using var client = StartClient(server.Port, "--priority", OnlyTls13, "--alpn", "http/1.1", "--alpn", "h2");
        await client.WaitForAsync("Handshake was completed");
        Assert.Equal("h2", (await server.SessionAsync()).ApplicationProtocol.ToString());

        var (theirs, port) = await StartServerAsync(KeyKind.EcdsaP256, "--priority", OnlyTls13, "--alpn", "http/1.1");
        using (theirs)
        {
            var clientOptions = pki.ClientOptions();
            clientOptions.ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11];
            await using var tls = await Client.ConnectAsync(port, clientOptions);
            Assert.Equal(SslApplicationProtocol.Http11, tls.NegotiatedApplicationProtocol);
        }
    }

    [Theory]
    [InlineData(OnlyTls13)]
    [InlineData(OnlyTls12)]
    public async Task Record_sizes_are_agreed_on_both_ways(string priority)
    {
        var line = new string('x', 3000) + "end";
        var serverOptions = pki.ServerOptions();
        serverOptions.RecordSizeLimit = 600; // GnuTLS refuses less than 512.
        await using (var ours = new EchoServer(serverOptions, async tls =>
        {
            await Client.ReadUntilAsync(tls, "hello");
            await tls.WriteAsync(Encoding.ASCII.GetBytes(line));
            await Client.ReadUntilAsync(tls, "bye");
        }))
        {
            using var client = StartClient(ours.Port, "--priority", priority, "--recordsize", "512");
            client.Write("hello\n");
            await client.WaitForAsync("xxend");
            client.Write("bye\n");
        }

        var (theirs, port) = await StartServerAsync(KeyKind.EcdsaP256, "--priority", priority);
        using (theirs)
        {
            var clientOptions = pki.ClientOptions();
            clientOptions.RecordSizeLimit = 600; // GnuTLS refuses less than 512.
            await using var tls = await Client.ConnectAsync(port, clientOptions);
            await Client.EchoAsync(tls, line);
        }
    }

    [Theory]
    [MemberData(nameof(KeyKinds))]
    public async Task Each_kind_of_certificate_goes_both_ways_in_TLS_12(KeyKind kind)
    {
        var (chain, key) = pki.Pki.Client(kind).WriteTo(pki.Folder, $"gnutls-client-12-{kind}");
        var options = pki.ServerOptions(kind);
        options.ClientCertificateMode = ClientCertificateMode.Required;
        options.ClientCertificateVerifier = CertificateVerifier.FromPemFile(pki.RootFile);
        await using var ours = new EchoServer(options);
        using var client = StartClient(ours.Port, "--priority", OnlyTls12, "--x509certfile", chain, "--x509keyfile", key);
        client.Write("hello\n");
        await client.WaitForAsync("hello");
        var session = await ours.SessionAsync();
        Assert.Equal((TlsVersion.Tls12, true), (session.Version, session.PeerVerdict!.IsAccepted));

        var (theirs, port) = await StartServerAsync(kind, "--priority", OnlyTls12, "--require-client-cert", "--verify-client-cert", "--x509cafile", pki.RootFile);
        using (theirs)
        {
            var clientOptions = pki.ClientOptions();
            clientOptions.Identity = pki.Pki.Client(kind).Identity();
            await using var tls = await Client.ConnectAsync(port, clientOptions);
            await Client.EchoAsync(tls);
            Assert.Equal(TlsVersion.Tls12, tls.Session.Version);
            Assert.NotNull(tls.Session.ClientSignatureScheme);
        }
    }

    [Theory]
    [InlineData(":-CIPHER-ALL:+AES-128-GCM:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1", KeyKind.EcdsaP256)]
    [InlineData(":-CIPHER-ALL:+AES-256-GCM:-GROUP-ALL:+GROUP-SECP384R1", KeyKind.EcdsaP384)]
    [InlineData(":-CIPHER-ALL:+CHACHA20-POLY1305:-GROUP-ALL:+GROUP-SECP521R1", KeyKind.Rsa2048)]
    public async Task Sessions_of_TLS_12_are_resumed_both_ways_with_each_cipher(string priority, KeyKind kind)
    {
        await using var ours = new EchoServer(pki.ServerOptions(kind));
        using var client = StartClient(ours.Port, "--priority", OnlyTls12 + priority, "--resume");
        await client.WaitForAsync("This is a resumed session");

        var (theirs, port) = await StartServerAsync(kind, "--priority", OnlyTls12 + priority);
        using (theirs)
        {
            var options = pki.ClientOptions();
            for (var i = 0; i < 3; i++)
            {
                await using var tls = await Client.ConnectAsync(port, options);
                Assert.Equal((TlsVersion.Tls12, i > 0), (tls.Session.Version, tls.Session.Resumed));
                await Client.EchoAsync(tls);
            }
        }
    }

    [Fact]
    public async Task Sessions_of_TLS_12_are_resumed_both_ways_by_their_ids()
    {
        var options = pki.ServerOptions();
        options.SessionStore = new TlsSessionStore();
        await using var ours = new EchoServer(options);
        using var client = StartClient(ours.Port, "--priority", OnlyTls12 + ":%NO_TICKETS", "--resume");
        await client.WaitForAsync("This is a resumed session");

        var (theirs, port) = await StartServerAsync(KeyKind.EcdsaP256, "--priority", OnlyTls12, "--noticket");
        using (theirs)
        {
            var clientOptions = pki.ClientOptions();
            for (var i = 0; i < 3; i++)
            {
                await using var tls = await Client.ConnectAsync(port, clientOptions);
                Assert.Equal(i > 0, tls.Session.Resumed);
                await Client.EchoAsync(tls);
            }
        }
    }

    [Fact]
    public async Task Peers_without_extended_master_secret_are_talked_to_under_the_option_alone()
    {
        const string Without = OnlyTls12 + ":%NO_SESSION_HASH";
        await using var strict = new EchoServer(pki.ServerOptions());
        using (var client = StartClient(strict.Port, "--priority", Without))
        {
            await client.WaitForAsync("Received alert [40]");
            Assert.Equal(TlsError.MissingExtendedMasterSecret, (await strict.FailureAsync()).Error);
        }
        var options = pki.ServerOptions();
        options.AllowMissingExtendedMasterSecret = true;
        await using var lenient = new EchoServer(options);
        using (var client = StartClient(lenient.Port, "--priority", Without))
        {
            client.Write("hello\n");
            await client.WaitForAsync("hello");
            Assert.False((await lenient.SessionAsync()).ExtendedMasterSecret);
        }

        var (theirs, port) = await StartServerAsync(KeyKind.EcdsaP256, "--priority", Without);
        using (theirs)
        {
            Assert.Equal(TlsError.MissingExtendedMasterSecret, (await Client.FailureAsync(port, pki.ClientOptions())).Error);
            var clientOptions = pki.ClientOptions();
            clientOptions.AllowMissingExtendedMasterSecret = true;
            await using var tls = await Client.ConnectAsync(port, clientOptions);
            await Client.EchoAsync(tls);
            Assert.False(tls.Session.ExtendedMasterSecret);
        }
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
