using System.Net.Sockets;
using System.Text;
using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests;

/// <summary>stunnel on either end of ours.</summary>
public sealed class StunnelTests(PkiFixture pki)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_leads_plain_clients_to_our_server_and_back()
    {
        using var service = await Tool.ServeAsync();
        using var folder = new TempFolder();
        var (process, port) = await StartAsync(folder, $"client = yes\nconnect = 127.0.0.1:{service.Url.Port}\nsni = localhost\ncheckHost = localhost\nverifyChain = yes\nCAfile = {service.AuthorityFile}");
        using (process)
        {
            for (var i = 0; i < 2; i++)
                Assert.Contains("TLS 1.3", await GetAsync(port), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Our_tunnel_leads_plain_clients_to_its_server_and_back()
    {
        using var nginx = await Proxy.StartNginxAsync("listen PORT; location / { return 200 \"plain page\"; }");
        using var folder = new TempFolder();
        var (chain, key) = pki.ServerFiles();
        var (process, port) = await StartAsync(folder, $"connect = 127.0.0.1:{nginx.Port}\ncert = {chain}\nkey = {key}");
        using (process)
        {
            using var tunnel = await Tool.TunnelAsync("--to", $"localhost:{port}", "--roots", pki.RootFile);
            for (var i = 0; i < 2; i++)
                Assert.Contains("plain page", await GetAsync(tunnel.Url.Port), StringComparison.Ordinal);
        }
    }

    private static async Task<(PeerProcess Process, int Port)> StartAsync(TempFolder folder, string service)
    {
        var port = PeerProcess.FreePort();
        File.WriteAllText(folder.File("stunnel.conf"), $"foreground = yes\npid =\n[service]\naccept = 127.0.0.1:{port}\n{service}\n");
        var process = PeerProcess.Start(Peer.Find("stunnel", "stunnel4"), [folder.File("stunnel.conf")]);
        await process.WaitForPortAsync(port);
        return (process, port);
    }

    private static async Task<string> GetAsync(int port)
    {
        using var tcp = new TcpClient("127.0.0.1", port);
        await using var stream = tcp.GetStream();
        await stream.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray(), Cancellation);
        using var reader = new StreamReader(stream, Encoding.ASCII);
        return await reader.ReadToEndAsync(Cancellation).WaitAsync(PeerProcess.Patience, Cancellation);
    }
}
