using System.Net.Security;
using System.Text;
using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests;

public sealed class OpenSslTests(PkiFixture pki)
{
    public static TheoryData<string, string> SuitesAndGroups => new()
    {
        { "TLS_AES_128_GCM_SHA256", "X25519" },
        { "TLS_AES_256_GCM_SHA384", "P-256" },
        { "TLS_CHACHA20_POLY1305_SHA256", "P-384" },
        { "TLS_AES_128_GCM_SHA256", "P-521" },
    };

    public static TheoryData<KeyKind> KeyKinds => [.. Enum.GetValues<KeyKind>()];

    [Theory]
    [InlineData("-tls1_3")]
    [InlineData("-tls1_2")]
    public async Task Its_client_gets_fragments_as_short_as_it_asks_for(string version)
    {
        await using var server = new EchoServer(pki.ServerOptions());
        using var client = OpenSsl.StartClient(pki, server.Port, version, "-maxfraglen", "512", "-tlsextdebug");
        client.Write(new string('x', 3000) + "end\n");
        await client.WaitForAsync("xxend");
        await client.WaitForAsync("TLS server extension \"max fragment length\"");
    }

    [Theory]
    [MemberData(nameof(SuitesAndGroups))]
    public async Task Its_client_talks_to_our_server_with_each_suite_and_group(string suite, string group)
    {
        await using var server = new EchoServer(pki.ServerOptions());
        using var client = OpenSsl.StartClient(pki, server.Port, "-ciphersuites", suite, "-groups", group);
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
        using var server = await OpenSsl.StartServerAsync(pki, KeyKind.EcdsaP256, "-ciphersuites", suite, "-groups", group);
        await using var tls = await Client.ConnectAsync(server.Port, pki.ClientOptions());
        Assert.Equal(suite, tls.Session.CipherSuite.ToString());
        Assert.Equal(GroupOf(group), tls.Session.Group);
        // The default shares are X25519's: any other group needs a HelloRetryRequest.
        Assert.Equal(group != "X25519", tls.Session.HelloRetried);
        await OpenSsl.ReverseAsync(tls);
    }

    [Theory]
    [MemberData(nameof(KeyKinds))]
    public async Task Its_client_accepts_each_kind_of_certificate_of_ours(KeyKind kind)
    {
        await using var server = new EchoServer(pki.ServerOptions(kind));
        using var client = OpenSsl.StartClient(pki, server.Port, "-verify_return_error");
        client.Write("hello\n");
        await client.WaitForAsync("Verify return code: 0 (ok)");
        await client.WaitForAsync("hello");
    }

    [Theory]
    [MemberData(nameof(KeyKinds))]
    public async Task Our_client_accepts_each_kind_of_certificate_of_its_server(KeyKind kind)
    {
        using var server = await OpenSsl.StartServerAsync(pki, kind);
        await using var tls = await Client.ConnectAsync(server.Port, pki.ClientOptions());
        await OpenSsl.ReverseAsync(tls);
    }

    [Fact]
    public async Task Our_server_asks_its_client_for_another_key_share()
    {
        var options = pki.ServerOptions();
        options.Groups = [NamedGroup.Secp384r1];
        await using var server = new EchoServer(options);
        using var client = OpenSsl.StartClient(pki, server.Port, "-groups", "X25519:P-384");
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
        using var client = OpenSsl.StartClient(pki, ours.Port, "-alpn", "http/1.1,h2");
        await client.WaitForAsync("ALPN protocol: h2");

        using var theirs = await OpenSsl.StartServerAsync(pki, KeyKind.EcdsaP256, "-alpn", "http/1.1");
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
        using var client = OpenSsl.StartClient(pki, server.Port, "-alpn", "imap");
        await client.WaitForAsync("alert number 120");
        Assert.Equal(TlsError.NoCommonProtocol, (await server.FailureAsync()).Error);
    }

    [Theory]
    [InlineData("K\n")]
    [InlineData("k\n")]
    public async Task Its_key_updates_change_our_keys(string command)
    {
        await using var server = new EchoServer(pki.ServerOptions());
        using var client = OpenSsl.StartClient(pki, server.Port);
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
        using var server = await OpenSsl.StartServerAsync(pki, KeyKind.EcdsaP256);
        await using var tls = await Client.ConnectAsync(server.Port, pki.ClientOptions());
        await OpenSsl.ReverseAsync(tls);
        await tls.UpdateKeysAsync(requestPeerUpdate: true, TestContext.Current.CancellationToken);
        await OpenSsl.ReverseAsync(tls);
        await tls.UpdateKeysAsync(requestPeerUpdate: false, TestContext.Current.CancellationToken);
        await OpenSsl.ReverseAsync(tls);
    }

    [Theory]
    [InlineData("k", false)]
    [InlineData("K", true)]
    public async Task Key_updates_of_its_server_change_our_keys(string command, bool requestsOurs)
    {
        const string KeyUpdate = " TLS 1.3, Handshake [length 0005], KeyUpdate";
        using var server = await OpenSsl.StartServerAsync(pki.ServerFiles(), collectOutput: true, "-msg");
        await using var tls = await Client.ConnectAsync(server.Port, pki.ClientOptions());
        server.Process.Write(command + "\n");
        var reading = Client.ReadUntilAsync(tls, "after");
        await server.Process.WaitForAsync(">>>" + KeyUpdate);
        server.Process.Write("after\n");
        await reading;
        await tls.WriteAsync("heard\n"u8.ToArray(), TestContext.Current.CancellationToken);
        await server.Process.WaitForAsync("heard");
        // RFC 8446 §4.6.3: ours comes before our next application data, and only when asked for.
        Assert.Equal(requestsOurs, server.Process.Text.Contains("<<<" + KeyUpdate, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Both_ends_export_the_same_keying_material()
    {
        const string Label = "EXPORTER-Channel-Binding";
        byte[] exported = [];
        await using var ours = new EchoServer(pki.ServerOptions(), async tls =>
        {
            exported = tls.GetChannelBinding();
            await EchoServer.EchoAsync(tls);
        });
        using var client = OpenSsl.StartClient(pki, ours.Port, "-keymatexport", Label, "-keymatexportlen", "32");
        client.Write("hello\n");
        await client.WaitForAsync("hello");
        await client.WaitForAsync($"Keying material: {Convert.ToHexString(exported)}");

        using var theirs = await OpenSsl.StartServerAsync(pki.ServerFiles(), collectOutput: true, "-keymatexport", Label, "-keymatexportlen", "32");
        await using var tls = await Client.ConnectAsync(theirs.Port, pki.ClientOptions());
        await theirs.Process.WaitForAsync($"Keying material: {Convert.ToHexString(tls.GetChannelBinding())}");
    }

    [Fact]
    public async Task Small_records_and_padding_are_understood_on_both_sides()
    {
        var options = pki.ServerOptions();
        options.Padding = RecordPadding.ToBlock(512);
        await using var ours = new EchoServer(options);
        using var client = OpenSsl.StartClient(pki, ours.Port, "-max_send_frag", "512", "-no_middlebox");
        var line = new string('x', 3000);
        client.Write(line + "\n");
        await client.WaitForAsync(line);

        using var theirs = await OpenSsl.StartServerAsync(pki, KeyKind.EcdsaP256, "-max_send_frag", "512", "-record_padding", "256");
        await using var tls = await Client.ConnectAsync(theirs.Port, pki.ClientOptions());
        await tls.WriteAsync(Encoding.ASCII.GetBytes(line + "\n"), TestContext.Current.CancellationToken);
        await Client.ReadUntilAsync(tls, line);
    }

    [Fact]
    public async Task Sessions_are_resumed_in_both_directions()
    {
        await using var ours = new EchoServer(pki.ServerOptions());
        var file = Path.Combine(pki.Folder, "openssl.session");
        using (var first = OpenSsl.StartClient(pki, ours.Port, "-sess_out", file))
        {
            first.Write("hello\n");
            await first.WaitForAsync("hello");
            Assert.False((await ours.SessionAsync()).Resumed);
            first.Write("Q\n");
            await first.WaitForExitAsync();
        }
        using (var second = OpenSsl.StartClient(pki, ours.Port, "-sess_in", file))
        {
            await second.WaitForAsync("Reused, TLSv1.3");
            Assert.True((await ours.SessionAsync()).Resumed);
        }

        using var theirs = await OpenSsl.StartServerAsync(pki, KeyKind.EcdsaP256);
        var options = pki.ClientOptions();
        for (var i = 0; i < 2; i++)
        {
            await using var tls = await Client.ConnectAsync(theirs.Port, options);
            Assert.Equal(i > 0, tls.Session.Resumed);
            await OpenSsl.ReverseAsync(tls);
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
        using var client = PeerProcess.Start(OpenSsl.Find(), ["s_client", "-connect", $"127.0.0.1:{server.Port}", "-CAfile", pki.RootFile, "-quiet", "-nocommands"], collectOutput: false);
        var sending = Blob.SendAsync(client.Input, 1, TestContext.Current.CancellationToken);
        var receivedByPeer = await Blob.ReceiveAsync(client.Output, TestContext.Current.CancellationToken);
        Assert.Equal(await sending, received);
        Assert.Equal(sent, receivedByPeer);
    }

    [Fact]
    public async Task Hundred_megabytes_arrive_unchanged_at_its_server_and_back()
    {
        using var server = await OpenSsl.StartServerAsync(pki.ServerFiles(), collectOutput: false, "-quiet");
        await using var tls = await Client.ConnectAsync(server.Port, pki.ClientOptions());
        var toPeer = Blob.SendAsync(tls, 3, TestContext.Current.CancellationToken);
        Assert.Equal(await Blob.ReceiveAsync(server.Process.Output, TestContext.Current.CancellationToken), await toPeer);
        var toUs = Blob.SendAsync(server.Process.Input, 4, TestContext.Current.CancellationToken);
        Assert.Equal(await Blob.ReceiveAsync(tls, TestContext.Current.CancellationToken), await toUs);
    }

    [Fact]
    public async Task A_peer_that_is_killed_is_reported_as_a_truncation()
    {
        using var server = await OpenSsl.StartServerAsync(pki, KeyKind.EcdsaP256);
        await using var tls = await Client.ConnectAsync(server.Port, pki.ClientOptions());
        await OpenSsl.ReverseAsync(tls);
        server.Process.Dispose();
        var failure = await Assert.ThrowsAnyAsync<IOException>(async () => await tls.ReadExactlyAsync(new byte[100], TestContext.Current.CancellationToken));
        Assert.True(failure.InnerException is TlsException { Error: TlsError.Truncated } or System.Net.Sockets.SocketException, failure.ToString());
    }

    private static NamedGroup GroupOf(string name) => name switch
    {
        "X25519" => NamedGroup.X25519,
        "P-256" => NamedGroup.Secp256r1,
        "P-384" => NamedGroup.Secp384r1,
        _ => NamedGroup.Secp521r1,
    };
}
