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
        await ServesAsync(command, keyLog, canBeTold: command.StartsWith("exec", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("2>&3")]
    [InlineData(">&3 2>&3")]
    public async Task A_full_pipe_that_nobody_reads_stops_no_service(string output)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux opens a pipe once more by /dev/fd.");
        await ServesAsync($"pipe=$(mktemp -u) && mkfifo \"$pipe\" && exec 3<> \"$pipe\" && rm \"$pipe\" && dd if=/dev/zero of=/dev/fd/3 oflag=nonblock bs=4096; exec \"$0\" \"$@\" {output}", "", canBeTold: true);
    }

    [Fact]
    public async Task A_file_system_that_is_really_full_ends_no_service_either_and_what_fits_later_is_written()
    {
        using var disk = SmallDisk.Mount();
        disk.Fill();

        await ServesAsync($"exec \"$0\" \"$@\" 2> '{disk.File("log")}'", disk.File("keys"), canBeTold: true, meanwhile: () =>
        {
            Assert.Equal((0, 0), (new FileInfo(disk.File("log")).Length, new FileInfo(disk.File("keys")).Length));
            disk.Free();
        });

        Assert.Contains("CLIENT_TRAFFIC_SECRET_0 ", await File.ReadAllTextAsync(disk.File("keys"), Cancel), StringComparison.Ordinal);
        Assert.NotEqual(0, new FileInfo(disk.File("log")).Length);
    }

    [Fact]
    public async Task A_certificate_that_does_not_fit_on_the_disk_is_one_error_and_the_old_one_is_served_until_it_does()
    {
        using var disk = SmallDisk.Mount();
        var file = disk.File("server.pem");
        var first = await IssueAsync(file);
        await using var server = await KestrelServer.StartConfiguredAsync(("Certificate:Path", file));

        await using (var writing = new FileStream(file, FileMode.Truncate, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0))
        {
            disk.Fill();
            await Assert.ThrowsAsync<IOException>(async () => await writing.WriteAsync("-----BEGIN CERTIFICATE-----\n"u8.ToArray(), Cancel));
        }
        var line = await server.Log.WaitAsync("ConfigurationRefused");
        Assert.Contains("server.pem", line.Text, StringComparison.Ordinal);
        Assert.Equal(first, await LeafAsync(server));
        disk.Free();
        var second = await IssueAsync(file);

        using var limit = new CancellationTokenSource(PeerProcess.Patience);
        while (await LeafAsync(server) != second)
            await Task.Delay(50, limit.Token);
        Assert.Single(server.Warnings);
    }

    /// <summary>Writes chain and key into one file.</summary>
    private async Task<string> IssueAsync(string file)
    {
        var certificate = pki.Pki.Leaf(KeyKind.EcdsaP256, "localhost");
        await File.WriteAllTextAsync(file, certificate.ChainPem + certificate.KeyPem, Cancel);
        return Convert.ToHexString(certificate.Chain[0]);
    }

    private async Task<string> LeafAsync(KestrelServer server)
    {
        await using var tls = await Client.ConnectAsync(server.Port, pki.ClientOptions());
        return Convert.ToHexString(tls.Session.PeerCertificates[0].Span);
    }

    /// <param name="command">The shell's command for the server.</param>
    /// <param name="keyLog">Where the key log goes.</param>
    /// <param name="canBeTold">Whether the process is the server itself, which ends in good order when told to.</param>
    /// <param name="meanwhile">Called when each kind of line was to be written; the same is done again after it.</param>
    private async Task ServesAsync(string command, string keyLog, bool canBeTold, Action? meanwhile = null)
    {
        using var data = new TempFolder();
        var (chain, key) = pki.ServerFiles();
        var port = PeerProcess.FreePort();
        using var server = PeerProcess.Start("/bin/sh", ["-c", command, .. Tool.CommandLine, "serve", "--verbose", "--listen", $"127.0.0.1:{port}", "--cert", chain, "--key", key],
            environment: new Dictionary<string, string> { ["XDG_DATA_HOME"] = data.Path, ["SSLKEYLOGFILE"] = keyLog });
        await server.WaitForPortAsync(port);

        await TalkAsync(port);
        if (meanwhile != null)
        {
            meanwhile();
            await TalkAsync(port);
        }

        if (canBeTold)
        {
            using var kill = Process.Start("kill", ["-TERM", $"{server.ProcessId}"]);
            Assert.Equal(0, await server.WaitForExitAsync());
        }
    }

    private async Task TalkAsync(int port)
    {
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
    }
}
