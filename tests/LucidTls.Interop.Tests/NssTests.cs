using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests;

public sealed class NssTests(PkiFixture pki)
{
    private const string Package = "libnss3-tools";

    [Theory]
    [InlineData("x25519")]
    [InlineData("P256")]
    [InlineData("P384")]
    [InlineData("P521")]
    public async Task Its_client_talks_to_our_server_with_each_group(string group)
    {
        using var database = await MakeDatabaseAsync(KeyKind.EcdsaP256);
        await using var server = new EchoServer(pki.ServerOptions());
        using var client = PeerProcess.Start(Peer.Find("tstclnt", Package), ["-h", "127.0.0.1", "-a", "localhost", "-p", $"{server.Port}", "-d", Name(database), "-V", "tls1.3:tls1.3", "-I", group]);
        client.Write("hello\n");
        await client.WaitForAsync("hello");
        Assert.Contains(group.TrimStart('P'), (await server.SessionAsync()).Group.ToString(), StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData(KeyKind.EcdsaP256)]
    [InlineData(KeyKind.EcdsaP384)]
    [InlineData(KeyKind.EcdsaP521)]
    [InlineData(KeyKind.Rsa2048)]
    public async Task Its_client_accepts_certificates_of_ours(KeyKind kind)
    {
        using var database = await MakeDatabaseAsync(KeyKind.EcdsaP256);
        await using var server = new EchoServer(pki.ServerOptions(kind));
        using var client = PeerProcess.Start(Peer.Find("tstclnt", Package), ["-h", "127.0.0.1", "-a", "localhost", "-p", $"{server.Port}", "-d", Name(database), "-V", "tls1.3:tls1.3"]);
        client.Write("hello\n");
        await client.WaitForAsync("hello");
    }

    [Theory]
    [InlineData(KeyKind.EcdsaP256)]
    [InlineData(KeyKind.EcdsaP384)]
    [InlineData(KeyKind.Rsa2048)]
    public async Task Our_client_talks_to_its_server(KeyKind kind)
    {
        using var database = await MakeDatabaseAsync(kind);
        var port = PeerProcess.FreePort();
        using var server = PeerProcess.Start(Peer.Find("selfserv", Package), ["-d", Name(database), "-n", "server", "-p", $"{port}", "-V", "tls1.3:tls1.3", "-v"]);
        await server.WaitForPortAsync(port);
        await using var tls = await Client.ConnectAsync(port, pki.ClientOptions());
        await tls.WriteAsync("GET / HTTP/1.0\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        await Client.ReadUntilAsync(tls, "HTTP/1.0 200 OK");
    }

    private static string Name(TempFolder database) => $"sql:{database.Path}";

    private async Task<TempFolder> MakeDatabaseAsync(KeyKind kind)
    {
        var folder = new TempFolder();
        File.WriteAllBytes(folder.File("server.p12"), pki.Server(kind).ToPkcs12("secret"));
        await RunAsync("certutil", "-N", "-d", Name(folder), "--empty-password");
        await RunAsync("certutil", "-A", "-d", Name(folder), "-n", "root", "-t", "CT,,", "-a", "-i", pki.RootFile);
        await RunAsync("pk12util", "-i", folder.File("server.p12"), "-d", Name(folder), "-W", "secret", "-K", "");
        // The name that the import gave is the leaf's subject; selfserv asks for it by "server".
        using var list = PeerProcess.Start(Peer.Find("certutil", Package), ["-L", "-d", Name(folder)]);
        await list.WaitForAsync("u,u,u");
        var nickname = list.Text.Split('\n').First(line => line.Contains("u,u,u", StringComparison.Ordinal)).Split("   ")[0].Trim();
        await RunAsync("certutil", "--rename", "-d", Name(folder), "-n", nickname, "--new-n", "server");
        return folder;
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = PeerProcess.Start(Peer.Find(program, Package), arguments);
        Assert.True(await process.WaitForExitAsync() == 0, $"{program} {string.Join(' ', arguments)}: {process.Text}");
    }
}
