using System.Text;
using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests;

/// <summary>Client certificates after the handshake (RFC 8446 §4.6.2), with OpenSSL at either end.</summary>
public sealed class OpenSslPostHandshakeTests(PkiFixture pki)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<KeyKind> KeyKinds => [.. Enum.GetValues<KeyKind>()];

    [Theory]
    [MemberData(nameof(KeyKinds))]
    public async Task Its_client_shows_a_certificate_of_each_kind_when_our_server_asks_later(KeyKind kind)
    {
        var certificate = pki.Pki.Client(kind);
        await using var server = new EchoServer(ServerOptions(), AskAsync);
        using var client = StartClient(server.Port, certificate, $"late-client-{kind}");
        client.Write("please\n");
        await client.WaitForAsync("accepted True, 2 certificates");
        client.Write("more\n");
        await client.WaitForAsync("accepted True, 2 certificates\nmore");
    }

    [Fact]
    public async Task Its_client_without_a_certificate_declines_and_goes_on()
    {
        await using var server = new EchoServer(ServerOptions(), AskAsync);
        using var client = OpenSsl.StartClient(pki, server.Port, "-enable_pha");
        client.Write("please\n");
        await client.WaitForAsync("accepted False, 0 certificates");
        client.Write("more\n");
        await client.WaitForAsync("0 certificates\nmore");
    }

    [Fact]
    public async Task Its_client_is_told_what_is_against_its_certificate()
    {
        await using var server = new EchoServer(ServerOptions(), AskAsync);
        using var client = StartClient(server.Port, PkiFixture.Stranger(), "late-stranger");
        client.Write("please\n");
        await client.WaitForAsync("alert number 48");
        Assert.Equal(TlsError.CertificateUnknownIssuer, (await server.FailureAsync()).Error);
    }

    [Fact]
    public async Task Its_client_that_does_not_offer_it_is_not_asked()
    {
        await using var server = new EchoServer(ServerOptions(), async tls =>
        {
            Assert.False(tls.CanRequestClientCertificate);
            await EchoServer.EchoAsync(tls);
        });
        using var client = OpenSsl.StartClient(pki, server.Port);
        client.Write("hello\n");
        await client.WaitForAsync("hello");
    }

    [Theory]
    [MemberData(nameof(KeyKinds))]
    public async Task Our_client_shows_a_certificate_of_each_kind_when_its_server_asks_later(KeyKind kind)
    {
        using var server = await StartServerAsync();
        await using var tls = await Client.ConnectAsync(server.Port, ClientOptions(pki.Pki.Client(kind).Identity()));
        Assert.Empty(tls.Session.LocalCertificates);
        await TalkAsync(server, tls, "before");
        // The client answers while it reads.
        server.Process.Write("c\n");
        var reading = Client.ReadUntilAsync(tls, "behind");
        await server.Process.WaitForMatchAsync("depth=0[\\s\\S]*verify return:1");
        server.Process.Write("behind\n");
        await reading;
        Assert.NotEmpty(tls.Session.LocalCertificates);
        await tls.WriteAsync("still here\n"u8.ToArray(), Cancellation);
        await server.Process.WaitForAsync("still here");
    }

    [Fact]
    public async Task Our_client_declines_when_it_has_no_certificate_and_goes_on()
    {
        using var server = await StartServerAsync();
        await using var tls = await Client.ConnectAsync(server.Port, ClientOptions(null));
        // What it reads together it takes for one command.
        server.Process.Write("c\n");
        await server.Process.WaitForMatchAsync("Handshake .*CertificateRequest");
        server.Process.Write("behind\n");
        await Client.ReadUntilAsync(tls, "behind");
        await tls.WriteAsync("still here\n"u8.ToArray(), Cancellation);
        await server.Process.WaitForAsync("still here");
        Assert.Empty(tls.Session.LocalCertificates);
    }

    /// <summary>Waits for a line, asks, says what came of it, and echoes from then on.</summary>
    private static async Task AskAsync(TlsStream tls)
    {
        await tls.ReadExactlyAsync(new byte["please\n".Length], Cancellation);
        var isShown = await tls.RequestClientCertificateAsync(Cancellation);
        await tls.WriteAsync(Encoding.ASCII.GetBytes($"accepted {isShown}, {tls.Session.PeerCertificates.Count} certificates\n"), Cancellation);
        await EchoServer.EchoAsync(tls);
    }

    private static async Task TalkAsync(OpenSsl.Server server, TlsStream tls, string line)
    {
        await tls.WriteAsync(Encoding.ASCII.GetBytes(line + "\n"), Cancellation);
        await server.Process.WaitForAsync(line);
    }

    private Task<OpenSsl.Server> StartServerAsync() =>
        OpenSsl.StartServerAsync(pki.ServerFiles(KeyKind.EcdsaP256), collectOutput: true, "-CAfile", pki.RootFile, "-verify_return_error", "-msg");

    private PeerProcess StartClient(int port, TestCertificate certificate, string name)
    {
        var (chain, key) = certificate.WriteTo(pki.Folder, name);
        return OpenSsl.StartClient(pki, port, "-enable_pha", "-cert", chain, "-cert_chain", pki.IntermediateFile, "-key", key);
    }

    private TlsServerOptions ServerOptions()
    {
        var options = pki.MutualOptions(ClientCertificateMode.None);
        options.PostHandshakeAuthentication = true;
        return options;
    }

    private TlsClientOptions ClientOptions(TlsIdentity? identity)
    {
        var options = pki.ClientOptions();
        options.PostHandshakeAuthentication = true;
        options.Identity = identity;
        return options;
    }
}
