using System.Net;
using System.Net.Sockets;
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
        var lines = new List<string>();
        var options = pki.ServerOptions();
        options.KeyLog = line =>
        {
            lock (lines)
                lines.Add(line);
        };
        await using var server = new EchoServer(options, CurlTests.ServeAsync);
        using (var capturing = PeerProcess.Start(tshark, ["-i", "lo", "-f", $"tcp port {server.Port}", "-w", capture, "-P", "-l", "-T", "fields", "-e", "tcp.srcport", "-e", "tcp.dstport", "-e", "tcp.flags"]))
        {
            await capturing.WaitForAsync("Capturing on");
            // It says so before the capture really runs: packets that it shows tell that it does.
            for (var start = TimeProvider.System.GetTimestamp(); !capturing.Text.Contains("0x", StringComparison.Ordinal);)
            {
                Assert.True(TimeProvider.System.GetElapsedTime(start) < PeerProcess.Patience, capturing.Text);
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Loopback, server.Port, TestContext.Current.CancellationToken);
                await Task.Delay(50, TestContext.Current.CancellationToken);
            }
            var port = await GetSecretPageAsync(server.Port);
            // What it shows it has written before; the server's FIN, with PSH or without, comes after all that is looked for below.
            await capturing.WaitForMatchAsync($@"{server.Port}\t{port}\t0x001[19]\n");
        }
        lock (lines)
            File.WriteAllLines(keyLog, lines);
        Assert.Contains(lines, line => line.StartsWith("CLIENT_TRAFFIC_SECRET_0 ", StringComparison.Ordinal));

        using var reading = PeerProcess.Start(tshark, ["-r", capture, "-o", $"tls.keylog_file:{keyLog}", "-d", $"tcp.port=={server.Port},tls", "-Y", "http || tls.handshake", "-T", "fields", "-e", "tls.handshake.type", "-e", "http.request.uri", "-e", "http.response.phrase"]);
        Assert.Equal(0, await reading.WaitForExitAsync());
        Assert.Contains("/secret-page", reading.Text, StringComparison.Ordinal);
        Assert.Contains("OK", reading.Text, StringComparison.Ordinal);
        // EncryptedExtensions, Certificate and CertificateVerify, which only the handshake's keys show.
        foreach (var type in (string[])["8", "11", "15"])
            Assert.Contains(type, reading.Text.Split('\t', ',', '\n'));
    }

    private async Task<int> GetSecretPageAsync(int port)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port);
        var localPort = ((IPEndPoint)socket.LocalEndPoint!).Port;
        await using var tls = new TlsStream(new NetworkStream(socket, ownsSocket: true));
        await tls.AuthenticateAsClientAsync(pki.ClientOptions(), TestContext.Current.CancellationToken);
        await tls.WriteAsync("GET /secret-page HTTP/1.0\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        // To the end, so that the server's FIN is not forestalled by a reset.
        using var reader = new StreamReader(tls);
        Assert.EndsWith("served over TLS 1.3\n", await reader.ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        return localPort;
    }
}
