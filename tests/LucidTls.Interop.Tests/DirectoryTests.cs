using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using LucidTls.Interop.Tests.Peers;
using LucidTls.StartTls;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests;

/// <summary>LDAP: OpenLDAP's server by our client and our tunnel, and its client by our front.</summary>
public sealed class DirectoryTests(PkiFixture pki)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Slapd_turns_to_TLS_for_our_client_and_for_ldapsearch_through_our_tunnel()
    {
        using var server = await DirectoryServer.StartAsync(pki.ServerFiles());
        await using (var tls = await ConnectAsync(server))
            Assert.Equal(TlsVersion.Tls13, tls.Session.Version);

        using var look = PeerProcess.Start(Tool.CommandLine[0], [.. Tool.CommandLine.Skip(1), "connect", $"localhost:{server.Port}", "--starttls", "ldap", "--roots", pki.RootFile]);
        look.Input.Close();
        Assert.True(await look.WaitForExitAsync() == 0, look.Text);
        Assert.Contains("TLS 1.3", look.Text, StringComparison.Ordinal);

        using var tunnel = await Tool.TunnelAsync("--starttls", "ldap", "--to", $"localhost:{server.Port}", "--roots", pki.RootFile);
        using var search = Search($"ldap://127.0.0.1:{tunnel.Url.Port}", pki.RootFile);
        Assert.True(await search.WaitForExitAsync() == 0, search.Text);
        Assert.Contains(DirectoryServer.Entry, search.Text, StringComparison.Ordinal);

        // Without TLS there is nothing to be had.
        using var plain = Search($"ldap://127.0.0.1:{server.Port}", pki.RootFile);
        Assert.NotEqual(0, await plain.WaitForExitAsync());
        Assert.Contains("Confidentiality required", plain.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_slapd_that_is_not_who_it_should_be_is_refused_with_the_reason()
    {
        using var folder = new TempFolder();
        foreach (var (certificate, error, why) in new[] { (pki.OtherName(), TlsError.CertificateWrongName, "a.example"), (PkiFixture.Stranger(), TlsError.CertificateUnknownIssuer, "trusted authority") })
        {
            using var server = await DirectoryServer.StartAsync(certificate.WriteTo(folder.Path, $"{error}"));
            var failure = await Assert.ThrowsAsync<AuthenticationException>(() => ConnectAsync(server));
            Assert.Equal(error, Assert.IsType<TlsException>(failure.InnerException).Error);

            using var tunnel = await Tool.TunnelAsync("--starttls", "ldap", "--to", $"localhost:{server.Port}", "--roots", pki.RootFile);
            using var search = Search($"ldap://127.0.0.1:{tunnel.Url.Port}", pki.RootFile);
            Assert.NotEqual(0, await search.WaitForExitAsync());
            await tunnel.Process.WaitForAsync(why);
        }
    }

    [Fact]
    public async Task A_slapd_without_TLS_is_refused_by_our_client()
    {
        using var server = await DirectoryServer.StartAsync();
        var failure = await Assert.ThrowsAsync<AuthenticationException>(() => ConnectAsync(server));
        Assert.Equal(TlsError.StartTlsRefused, Assert.IsType<TlsException>(failure.InnerException).Error);
    }

    [Fact]
    public async Task Ldapsearch_reaches_a_server_without_TLS_over_our_front()
    {
        using var server = await DirectoryServer.StartAsync();
        using var front = await Tool.ServeAsync("--starttls", "ldap", "--to", $"tcp://127.0.0.1:{server.Port}");
        using var search = Search($"ldap://localhost:{front.Url.Port}", front.AuthorityFile, "-ZZ");
        Assert.True(await search.WaitForExitAsync() == 0, search.Text);
        Assert.Contains(DirectoryServer.Entry, search.Text, StringComparison.Ordinal);

        using var plain = Search($"ldap://localhost:{front.Url.Port}", front.AuthorityFile, "-D", "cn=a", "-w", "b");
        Assert.NotEqual(0, await plain.WaitForExitAsync());
        Assert.Contains("TLS is required", plain.Text, StringComparison.Ordinal);
        await front.Process.WaitForAsync("without asking for TLS");
    }

    [Fact]
    public async Task Ldapsearch_refuses_a_front_that_it_does_not_trust_or_that_has_another_name()
    {
        using var server = await DirectoryServer.StartAsync();
        using var folder = new TempFolder();
        var (chain, key) = pki.OtherName().WriteTo(folder.Path);
        foreach (var (more, why) in new[] { (Array.Empty<string>(), "peer cert untrusted"), (["--cert", chain, "--key", key], "does not match") })
        {
            using var front = await Tool.ServeAsync(["--starttls", "ldap", "--to", $"tcp://127.0.0.1:{server.Port}", "--verbose", .. more]);
            using var search = Search($"ldap://localhost:{front.Url.Port}", pki.RootFile, "-ZZ", "-d", "1");
            Assert.NotEqual(0, await search.WaitForExitAsync());
            Assert.DoesNotContain(DirectoryServer.Entry, search.Text, StringComparison.Ordinal);
            Assert.Contains(why, search.Text, StringComparison.Ordinal);
        }
    }

    private static PeerProcess Search(string url, string roots, params string[] more) => PeerProcess.Start(Peer.Find("ldapsearch", "ldap-utils"), ["-x", "-LLL", "-H", url, "-b", "dc=example", .. more],
        environment: new Dictionary<string, string> { ["LDAPTLS_CACERT"] = roots, ["LDAPTLS_REQCERT"] = "demand" });

    private async Task<TlsStream> ConnectAsync(DirectoryServer server)
    {
        var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, server.Port, Cancellation);
        return await StartTlsProtocol.Ldap.ConnectAsync(tcp.GetStream(), pki.ClientOptions(), Cancellation);
    }
}
