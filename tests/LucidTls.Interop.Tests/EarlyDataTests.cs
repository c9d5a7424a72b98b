using System.Text;
using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests;

/// <summary>Early data (0-RTT) with OpenSSL and GnuTLS, either way: taken, passed over, and played back.</summary>
public sealed class EarlyDataTests(PkiFixture pki)
{
    private const string Early = "early bird";

    // OpenSSL's client

    [Fact]
    public async Task OpenSSLs_client_sends_early_data_that_our_server_takes_once()
    {
        await using var server = new EchoServer(ServerOptions(), SayEarlyDataAsync);
        var session = await OpenSslSessionAsync(server);
        using (var client = StartOpenSsl(server, session))
        {
            await client.WaitForAsync("Early data was accepted");
            await client.WaitForAsync($"got early: {Early}");
            client.Write("later\n");
            await client.WaitForAsync("later");
        }
        Assert.Equal(TlsEarlyDataStatus.Accepted, (await server.SessionAsync()).EarlyData);
        // The same ticket again: the session is resumed, and the early data passed over.
        using (var client = StartOpenSsl(server, session))
        {
            await client.WaitForAsync("Early data was rejected");
            await client.WaitForAsync("got early: nothing");
            client.Write("later\n");
            await client.WaitForAsync("later");
        }
        var second = await server.SessionAsync();
        Assert.Equal((true, TlsEarlyDataStatus.Rejected), (second.Resumed, second.EarlyData));
    }

    [Fact]
    public async Task OpenSSLs_client_gets_an_answer_before_its_handshake_is_done()
    {
        var options = ServerOptions();
        options.EarlyDataHandler = async (exchange, cancellation) =>
        {
            var buffer = new byte[100];
            var count = await exchange.ReadAsync(buffer, cancellation);
            await exchange.WriteAsync(Encoding.ASCII.GetBytes($"answer to {Encoding.ASCII.GetString(buffer, 0, count)}\n"), cancellation);
        };
        await using var server = new EchoServer(options);
        var session = await OpenSslSessionAsync(server);
        using var client = StartOpenSsl(server, session);
        await client.WaitForAsync($"answer to {Early}");
        client.Write("later\n");
        await client.WaitForAsync("later");
    }

    [Fact]
    public async Task OpenSSLs_early_data_is_passed_over_when_another_share_is_wanted()
    {
        var options = ServerOptions();
        await using var server = new EchoServer(options, SayEarlyDataAsync);
        var session = await OpenSslSessionAsync(server);
        var other = ServerOptions();
        other.TicketStore = options.TicketStore;
        other.Groups = [NamedGroup.Secp384r1];
        await using var retrying = new EchoServer(other, SayEarlyDataAsync);
        using var client = StartOpenSsl(retrying, session, "-groups", "X25519:P-384");
        await client.WaitForAsync("Early data was rejected");
        await client.WaitForAsync("got early: nothing");
        client.Write("later\n");
        await client.WaitForAsync("later");
        var info = await retrying.SessionAsync();
        Assert.True(info is { HelloRetried: true, Resumed: true });
    }

    [Fact]
    public async Task OpenSSLs_large_early_data_is_passed_over_by_a_server_that_does_not_know_the_ticket()
    {
        await using var server = new EchoServer(ServerOptions());
        var session = await OpenSslSessionAsync(server);
        await using var other = new EchoServer(ServerOptions(), SayEarlyDataAsync);
        var file = Path.Combine(pki.Folder, $"{Guid.NewGuid():N}.early");
        await File.WriteAllTextAsync(file, new string('x', 16_000), TestContext.Current.CancellationToken);
        using var client = OpenSsl.StartClient(pki, other.Port, "-sess_in", session, "-early_data", file);
        await client.WaitForAsync("Early data was rejected");
        client.Write("later\n");
        await client.WaitForAsync("later");
    }

    // OpenSSL's server

    [Fact]
    public async Task OpenSSLs_server_takes_our_early_data_once_a_ticket()
    {
        using var server = await StartOpenSslServerAsync("-early_data");
        var options = pki.ClientOptions();
        await GetTicketsAsync(server, options);
        await using var tls = await Client.ConnectAsync(server.Port, WithEarlyData(options));
        Assert.Equal((true, TlsEarlyDataStatus.Accepted), (tls.Session.Resumed, tls.Session.EarlyData));
        // It writes the two through different buffers.
        await server.Process.WaitForAsync("Early data received");
        await server.Process.WaitForAsync(Early);
        await tls.WriteAsync("later\n"u8.ToArray(), TestContext.Current.CancellationToken);
        await server.Process.WaitForAsync("later");
    }

    [Fact]
    public async Task OpenSSLs_server_passes_over_our_early_data_when_it_wants_another_share()
    {
        using var server = await StartOpenSslServerAsync("-early_data", "-groups", "P-384");
        var options = pki.ClientOptions();
        await GetTicketsAsync(server, options);
        await using var tls = await Client.ConnectAsync(server.Port, WithEarlyData(options));
        Assert.Equal((true, TlsEarlyDataStatus.Rejected), (tls.Session.HelloRetried, tls.Session.EarlyData));
        await tls.WriteAsync("later\n"u8.ToArray(), TestContext.Current.CancellationToken);
        await server.Process.WaitForAsync("later");
    }

    [Fact]
    public async Task OpenSSLs_server_that_takes_none_is_sent_none()
    {
        using var server = await StartOpenSslServerAsync();
        var options = pki.ClientOptions();
        await GetTicketsAsync(server, options);
        await using var tls = await Client.ConnectAsync(server.Port, WithEarlyData(options));
        Assert.Equal((true, TlsEarlyDataStatus.NotOffered), (tls.Session.Resumed, tls.Session.EarlyData));
    }

    // GnuTLS

    [Fact]
    public async Task GnuTLSs_client_sends_early_data_that_our_server_takes()
    {
        await using var server = new EchoServer(ServerOptions(), SayEarlyDataAsync);
        var file = EarlyDataFile();
        using var client = PeerProcess.Start(Peer.Find("gnutls-cli", "gnutls-bin"), ["--x509cafile", pki.RootFile, "--port", $"{server.Port}", "--resume", "--waitresumption", "--earlydata", file, "--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.3", "localhost"]);
        await client.WaitForAsync($"got early: {Early}");
        client.Write("later\n");
        await client.WaitForAsync("later");
    }

    [Fact]
    public async Task GnuTLSs_server_takes_our_early_data()
    {
        var port = PeerProcess.FreePort();
        var (chain, key) = pki.ServerFiles();
        using var server = PeerProcess.Start(Peer.Find("gnutls-serv", "gnutls-bin"), ["--echo", "--earlydata", "--port", $"{port}", "--x509certfile", chain, "--x509keyfile", key, "--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.3"]);
        await server.WaitForPortAsync(port);
        var options = pki.ClientOptions();
        await using (var first = await Client.ConnectAsync(port, options))
            await Client.EchoAsync(first);
        await using var tls = await Client.ConnectAsync(port, WithEarlyData(options));
        Assert.Equal((true, TlsEarlyDataStatus.Accepted), (tls.Session.Resumed, tls.Session.EarlyData));
        await Client.EchoAsync(tls, "later");
    }

    private static async Task SayEarlyDataAsync(TlsStream tls)
    {
        var early = tls.EarlyData.IsEmpty ? "nothing" : Encoding.ASCII.GetString(tls.EarlyData.Span);
        await tls.WriteAsync(Encoding.ASCII.GetBytes($"got early: {early}\n"));
        await EchoServer.EchoAsync(tls);
    }

    private TlsServerOptions ServerOptions()
    {
        var options = pki.ServerOptions();
        options.MaxEarlyDataSize = 16_384;
        return options;
    }

    private string EarlyDataFile()
    {
        var file = Path.Combine(pki.Folder, $"{Guid.NewGuid():N}.early");
        File.WriteAllText(file, Early);
        return file;
    }

    private static TlsClientOptions WithEarlyData(TlsClientOptions options)
    {
        var copy = options.Clone();
        copy.EarlyData = Encoding.ASCII.GetBytes(Early);
        return copy;
    }

    private PeerProcess StartOpenSsl(EchoServer server, string session, params string[] arguments) =>
        OpenSsl.StartClient(pki, server.Port, ["-sess_in", session, "-early_data", EarlyDataFile(), .. arguments]);

    /// <summary>The file of a session whose ticket allows early data.</summary>
    private async Task<string> OpenSslSessionAsync(EchoServer server)
    {
        var file = Path.Combine(pki.Folder, $"{Guid.NewGuid():N}.session");
        using (var client = OpenSsl.StartClient(pki, server.Port, "-sess_out", file))
        {
            client.Write("hello\n");
            await client.WaitForAsync("hello");
            client.Write("Q\n");
            await client.WaitForExitAsync();
        }
        await server.SessionAsync();
        return file;
    }

    private async Task<OpenSsl.Server> StartOpenSslServerAsync(params string[] arguments) => await OpenSsl.StartServerAsync(pki.ServerFiles(KeyKind.EcdsaP256), collectOutput: true, arguments);

    /// <summary>One connection on which the server says something, so that the tickets before it have come.</summary>
    private static async Task GetTicketsAsync(OpenSsl.Server server, TlsClientOptions options)
    {
        await using var tls = await Client.ConnectAsync(server.Port, options);
        server.Process.Write("from the server\n");
        await Client.ReadUntilAsync(tls, "from the server");
    }
}
