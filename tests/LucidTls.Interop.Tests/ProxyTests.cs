using System.Net;
using System.Net.Sockets;
using System.Text;
using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests;

/// <summary>nginx and HAProxy, each as the server of our client and as the client of <c>lucidtls serve</c>.</summary>
public sealed class ProxyTests(PkiFixture pki)
{
    [Theory]
    [InlineData(KeyKind.EcdsaP256)]
    [InlineData(KeyKind.Rsa2048)]
    public async Task Our_client_talks_to_nginx_and_resumes_its_sessions(KeyKind kind)
    {
        var (chain, key) = pki.ServerFiles(kind);
        using var nginx = await Proxy.StartNginxAsync($"listen PORT ssl; ssl_protocols TLSv1.3; ssl_certificate {chain}; ssl_certificate_key {key}; ssl_session_tickets on; location / {{ return 200 \"$ssl_protocol $ssl_session_reused\"; }}");
        await TwiceAsync(nginx.Port, pki.ClientOptions(), ["TLSv1.3 .", "TLSv1.3 r"]);
    }

    [Fact]
    public async Task Nginx_verifies_our_client_certificate()
    {
        var (chain, key) = pki.ServerFiles();
        using var nginx = await Proxy.StartNginxAsync($"listen PORT ssl; ssl_protocols TLSv1.3; ssl_certificate {chain}; ssl_certificate_key {key}; ssl_client_certificate {pki.RootFile}; ssl_verify_depth 2; ssl_verify_client on; location / {{ return 200 \"$ssl_client_verify $ssl_client_s_dn\"; }}");
        var options = pki.ClientOptions();
        options.Identity = pki.Pki.Client().Identity();
        await TwiceAsync(nginx.Port, options, ["SUCCESS CN=client", "SUCCESS CN=client"]);
    }

    [Fact]
    public async Task Nginx_passes_requests_on_to_our_server_and_resumes_its_sessions()
    {
        using var service = await Tool.ServeAsync();
        using var nginx = await Proxy.StartNginxAsync($"listen PORT; location / {{ proxy_pass {service.Url}; proxy_ssl_protocols TLSv1.3; proxy_ssl_verify on; proxy_ssl_trusted_certificate {service.AuthorityFile}; proxy_ssl_name localhost; proxy_ssl_server_name on; proxy_ssl_session_reuse on; }}");
        for (var i = 0; i < 3; i++)
            Assert.Contains("TLS 1.3", await PageAsync(nginx.Port), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nginx_refuses_our_server_when_it_does_not_trust_it()
    {
        using var service = await Tool.ServeAsync();
        using var nginx = await Proxy.StartNginxAsync($"listen PORT; location / {{ proxy_pass {service.Url}; proxy_ssl_protocols TLSv1.3; proxy_ssl_verify on; proxy_ssl_trusted_certificate {pki.RootFile}; proxy_ssl_name localhost; proxy_ssl_server_name on; }}");
        Assert.Contains("502 Bad Gateway", await PageAsync(nginx.Port), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(KeyKind.EcdsaP384)]
    [InlineData(KeyKind.Rsa2048)]
    public async Task Our_client_talks_to_HAProxy_and_resumes_its_sessions(KeyKind kind)
    {
        var (chain, key) = pki.ServerFiles(kind);
        using var both = new TempFolder();
        File.WriteAllText(both.File("server.pem"), File.ReadAllText(chain) + File.ReadAllText(key));
        using var haproxy = await Proxy.StartHAProxyAsync($"""
            frontend secure
              bind PORT ssl crt {both.File("server.pem")} ssl-min-ver TLSv1.3
              http-request return status 200 content-type text/plain lf-string "%[ssl_fc_protocol] %[ssl_fc_is_resumed]"
            """);
        await TwiceAsync(haproxy.Port, pki.ClientOptions(), ["TLSv1.3 0", "TLSv1.3 1"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Our_client_resumes_sessions_of_TLS_12_of_nginx(bool byTicket)
    {
        var (chain, key) = pki.ServerFiles();
        using var nginx = await Proxy.StartNginxAsync($"listen PORT ssl; ssl_protocols TLSv1.2; ssl_certificate {chain}; ssl_certificate_key {key}; ssl_session_tickets {(byTicket ? "on" : "off")}; ssl_session_cache builtin:100; ssl_client_certificate {pki.RootFile}; ssl_verify_depth 2; ssl_verify_client on; location / {{ return 200 \"$ssl_protocol $ssl_session_reused $ssl_client_verify\"; }}");
        var options = pki.ClientOptions();
        options.Identity = pki.Pki.Client(KeyKind.Rsa2048).Identity();
        await TwiceAsync(nginx.Port, options, ["TLSv1.2 . SUCCESS", "TLSv1.2 r SUCCESS"]);
    }

    [Fact]
    public async Task Nginx_passes_requests_on_to_our_server_in_TLS_12()
    {
        using var service = await Tool.ServeAsync();
        using var nginx = await Proxy.StartNginxAsync($"listen PORT; location / {{ proxy_pass {service.Url}; proxy_ssl_protocols TLSv1.2; proxy_ssl_verify on; proxy_ssl_trusted_certificate {service.AuthorityFile}; proxy_ssl_name localhost; proxy_ssl_server_name on; proxy_ssl_session_reuse on; }}");
        for (var i = 0; i < 3; i++)
            Assert.Contains("TLS 1.2", await PageAsync(nginx.Port), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Our_client_resumes_sessions_of_TLS_12_of_HAProxy(bool byTicket)
    {
        var (chain, key) = pki.ServerFiles(KeyKind.Rsa2048);
        using var both = new TempFolder();
        File.WriteAllText(both.File("server.pem"), File.ReadAllText(chain) + File.ReadAllText(key));
        using var haproxy = await Proxy.StartHAProxyAsync($"""
            frontend secure
              bind PORT ssl crt {both.File("server.pem")} ssl-max-ver TLSv1.2 ca-file {pki.RootFile} verify required{(byTicket ? "" : " no-tls-tickets")}
              http-request return status 200 content-type text/plain lf-string "%[ssl_fc_protocol] %[ssl_fc_is_resumed]"
            """);
        var options = pki.ClientOptions();
        options.Identity = pki.Pki.Client().Identity();
        await TwiceAsync(haproxy.Port, options, ["TLSv1.2 0", "TLSv1.2 1"]);
    }

    [Fact]
    public async Task HAProxy_passes_requests_on_to_our_server_in_TLS_12()
    {
        using var service = await Tool.ServeAsync();
        using var haproxy = await Proxy.StartHAProxyAsync($"""
            frontend plain
              bind PORT
              default_backend secure
            backend secure
              server ours 127.0.0.1:{service.Url.Port} ssl ssl-max-ver TLSv1.2 verify required ca-file {service.AuthorityFile} sni str(localhost) verifyhost localhost
            """);
        for (var i = 0; i < 3; i++)
            Assert.Contains("TLS 1.2", await PageAsync(haproxy.Port), StringComparison.Ordinal);
    }

    [Fact]
    public async Task HAProxy_passes_requests_on_to_our_server()
    {
        using var service = await Tool.ServeAsync();
        using var haproxy = await Proxy.StartHAProxyAsync($"""
            frontend plain
              bind PORT
              default_backend secure
            backend secure
              server ours 127.0.0.1:{service.Url.Port} ssl verify required ca-file {service.AuthorityFile} sni str(localhost) verifyhost localhost
            """);
        for (var i = 0; i < 3; i++)
            Assert.Contains("TLS 1.3", await PageAsync(haproxy.Port), StringComparison.Ordinal);
    }

    private static async Task TwiceAsync(int port, TlsClientOptions options, string[] expected)
    {
        for (var i = 0; i < expected.Length; i++)
        {
            await using var tls = await Client.ConnectAsync(port, options);
            Assert.Contains(expected[i], await GetAsync(tls), StringComparison.Ordinal);
            Assert.Equal(i > 0, tls.Session.Resumed);
        }
    }

    private static async Task<string> PageAsync(int port)
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, port, TestContext.Current.CancellationToken);
        return await GetAsync(tcp.GetStream());
    }

    private static async Task<string> GetAsync(Stream stream)
    {
        using var limit = new CancellationTokenSource(PeerProcess.Patience);
        await stream.WriteAsync(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"), limit.Token);
        using var reader = new StreamReader(stream, leaveOpen: true);
        return await reader.ReadToEndAsync(limit.Token);
    }
}
