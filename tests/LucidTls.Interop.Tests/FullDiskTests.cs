using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests;

/// <summary><c>lucidtls serve</c> where nothing that it says can be written: it serves all the same.</summary>
public sealed class FullDiskTests(PkiFixture pki)
{
    private const int Noisy = 30;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("exec \"$0\" \"$@\" 2> /dev/full", "")]
    [InlineData("exec \"$0\" \"$@\" > /dev/full", "")]
    [InlineData("exec \"$0\" \"$@\" > /dev/full 2>&1", "")]
    [InlineData("exec \"$0\" \"$@\" > /dev/null 2>&1", "/dev/full")]
    [InlineData("\"$0\" \"$@\" 2>&1 | true", "")]
    public async Task A_full_disk_for_what_it_says_ends_no_service(string command, string keyLog)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has /dev/full.");
        using var data = new TempFolder();
        var (chain, key) = pki.ServerFiles();
        var port = PeerProcess.FreePort();
        using var server = PeerProcess.Start("/bin/sh", ["-c", command, .. Tool.CommandLine, "serve", "--verbose", "--listen", $"127.0.0.1:{port}", "--cert", chain, "--key", key],
            environment: new Dictionary<string, string> { ["XDG_DATA_HOME"] = data.Path, ["SSLKEYLOGFILE"] = keyLog });
        await server.WaitForPortAsync(port);

        // Each has it write a line.
        for (var i = 0; i < Noisy; i++)
        {
            using var tcp = new TcpClient();
            await tcp.ConnectAsync(IPAddress.Loopback, port, Cancel);
            await tcp.GetStream().WriteAsync("nonsense\r\n"u8.ToArray(), Cancel);
            Assert.NotEqual(0, await tcp.GetStream().ReadAsync(new byte[100], Cancel));
        }
        for (var i = 0; i < 3; i++)
        {
            await using var tls = await Client.ConnectAsync(port, pki.ClientOptions());
            await tls.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray(), Cancel);
            Assert.StartsWith("HTTP/1.1 200 OK", await Client.ReadUntilAsync(tls, "TLS 1.3"), StringComparison.Ordinal);
        }

        if (command.StartsWith("exec", StringComparison.Ordinal))
        {
            using var kill = Process.Start("kill", ["-TERM", $"{server.ProcessId}"]);
            Assert.Equal(0, await server.WaitForExitAsync());
        }
    }
}
