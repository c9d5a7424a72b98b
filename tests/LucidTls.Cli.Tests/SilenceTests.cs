using System.Globalization;
using System.Net;
using System.Net.Sockets;
using LucidTls.Certificates;
using LucidTls.StartTls;

namespace LucidTls.Cli.Tests;

/// <summary>Connections through <c>serve --to tcp://</c> and <c>tunnel</c> that nothing comes through.</summary>
public sealed class SilenceTests : IDisposable
{
    private static readonly byte[] PostgresStart = "\0\0\0\u0010\0\u0003\0\0user\0a\0\0"u8.ToArray();

    private readonly TemporaryFolder _folder = new();
    private readonly TaskCompletionSource _over = new();

    public void Dispose()
    {
        _folder.Dispose();
        _over.TrySetResult();
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("--idle", false)]
    [InlineData("--half-closed", true)]
    public async Task A_connection_that_is_silent_for_too_long_is_broken_off(string option, bool ends)
    {
        await using var service = new Peer(SilentAsync);
        await using var tool = await Tool.ServeAsync(_folder.Path, "--to", $"tcp://127.0.0.1:{service.Port}", "--metrics", "127.0.0.1:0", option, "3");
        await using var tls = await ConnectAsync(tool);
        await tls.WriteAsync("hello"u8.ToArray(), Cancel);
        if (ends)
            await tls.ShutdownAsync(Cancel);

        // Without close_notify: it must not look like the end of an answer.
        await Assert.ThrowsAsync<IOException>(() => tls.ReadAsync(new byte[1], Cancel).AsTask());

        _over.SetResult();
        await tool.WaitForErrorAsync("Metrics at ");
        var url = tool.Errors.Split("Metrics at ")[1].Split('\n')[0].Trim();
        using var http = new HttpClient();
        Assert.Contains($"lucidtls_relay_failures_total{{error_type=\"{(ends ? "half_closed" : "idle")}\"}} 1\n", await http.GetStringAsync(url, Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_that_says_something_now_and_then_goes_on()
    {
        await using var service = new Peer(async socket =>
        {
            await using var stream = new NetworkStream(socket);
            await Peer.EchoAsync(stream);
        });
        await using var tool = await Tool.ServeAsync(_folder.Path, "--to", $"tcp://127.0.0.1:{service.Port}", "--idle", "30", "--half-closed", "30");
        await using var tls = await ConnectAsync(tool);
        for (var i = 0; i < 5; i++)
        {
            await tls.WriteAsync("x"u8.ToArray(), Cancel);
            await tls.ReadExactlyAsync(new byte[1], Cancel);
            await Task.Delay(50, Cancel);
        }
        await tls.ShutdownAsync(Cancel);
        Assert.Equal(0, await tls.ReadAsync(new byte[1], Cancel));
    }

    [Fact]
    public async Task A_tunnels_connection_that_is_silent_for_too_long_is_broken_off()
    {
        await using var server = Peer.Tls(TestPki.Issue(), tls => SilentAsync(tls));
        await using var tool = await Tool.TunnelAsync(_folder.Path, "--to", $"localhost:{server.Port}", "--roots", _folder.Write("roots.pem", TestPki.AuthorityPem), "--idle", "3");
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(IPEndPoint.Parse(tool.Url), Cancel);
        await client.SendAsync("hello"u8.ToArray(), Cancel);
        await Assert.ThrowsAsync<SocketException>(() => client.ReceiveAsync(new byte[1], Cancel).AsTask());
        _over.SetResult();
    }

    [Fact]
    public async Task A_tunnel_breaks_off_when_the_database_never_answers_what_the_client_begins_with()
    {
        await using var server = new Peer(async socket =>
        {
            await using var plain = new NetworkStream(socket);
            await using var tls = await StartTlsProtocol.Postgres.AcceptAsync(plain, new TlsServerOptions { Identities = [TestPki.Issue().Identity] }, cancellationToken: Cancel);
            await SilentAsync(tls);
        });
        await using var tool = await Tool.TunnelAsync(_folder.Path, "--to", $"localhost:{server.Port}", "--starttls", "postgres", "--roots", _folder.Write("roots.pem", TestPki.AuthorityPem), "--idle", "2");
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(IPEndPoint.Parse(tool.Url), Cancel);
        await client.SendAsync(PostgresStart, Cancel);
        await Assert.ThrowsAsync<SocketException>(() => client.ReceiveAsync(new byte[1], Cancel).AsTask());
        await tool.WaitForErrorAsync($"localhost:{server.Port} was silent for 2 seconds.");
        _over.SetResult();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_tunnels_client_that_leaves_before_the_database_has_answered_takes_the_connection_to_it_along(bool resets)
    {
        var (begun, left) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var server = new Peer(async socket =>
        {
            await using var plain = new NetworkStream(socket);
            await using var tls = await StartTlsProtocol.Postgres.AcceptAsync(plain, new TlsServerOptions { Identities = [TestPki.Issue().Identity] }, cancellationToken: Cancel);
            await tls.ReadExactlyAsync(new byte[PostgresStart.Length], Cancel);
            begun.SetResult();
            await Record.ExceptionAsync(() => tls.CopyToAsync(Stream.Null, Cancel));
            left.SetResult();
        });
        await using var tool = await Tool.TunnelAsync(_folder.Path, "--to", $"localhost:{server.Port}", "--starttls", "postgres", "--roots", _folder.Write("roots.pem", TestPki.AuthorityPem));
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(IPEndPoint.Parse(tool.Url), Cancel);
        await client.SendAsync(PostgresStart, Cancel);
        await begun.Task.WaitAsync(Cancel);
        if (resets)
            client.LingerState = new LingerOption(enable: true, seconds: 0);
        client.Dispose();
        await left.Task.WaitAsync(TimeSpan.FromMinutes(1), Cancel);
        await tool.WaitForErrorAsync($"The client left before localhost:{server.Port} had answered.");
    }

    [Fact]
    public async Task A_tunnels_client_that_leaves_before_the_database_greets_takes_the_connection_to_it_along()
    {
        var (begun, left) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var server = WatchfulPeer(begun, left);
        await using var tool = await Tool.TunnelAsync(_folder.Path, "--to", $"localhost:{server.Port}", "--starttls", "mysql", "--roots", _folder.Write("roots.pem", TestPki.AuthorityPem));
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(IPEndPoint.Parse(tool.Url), Cancel);
        await begun.Task.WaitAsync(Cancel);
        client.Dispose();
        await left.Task.WaitAsync(TimeSpan.FromMinutes(1), Cancel);
        await tool.WaitForErrorAsync($"The client left before localhost:{server.Port} had answered.");
    }

    [Theory]
    [InlineData("mysql")]
    [InlineData("postgres")]
    public async Task A_client_of_a_front_with_STARTTLS_that_leaves_before_the_database_has_answered_takes_the_connection_to_it_along(string protocol)
    {
        var (begun, left) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var service = WatchfulPeer(begun, left);
        var certificate = TestPki.Issue();
        _folder.Write("site.pem", certificate.CertificatePem + "\n" + certificate.KeyPem);
        _folder.Write("serve.yaml", $"services: [{{listen: '127.0.0.1:0', starttls: {protocol}, handshake-timeout: 300, sites: [{{certificate: site.pem, to: 'tcp://127.0.0.1:{service.Port}'}}]}}]");
        await using var tool = await Tool.ConfiguredAsync(_folder.Path, _folder["serve.yaml"]);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, tool.Port, Cancel);
        Stream stream = client.GetStream();
        if (protocol == "postgres")
        {
            stream = await StartTlsProtocol.Postgres.ConnectAsync(stream, new TlsClientOptions { TargetHost = "localhost", CertificateVerifier = TestPki.Verifier }, Cancel);
            await stream.WriteAsync(PostgresStart, Cancel);
        }
        await begun.Task.WaitAsync(Cancel);
        client.Close();
        await left.Task.WaitAsync(TimeSpan.FromMinutes(1), Cancel);
    }

    /// <summary>A server that never says a word, and notes when it was connected to and when that was over.</summary>
    private static Peer WatchfulPeer(TaskCompletionSource begun, TaskCompletionSource left) => new(async socket =>
    {
        begun.SetResult();
        await using var plain = new NetworkStream(socket);
        await Record.ExceptionAsync(() => plain.CopyToAsync(Stream.Null, Cancel));
        left.SetResult();
    });

    [Fact]
    public async Task Both_ends_of_a_passed_on_connection_are_asked_by_TCP_whether_they_are_still_there()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Which timers run is read from /proc.");
        await using var service = new Peer(SilentAsync);
        await using var tool = await Tool.ServeAsync(_folder.Path, "--to", $"tcp://127.0.0.1:{service.Port}");
        await using var tls = await ConnectAsync(tool);
        await tls.WriteAsync("hello"u8.ToArray(), Cancel);
        // The tool's ends: from its port to the client, and from anywhere to the service. 02 is the timer of keep-alive, when nothing is waited for.
        while (!(HasTimer(parts => Port(parts[1]) == tool.Port) && HasTimer(parts => Port(parts[2]) == service.Port)))
            await Task.Delay(20, Cancel);
        _over.SetResult();

        static bool HasTimer(Func<string[], bool> isIt) => File.ReadLines("/proc/net/tcp").Concat(File.ReadLines("/proc/net/tcp6")).Skip(1)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Any(parts => parts[3] == "01" && isIt(parts) && parts[5].StartsWith("02:", StringComparison.Ordinal));

        static int Port(string address) => address[0] == 's' ? 0 : int.Parse(address.Split(':')[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }

    private Task SilentAsync(Socket socket) => SilentAsync(new NetworkStream(socket));

    /// <summary>Takes all, and says nothing until the test is over, whatever the other end does.</summary>
    private async Task SilentAsync(Stream stream)
    {
        await Record.ExceptionAsync(() => stream.CopyToAsync(Stream.Null));
        await Task.WhenAny(_over.Task, Task.Delay(TimeSpan.FromMinutes(1), Cancel));
    }

    private async Task<TlsStream> ConnectAsync(Tool tool)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, tool.Port, Cancel);
        var tls = new TlsStream(new NetworkStream(socket, ownsSocket: true));
        await tls.AuthenticateAsClientAsync(new TlsClientOptions { TargetHost = "localhost", CertificateVerifier = CertificateVerifier.FromPemFile(_folder["lucidtls/ca.pem"]), HandshakeTimeout = TimeSpan.FromMinutes(1) }, Cancel);
        return tls;
    }
}
