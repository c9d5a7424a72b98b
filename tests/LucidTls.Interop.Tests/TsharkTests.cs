using LucidTls.Interop.Tests.Peers;

namespace LucidTls.Interop.Tests;

public sealed class TsharkTests(PkiFixture pki)
{
    [Fact]
    public async Task It_decrypts_a_captured_connection_with_our_key_log()
    {
        var tshark = Peer.Find("tshark", "tshark");
        var keyLog = Path.Combine(pki.Folder, "keys.log");
        var capture = Path.Combine(pki.Folder, "capture.pcapng");
        var options = pki.ServerOptions();
        var lines = new List<string>();
        options.KeyLog = line =>
        {
            lock (lines)
                lines.Add(line);
        };
        await using var server = new EchoServer(options, CurlTests.ServeAsync);
        using (var capturing = PeerProcess.Start(tshark, ["-i", "lo", "-f", $"tcp port {server.Port}", "-w", capture, "-P", "-l"]))
        {
            await capturing.WaitForAsync("Capturing on");
            // tshark says so before the capture really runs; the first packets that it prints tell that it does.
            for (var i = 0; i < 50 && !capturing.Text.Contains("TCP", StringComparison.Ordinal); i++)
            {
                await using var tls = await Client.ConnectAsync(server.Port, pki.ClientOptions());
                await tls.WriteAsync("GET /secret-page HTTP/1.0\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
                await Client.ReadUntilAsync(tls, "served over TLS 1.3");
                await Task.Delay(100, TestContext.Current.CancellationToken);
            }
            await using (var tls = await Client.ConnectAsync(server.Port, pki.ClientOptions()))
            {
                await tls.WriteAsync("GET /secret-page HTTP/1.0\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
                await Client.ReadUntilAsync(tls, "served over TLS 1.3");
            }
            await Task.Delay(500, TestContext.Current.CancellationToken);
        }
        lock (lines)
            File.WriteAllLines(keyLog, lines);
        Assert.Contains(lines, line => line.StartsWith("CLIENT_TRAFFIC_SECRET_0 ", StringComparison.Ordinal));

        using var reading = PeerProcess.Start(tshark, ["-r", capture, "-o", $"tls.keylog_file:{keyLog}", "-d", $"tcp.port=={server.Port},tls", "-Y", "http", "-T", "fields", "-e", "http.request.uri", "-e", "http.file_data"]);
        await reading.WaitForAsync("/secret-page");
    }
}
