using System.Net;
using System.Net.Sockets;
using LucidTls.TestSupport;
using Microsoft.AspNetCore.Http;

namespace LucidTls.Http.Tests;

public sealed class ProxyTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static Task Answer(HttpContext context) => context.Response.WriteAsync($"{context.Request.Scheme} {context.Request.Protocol}");

    private static LucidTlsHttpOptions Through(TestProxy proxy, ICredentials? credentials = null, ICredentials? defaults = null) => new()
    {
        Tls = Clients.Tls(),
        ConfigureEngine = engine =>
        {
            engine.Proxy = new WebProxy(proxy.Uri) { Credentials = credentials };
            engine.DefaultProxyCredentials = defaults;
        },
    };

    [Theory]
    [InlineData("1.1", "https HTTP/1.1")]
    [InlineData("2.0", "https HTTP/2")]
    public async Task A_request_for_https_goes_through_a_tunnel(string version, string expected)
    {
        await using var server = await WebServer.StartAsync(Answer);
        using var proxy = new TestProxy();
        var connections = new Connections();
        using var client = Clients.Create(connections.Watch(Through(proxy)), Version.Parse(version));

        for (var i = 0; i < 3; i++)
            Assert.Equal(expected, await client.GetStringAsync(server.Url(), Cancel));

        Assert.Equal($"CONNECT localhost:{server.Port} HTTP/1.1", Assert.Single(proxy.Requests));
        Assert.Equal("localhost", Assert.Single(connections.All).Target.Host);
    }

    [Fact]
    public async Task A_proxy_is_told_which_program_asks()
    {
        await using var server = await WebServer.StartAsync(Answer);
        using var proxy = new TestProxy();
        using var client = Clients.Create(Through(proxy));
        client.DefaultRequestHeaders.UserAgent.ParseAdd("Shop/1.0 (a comment)");

        _ = await client.GetStringAsync(server.Url(), Cancel);

        Assert.Contains("User-Agent: Shop/1.0 (a comment)", proxy.Headers);
    }

    [Fact]
    public async Task The_environment_says_which_proxy_and_for_what()
    {
        await using var server = await WebServer.StartAsync(Answer);
        using var proxy = new TestProxy("secret");
        var named = EnvironmentProxy(("HTTPS_PROXY", $"http://lucid:secret@localhost:{proxy.Uri.Port}"), ("NO_PROXY", "127.0.0.1,.other.example"));
        var options = Clients.Options();
        options.ConfigureEngine = engine => engine.Proxy = named;
        using var client = Clients.Create(options);

        Assert.Equal("https HTTP/1.1", await client.GetStringAsync(server.Url(), Cancel));
        Assert.Equal("https HTTP/1.1", await client.GetStringAsync($"https://127.0.0.1:{server.Port}/", Cancel));

        Assert.All(proxy.Requests, line => Assert.Equal($"CONNECT localhost:{server.Port} HTTP/1.1", line));
        Assert.NotEmpty(proxy.Requests);
    }

    /// <summary>What HttpClient.DefaultProxy is in a process that begins with these variables.</summary>
    private static IWebProxy EnvironmentProxy(params (string Name, string Value)[] variables)
    {
        // The process has its own from now on: whoever asks for it first must not do so meanwhile.
        _ = HttpClient.DefaultProxy;
        var before = variables.Select(variable => Environment.GetEnvironmentVariable(variable.Name)).ToArray();
        foreach (var (name, value) in variables)
            Environment.SetEnvironmentVariable(name, value);
        try
        {
            var make = typeof(HttpClient).Assembly.GetType("System.Net.Http.SystemProxyInfo", throwOnError: true)!.GetMethod("ConstructSystemProxy")!;
            return (IWebProxy)make.Invoke(null, null)!;
        }
        finally
        {
            for (var i = 0; i < variables.Length; i++)
                Environment.SetEnvironmentVariable(variables[i].Name, before[i]);
        }
    }

    [Fact]
    public async Task A_proxy_that_asks_who_we_are_is_told()
    {
        await using var server = await WebServer.StartAsync(Answer);
        using var proxy = new TestProxy("secret");
        using var client = Clients.Create(Through(proxy, new NetworkCredential("lucid", "secret")));

        Assert.Equal("https HTTP/1.1", await client.GetStringAsync(server.Url(), Cancel));

        Assert.Equal(2, proxy.Requests.Count);
    }

    [Fact]
    public async Task The_default_credentials_are_for_proxies_without_their_own()
    {
        await using var server = await WebServer.StartAsync(Answer);
        using var proxy = new TestProxy("secret");
        using var client = Clients.Create(Through(proxy, defaults: new NetworkCredential("lucid", "secret")));

        Assert.Equal("https HTTP/1.1", await client.GetStringAsync(server.Url(), Cancel));
    }

    [Fact]
    public async Task A_proxy_that_is_told_the_wrong_password_gives_no_tunnel()
    {
        await using var server = await WebServer.StartAsync(Answer);
        using var proxy = new TestProxy("secret");
        using var client = Clients.Create(Through(proxy, new NetworkCredential("lucid", "guess")));

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(server.Url(), Cancel));

        Assert.Equal(HttpStatusCode.ProxyAuthenticationRequired, failure.StatusCode);
        Assert.Contains("Basic", failure.Message, StringComparison.Ordinal);
        Assert.Equal(2, proxy.Requests.Count);
    }

    [Fact]
    public async Task A_proxy_that_gives_no_tunnel_is_quoted()
    {
        using var proxy = new TestProxy();
        using var client = Clients.Create(Through(proxy));

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("https://forbidden.example/", Cancel));

        Assert.Equal(HttpRequestError.ProxyTunnelError, failure.HttpRequestError);
        Assert.Contains("403", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_proxy_sees_nothing_of_what_is_sent_through_its_tunnel()
    {
        await using var server = await WebServer.StartAsync(Answer);
        using var proxy = new TestProxy();
        using var client = Clients.Create(Through(proxy));
        client.DefaultRequestHeaders.Add("X-Secret", "secret");

        _ = await client.GetStringAsync(server.Url("/secret"), Cancel);

        Assert.All(proxy.Requests.Concat(proxy.Headers), line => Assert.DoesNotContain("ecret", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_proxy_with_TLS_of_its_own_is_verified_and_used()
    {
        await using var secure = await WebServer.StartAsync(Answer);
        await using var plain = await WebServer.StartAsync(Answer, _ => { });
        using var proxy = new TestProxy("secret", WebServer.Options());
        var connections = new Connections();
        using var client = Clients.Create(connections.Watch(Through(proxy, new NetworkCredential("lucid", "secret"))));

        Assert.Equal("https HTTP/1.1", await client.GetStringAsync(secure.Url(), Cancel));
        Assert.Equal("http HTTP/1.1", await client.GetStringAsync($"http://localhost:{plain.Port}/", Cancel));

        Assert.Contains(connections.All, connection => connection.Target.IsProxy && connection.Target.Port == proxy.Uri.Port);
        Assert.Contains(connections.All, connection => !connection.Target.IsProxy && connection.Target.Port == secure.Port);
        Assert.All(proxy.Requests, line => Assert.StartsWith("CONNECT ", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_proxy_whose_certificate_is_refused_is_not_told_where_we_want_to_go()
    {
        await using var server = await WebServer.StartAsync(Answer);
        using var proxy = new TestProxy(tls: new TlsServerOptions { Identities = [TlsIdentity.FromCertificate(Pki.Issue("CN=other", names => names.AddDnsName("other.example")))] });
        using var client = Clients.Create(Through(proxy));

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(server.Url(), Cancel));

        Assert.Equal(HttpRequestError.SecureConnectionError, failure.HttpRequestError);
        Assert.Contains("other.example", failure.Message, StringComparison.Ordinal);
        Assert.Empty(proxy.Requests);
    }

    [Fact]
    public async Task A_plain_request_is_sent_through_an_http_proxy_as_always()
    {
        await using var server = await WebServer.StartAsync(Answer, _ => { });
        using var proxy = new TestProxy("secret");
        using var client = Clients.Create(Through(proxy, new NetworkCredential("lucid", "secret")));

        Assert.Equal("http HTTP/1.1", await client.GetStringAsync($"http://localhost:{server.Port}/", Cancel));

        Assert.Contains($"GET http://localhost:{server.Port}/ HTTP/1.1", proxy.Requests);
    }

    [Fact]
    public async Task What_the_proxy_is_not_for_goes_there_directly()
    {
        await using var server = await WebServer.StartAsync(Answer);
        using var proxy = new TestProxy();
        var options = Through(proxy);
        options.ConfigureEngine = engine => engine.Proxy = new WebProxy(proxy.Uri) { BypassList = [@"localhost"] };
        using var client = Clients.Create(options);

        Assert.Equal("https HTTP/1.1", await client.GetStringAsync(server.Url(), Cancel));

        Assert.Empty(proxy.Requests);
    }

    [Theory]
    [InlineData(null, "localhost")]
    [InlineData(null, "127.0.0.1")]
    [InlineData("secret", "localhost")]
    public async Task A_SOCKS_proxy_is_asked_for_a_connection(string? password, string host)
    {
        await using var server = await WebServer.StartAsync(Answer);
        using var proxy = new SocksProxy(password);
        using var client = Clients.Create(Through(proxy, password));

        for (var i = 0; i < 2; i++)
            Assert.Equal("https HTTP/1.1", await client.GetStringAsync($"https://{host}:{server.Port}/", Cancel));

        Assert.Equal($"{host}:{server.Port}", Assert.Single(proxy.Requests));
    }

    [Theory]
    [InlineData("secret", null, "credentials")]
    [InlineData("secret", "guess", "does not accept")]
    public async Task A_SOCKS_proxy_that_does_not_know_us_gives_no_connection(string wanted, string? given, string explanation)
    {
        using var proxy = new SocksProxy(wanted);
        using var client = Clients.Create(Through(proxy, given));

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("https://localhost:1/", Cancel));

        Assert.Equal(HttpRequestError.ProxyTunnelError, failure.HttpRequestError);
        Assert.Contains(explanation, failure.Message, StringComparison.Ordinal);
        Assert.Empty(proxy.Requests);
    }

    [Fact]
    public async Task A_SOCKS_proxy_that_gives_no_connection_is_quoted()
    {
        using var proxy = new SocksProxy();
        using var client = Clients.Create(Through(proxy, null));

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("https://forbidden.example/", Cancel));

        Assert.Equal(HttpRequestError.ProxyTunnelError, failure.HttpRequestError);
        Assert.Contains("rules", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_older_SOCKS_proxy_is_refused_for_https()
    {
        var options = Clients.Options();
        options.ConfigureEngine = engine => engine.Proxy = new WebProxy("socks4://127.0.0.1:1080");
        using var client = Clients.Create(options);

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("https://localhost:1/", Cancel));

        Assert.Contains("socks4", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://proxy.invalid:3128")]
    [InlineData("socks5://proxy.invalid:1080")]
    public async Task A_proxy_whose_name_is_not_known_is_a_failure_of_its_name(string proxy)
    {
        using var client = Clients.Create(Through(new Uri(proxy)));

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("https://shop.example/", Cancel));

        Assert.True(failure.HttpRequestError == HttpRequestError.NameResolutionError, failure.ToString());
        Assert.Contains("proxy.invalid", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http")]
    [InlineData("socks5")]
    public async Task A_proxy_that_is_not_there_is_named_as_the_cause(string scheme)
    {
        using var closed = new ClosedPort();
        using var client = Clients.Create(Through(new Uri($"{scheme}://127.0.0.1:{closed.Number}")));
        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("https://shop.example/", Cancel));

        Assert.Equal(HttpRequestError.ConnectionError, failure.HttpRequestError);
        Assert.Contains($"127.0.0.1:{closed.Number}", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http", HttpRequestError.ResponseEnded)]
    [InlineData("socks5", HttpRequestError.ProxyTunnelError)]
    public async Task A_proxy_that_closes_the_connection_is_named_as_the_cause(string scheme, HttpRequestError expected)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var closing = CloseAllAsync();
        using var client = Clients.Create(Through(new Uri($"{scheme}://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}")));

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("https://shop.example/", Cancel));

        Assert.True(failure.HttpRequestError == expected, failure.ToString());
        Assert.Contains("closes the connection", failure.Message, StringComparison.Ordinal);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => closing);

        async Task CloseAllAsync()
        {
            while (true)
            {
                using var connection = await listener.AcceptTcpClientAsync(end.Token);
                _ = await connection.GetStream().ReadAsync(new byte[4096], end.Token);
            }
        }
    }

    private static LucidTlsHttpOptions Through(Uri proxy) => new() { Tls = Clients.Tls(), ConfigureEngine = engine => engine.Proxy = new WebProxy(proxy) };

    private static LucidTlsHttpOptions Through(SocksProxy proxy, string? password) => new()
    {
        Tls = Clients.Tls(),
        ConfigureEngine = engine => engine.Proxy = new WebProxy(proxy.Uri) { Credentials = password == null ? null : new NetworkCredential("lucid", password) },
    };
}
