using System.Net;
using System.Net.Sockets;
using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;
using BcGroup = Org.BouncyCastle.Tls.NamedGroup;
using BcSuite = Org.BouncyCastle.Tls.CipherSuite;

namespace LucidTls.Interop.Tests;

public sealed class BouncyCastleTests(PkiFixture pki)
{
    public static TheoryData<int> Groups => [BcGroup.x25519, BcGroup.secp256r1, BcGroup.secp384r1, BcGroup.secp521r1, BcGroup.X25519MLKEM768, BcGroup.SecP256r1MLKEM768, BcGroup.SecP384r1MLKEM1024];

    public static TheoryData<int> Suites => [BcSuite.TLS_AES_128_GCM_SHA256, BcSuite.TLS_AES_256_GCM_SHA384, BcSuite.TLS_CHACHA20_POLY1305_SHA256];

    public static TheoryData<KeyKind> KeyKinds => [.. Enum.GetValues<KeyKind>()];

    [Theory]
    [MemberData(nameof(Groups))]
    public async Task It_is_a_client_of_ours_with_each_group(int group) => Assert.Equal(group, (await ServeAsync(new BouncyCastlePeer { Groups = [group] })).Group.Value);

    [Theory]
    [MemberData(nameof(Groups))]
    public async Task It_is_a_server_of_ours_with_each_group(int group)
    {
        var session = await ConnectAsync(new BouncyCastlePeer { Groups = [group] }, KeyKind.EcdsaP256);
        Assert.Equal(group, session.Group.Value);
        Assert.Equal(group is not (BcGroup.x25519 or BcGroup.X25519MLKEM768), session.HelloRetried);
    }

    [Theory]
    [MemberData(nameof(Suites))]
    public async Task It_is_a_client_of_ours_with_each_suite(int suite) => Assert.Equal(suite, (await ServeAsync(new BouncyCastlePeer { Suites = [suite] })).CipherSuite.Value);

    [Theory]
    [MemberData(nameof(Suites))]
    public async Task It_is_a_server_of_ours_with_each_suite(int suite) => Assert.Equal(suite, (await ConnectAsync(new BouncyCastlePeer { Suites = [suite] }, KeyKind.EcdsaP256)).CipherSuite.Value);

    [Theory]
    [MemberData(nameof(KeyKinds))]
    public async Task It_is_a_client_of_ours_with_each_kind_of_certificate(KeyKind kind) => await ServeAsync(new BouncyCastlePeer(), kind);

    [Theory]
    [MemberData(nameof(KeyKinds))]
    public async Task It_is_a_server_of_ours_with_each_kind_of_certificate(KeyKind kind) => await ConnectAsync(new BouncyCastlePeer(), kind);

    [Fact]
    public async Task It_is_asked_for_another_key_share()
    {
        var options = pki.ServerOptions();
        options.Groups = [NamedGroup.Secp384r1];
        await using var server = new EchoServer(options);
        await TalkToAsync(server.Port, new BouncyCastlePeer { Groups = [BcGroup.x25519, BcGroup.secp384r1], EarlyGroups = [BcGroup.x25519] });
        Assert.True((await server.SessionAsync()).HelloRetried);
    }

    // It as the client, ours as the server.
    private async Task<TlsSessionInfo> ServeAsync(BouncyCastlePeer peer, KeyKind kind = KeyKind.EcdsaP256)
    {
        await using var server = new EchoServer(pki.ServerOptions(kind));
        await TalkToAsync(server.Port, peer);
        return await server.SessionAsync();
    }

    private static async Task TalkToAsync(int port, BouncyCastlePeer peer)
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, port, TestContext.Current.CancellationToken);
        await Task.Run(() =>
        {
            var protocol = peer.Connect(tcp.GetStream());
            protocol.Stream.Write("hello\n"u8);
            var buffer = new byte[6];
            protocol.Stream.ReadExactly(buffer);
            Assert.Equal("hello\n"u8.ToArray(), buffer);
            protocol.Close();
        }, TestContext.Current.CancellationToken);
    }

    // Ours as the client, it as the server.
    private async Task<TlsSessionInfo> ConnectAsync(BouncyCastlePeer peer, KeyKind kind)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = Task.Run(async () =>
        {
            using var tcp = await listener.AcceptTcpClientAsync();
            var protocol = peer.Accept(tcp.GetStream(), pki.Server(kind), kind);
            var buffer = new byte[6];
            protocol.Stream.ReadExactly(buffer);
            protocol.Stream.Write(buffer);
            protocol.Close();
        }, TestContext.Current.CancellationToken);
        await using var tls = await Client.ConnectAsync(((IPEndPoint)listener.LocalEndpoint).Port, pki.ClientOptions());
        await Client.EchoAsync(tls);
        await serving;
        return tls.Session;
    }
}
