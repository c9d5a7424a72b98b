using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LucidTls.Cli.Tests;

/// <summary>Files that the command line names and that change while the tool runs.</summary>
public sealed class FollowedFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_replaced_certificate_is_served_and_a_half_written_one_is_not_and_no_connection_drops()
    {
        await using var service = new Peer(async socket =>
        {
            await using var stream = new NetworkStream(socket);
            await Peer.EchoAsync(stream);
        });
        var (certificate, key) = (_folder["cert.pem"], _folder["key.pem"]);
        var first = Put(TestPki.Issue());
        await using var tool = await Tool.ServeAsync(_folder.Path, "--cert", certificate, "--key", key, "--to", $"tcp://127.0.0.1:{service.Port}");
        await using (var open = await ConnectAsync(tool))
        {
            Assert.Equal(first, LeafOf(open));

            var second = TestPki.Issue();
            _folder.Write("cert.pem", second.CertificatePem[..300]);
            await tool.WaitForErrorAsync("what was in use before stays");
            Assert.Contains($"--cert: {certificate}", tool.Errors, StringComparison.Ordinal);
            await open.WriteAsync("still"u8.ToArray(), Cancel);
            await open.ReadExactlyAsync(new byte[5], Cancel);
        }
        await using (var meanwhile = await ConnectAsync(tool))
            Assert.Equal(first, LeafOf(meanwhile));

        var third = Put(TestPki.Issue());
        await tool.WaitForErrorAsync("in use are now");
        await using var after = await ConnectAsync(tool);
        Assert.Equal(third, LeafOf(after));
        Assert.Single(tool.Errors.Split('\n'), line => line.Contains("stays", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_signal_has_them_read_at_once()
    {
        var first = Put(TestPki.Issue());
        await using var tool = await Tool.ServeAsync(_folder.Path, "--cert", _folder["cert.pem"], "--key", _folder["key.pem"]);
        await using (var before = await ConnectAsync(tool))
            Assert.Equal(first, LeafOf(before));
        var second = Put(TestPki.Issue());
        tool.Signal("HUP");
        await tool.WaitForErrorAsync("in use are now");
        await using var after = await ConnectAsync(tool);
        Assert.Equal(second, LeafOf(after));
    }

    [Fact]
    public async Task A_tunnel_shows_the_certificate_that_is_there_now_and_trusts_the_roots_that_are_there_now()
    {
        var own = TestPki.IssueClient();
        var file = _folder.Write("client.pem", own.CertificatePem + "\n" + own.KeyPem);
        var roots = _folder.Write("roots.pem", TestPki.AuthorityPem);
        await using var server = Peer.Tls(TestPki.Issue(), tls => tls.WriteAsync(Encoding.ASCII.GetBytes(Convert.ToHexString(tls.Session.PeerCertificates[0].Span))).AsTask(), options =>
        {
            options.ClientCertificateMode = ClientCertificateMode.Required;
            options.ClientCertificateVerifier = TestPki.Verifier;
        });
        await using var tool = await Tool.TunnelAsync(_folder.Path, "--to", $"localhost:{server.Port}", "--roots", roots, "--cert", file);
        Assert.Equal(HexOf(own), await AskAsync(tool));

        var next = TestPki.IssueClient();
        _folder.Write("client.pem", next.CertificatePem + "\n" + next.KeyPem);
        await tool.WaitForErrorAsync("changed, and in use for new connections");
        Assert.Equal(HexOf(next), await AskAsync(tool));

        _folder.Write("client.pem", "half");
        await tool.WaitForErrorAsync("What was in use before stays");
        Assert.Equal(HexOf(next), await AskAsync(tool));

        _folder.Write("client.pem", own.CertificatePem + "\n" + own.KeyPem);
        _folder.Write("roots.pem", TestPki.Issue("stranger.example").CertificatePem);
        await tool.WaitForErrorAsync("roots.pem");
        do
        {
            // What is trusted now is not made up for by a session from before.
            if (tool.Errors.Contains("not a trust anchor", StringComparison.Ordinal))
                break;
            await Record.ExceptionAsync(() => AskAsync(tool));
        }
        while (!Cancel.IsCancellationRequested);
        Assert.Contains("not a trust anchor", tool.Errors, StringComparison.Ordinal);
    }

    private byte[] Put(Issued issued)
    {
        _folder.Write("key.pem", issued.KeyPem);
        _folder.Write("cert.pem", issued.CertificatePem);
        return issued.Identity.Chain[0].ToArray();
    }

    private static byte[] LeafOf(TlsStream tls) => tls.Session.PeerCertificates[0].ToArray();

    private static string HexOf(Issued issued) => Convert.ToHexString(issued.Identity.Chain[0].Span);

    private static async Task<TlsStream> ConnectAsync(Tool tool)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, tool.Port, Cancel);
        var tls = new TlsStream(new NetworkStream(socket, ownsSocket: true));
        await tls.AuthenticateAsClientAsync(new TlsClientOptions { TargetHost = "localhost", CertificateVerifier = TestPki.Verifier, SessionCache = null, HandshakeTimeout = TimeSpan.FromMinutes(1) }, Cancel);
        return tls;
    }

    private static async Task<string> AskAsync(Tool tool)
    {
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(IPEndPoint.Parse(tool.Url), Cancel);
        await using var stream = new NetworkStream(client);
        return await new StreamReader(stream).ReadToEndAsync(Cancel);
    }
}
