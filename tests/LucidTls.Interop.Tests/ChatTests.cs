using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using LucidTls.Interop.Tests.Peers;
using LucidTls.StartTls;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests;

/// <summary>XMPP: Prosody by our client and our tunnel, and go-sendxmpp and OpenSSL by our front.</summary>
public sealed class ChatTests(PkiFixture pki)
{
    private const string Stream = "<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Prosody_turns_to_TLS_for_our_client_and_for_a_plain_one_through_our_tunnel()
    {
        using var server = await ChatServer.StartAsync(pki.ServerFiles());
        await using (var tls = await ConnectAsync(server))
            await LogInAsync(tls);

        using var look = PeerProcess.Start(Tool.CommandLine[0], [.. Tool.CommandLine.Skip(1), "connect", $"localhost:{server.Port}", "--starttls", "xmpp", "--roots", pki.RootFile]);
        look.Input.Close();
        Assert.True(await look.WaitForExitAsync() == 0, look.Text);
        Assert.Contains("TLS 1.3", look.Text, StringComparison.Ordinal);

        using var tunnel = await Tool.TunnelAsync("--starttls", "xmpp", "--to", $"localhost:{server.Port}", "--roots", pki.RootFile);
        using var tcp = new TcpClient("127.0.0.1", tunnel.Url.Port);
        await LogInAsync(tcp.GetStream());
    }

    [Fact]
    public async Task A_Prosody_that_is_not_who_it_should_be_is_refused_with_the_reason()
    {
        using var folder = new TempFolder();
        foreach (var (certificate, error, why) in new[] { (pki.OtherName(), TlsError.CertificateWrongName, "a.example"), (PkiFixture.Stranger(), TlsError.CertificateUnknownIssuer, "trusted authority") })
        {
            using var server = await ChatServer.StartAsync(certificate.WriteTo(folder.Path, $"{error}"));
            var failure = await Assert.ThrowsAsync<AuthenticationException>(() => ConnectAsync(server));
            Assert.Equal(error, Assert.IsType<TlsException>(failure.InnerException).Error);

            using var tunnel = await Tool.TunnelAsync("--starttls", "xmpp", "--to", $"localhost:{server.Port}", "--roots", pki.RootFile);
            using var tcp = new TcpClient("127.0.0.1", tunnel.Url.Port);
            await tunnel.Process.WaitForAsync(why);
        }
    }

    [Fact]
    public async Task A_Prosody_without_TLS_is_refused_by_our_client()
    {
        using var server = await ChatServer.StartAsync();
        var failure = await Assert.ThrowsAsync<AuthenticationException>(() => ConnectAsync(server));
        Assert.Equal(TlsError.StartTlsRefused, Assert.IsType<TlsException>(failure.InnerException).Error);
    }

    [Fact]
    public async Task Go_sendxmpp_and_OpenSSL_reach_a_server_without_TLS_over_our_front()
    {
        using var server = await ChatServer.StartAsync();
        using var front = await Tool.ServeAsync("--starttls", "xmpp", "--to", $"tcp://127.0.0.1:{server.Port}");
        using var reader = Start(front, front.AuthorityFile, "b", "--listen");
        await server.Process.WaitForAsync("Authenticated as b@localhost");
        using var writer = Start(front, front.AuthorityFile, "a", "b@localhost");
        writer.Write("by go-sendxmpp\n");
        writer.Input.Close();
        Assert.True(await writer.WaitForExitAsync() == 0, writer.Text);
        await reader.WaitForAsync("by go-sendxmpp");

        using var openssl = PeerProcess.Start(Peer.Find("openssl", "openssl"), ["s_client", "-connect", $"localhost:{front.Url.Port}", "-starttls", "xmpp", "-xmpphost", "localhost", "-CAfile", front.AuthorityFile, "-verify_hostname", "localhost", "-verify_return_error", "-quiet"]);
        openssl.Write(Stream);
        await openssl.WaitForAsync("<mechanism>PLAIN</mechanism>");
    }

    [Fact]
    public async Task Go_sendxmpp_refuses_a_front_that_it_does_not_trust_or_that_has_another_name_and_both_ends_say_so()
    {
        using var server = await ChatServer.StartAsync();
        using var folder = new TempFolder();
        var (chain, key) = pki.OtherName().WriteTo(folder.Path);
        foreach (var (more, why) in new[] { (Array.Empty<string>(), "unknown authority"), (["--cert", chain, "--key", key], "a.example") })
        {
            using var front = await Tool.ServeAsync(["--starttls", "xmpp", "--to", $"tcp://127.0.0.1:{server.Port}", .. more]);
            using var client = Start(front, pki.RootFile, "a", "b@localhost");
            client.Write("never sent\n");
            client.Input.Close();
            Assert.NotEqual(0, await client.WaitForExitAsync());
            Assert.Contains(why, client.Text, StringComparison.Ordinal);
            await front.Process.WaitForMatchAsync("(?i)bad_certificate");
        }
        Assert.DoesNotContain("Authenticated", server.Process.Text, StringComparison.Ordinal);
    }

    private static PeerProcess Start(Tool front, string roots, string user, params string[] more) => PeerProcess.Start(Peer.Find("go-sendxmpp", "go-sendxmpp"),
        ["--jserver", $"localhost:{front.Url.Port}", "--username", $"{user}@localhost", "--password", "secret", .. more], environment: new Dictionary<string, string> { ["SSL_CERT_FILE"] = roots });

    /// <summary>By PLAIN, which Prosody offers here under TLS alone.</summary>
    private static async Task LogInAsync(Stream stream)
    {
        await AskAsync(Stream, "<mechanism>PLAIN</mechanism>");
        await AskAsync($"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{Convert.ToBase64String("\0a\0secret"u8)}</auth>", "<success");

        async Task AskAsync(string text, string answer)
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes(text), Cancellation);
            var said = new StringBuilder();
            var buffer = new byte[4096];
            while (!said.ToString().Contains(answer, StringComparison.Ordinal))
            {
                var count = await stream.ReadAsync(buffer, Cancellation).AsTask().WaitAsync(PeerProcess.Patience, Cancellation);
                Assert.True(count > 0, $"Prosody said \"{said}\", and ended.");
                said.Append(Encoding.UTF8.GetString(buffer, 0, count));
            }
        }
    }

    private async Task<TlsStream> ConnectAsync(ChatServer server)
    {
        var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, server.Port, Cancellation);
        return await StartTlsProtocol.Xmpp.ConnectAsync(tcp.GetStream(), pki.ClientOptions(), Cancellation);
    }
}
