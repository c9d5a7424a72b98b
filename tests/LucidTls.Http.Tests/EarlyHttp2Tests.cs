using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace LucidTls.Http.Tests;

/// <summary>Early data over HTTP/2. Each client has connections of its own and the sessions of those before.</summary>
public sealed class EarlyHttp2Tests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static HttpClient Create(TlsClientOptions tls, Connections? connections = null, HttpVersionPolicy policy = HttpVersionPolicy.RequestVersionExact)
    {
        var options = Clients.Options(tls);
        options.SendEarlyData = true;
        connections?.Watch(options);
        var client = Clients.Create(options, HttpVersion.Version20);
        client.DefaultVersionPolicy = policy;
        return client;
    }

    /// <summary>The options of a client that has been at the server once.</summary>
    private static async Task<TlsClientOptions> KnownAsync(EarlyHttp2Server server, HttpVersionPolicy policy = HttpVersionPolicy.RequestVersionExact)
    {
        var tls = Clients.Tls();
        using var client = Create(tls, policy: policy);
        await client.GetStringAsync(server.Url("/first"), Cancel);
        server.Requests.Clear();
        return tls;
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("HEAD")]
    [InlineData("OPTIONS")]
    public async Task A_safe_request_goes_along_with_the_handshake(string method)
    {
        await using var server = await EarlyHttp2Server.StartAsync();
        var tls = await KnownAsync(server);
        var connections = new Connections();

        for (var i = 0; i < 3; i++)
        {
            using var client = Create(tls, connections);
            using var request = new HttpRequestMessage(new HttpMethod(method), server.Url("/prices")) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
            using var response = await client.SendAsync(request, Cancel);
            Assert.Equal((HttpStatusCode.OK, HttpVersion.Version20), (response.StatusCode, response.Version));
            Assert.Equal(method == "HEAD" ? "" : $"HTTP/2 {method} /prices", await response.Content.ReadAsStringAsync(Cancel));
            // The answer may be here before the ticket for the next time is; another one is not.
            _ = await client.GetStringAsync(server.Url("/later"), Cancel);
        }

        Assert.Equal(Enumerable.Repeat($"{method} /prices", 3), server.Requests.Where(request => !request.EndsWith("/later", StringComparison.Ordinal)));
        Assert.All(connections.All, connection => Assert.Equal((TlsEarlyDataStatus.Accepted, SslApplicationProtocol.Http2), (connection.Session.EarlyData, connection.Session.ApplicationProtocol)));
    }

    [Fact]
    public async Task The_connection_serves_all_other_requests_afterwards()
    {
        await using var server = await EarlyHttp2Server.StartAsync();
        var connections = new Connections();
        using var client = Create(await KnownAsync(server), connections);

        for (var i = 0; i < 20; i++)
        {
            Assert.Equal($"HTTP/2 GET /{i}", await client.GetStringAsync(server.Url($"/{i}"), Cancel));
            using var posted = await client.PostAsync(server.Url($"/{i}"), new StringContent(new string('x', 100_000)), Cancel);
            Assert.Equal($"HTTP/2 POST /{i}".Length + 100_000, (await posted.Content.ReadAsStringAsync(Cancel)).Length);
        }

        Assert.Equal(TlsEarlyDataStatus.Accepted, Assert.Single(connections.All).Session.EarlyData);
    }

    [Theory]
    [InlineData("POST", null)]
    [InlineData("DELETE", null)]
    [InlineData("GET", "body")]
    public async Task A_request_that_may_not_happen_twice_waits_for_the_handshake(string method, string? body)
    {
        await using var server = await EarlyHttp2Server.StartAsync();
        var connections = new Connections();
        using var client = Create(await KnownAsync(server), connections);
        using var request = new HttpRequestMessage(new HttpMethod(method), server.Url()) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = body == null ? null : new StringContent(body) };

        using var response = await client.SendAsync(request, Cancel);

        Assert.Equal($"{method} /{body}", Assert.Single(server.Requests));
        Assert.Equal((true, TlsEarlyDataStatus.NotOffered), (connections.All.Single().Session.Resumed, connections.All.Single().Session.EarlyData));
    }

    [Fact]
    public async Task Of_requests_that_begin_at_once_none_is_lost_or_doubled_and_none_early_that_may_not_be()
    {
        await using var server = await EarlyHttp2Server.StartAsync();
        var tls = await KnownAsync(server);
        var connections = new Connections();
        var asked = new List<string>();

        for (var round = 0; round < 10; round++)
        {
            using var client = Create(tls, connections);
            var names = Enumerable.Range(0, 30).Select(i => $"/{round}/{i}").ToArray();
            await Task.WhenAll(names.Select((name, i) => Task.Run(async () =>
            {
                using var request = new HttpRequestMessage(i % 3 == 1 ? HttpMethod.Post : HttpMethod.Get, server.Url(name)) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
                using var response = await client.SendAsync(request, Cancel);
                Assert.Equal($"HTTP/2 {request.Method} {name}", await response.Content.ReadAsStringAsync(Cancel));
            })));
            asked.AddRange(names.Select((name, i) => $"{(i % 3 == 1 ? "POST" : "GET")} {name}"));
        }

        Assert.Equal(asked.Order(), server.Requests.Order());
        Assert.Equal(0, server.Unsafe);
    }

    [Fact]
    public async Task What_the_server_passes_over_is_sent_again_after_the_handshake()
    {
        await using var server = await EarlyHttp2Server.StartAsync();
        var connections = new Connections();
        using var client = Create(await KnownAsync(server), connections);
        server.Options = With(server.Options, options => options.MaxEarlyDataSize = 0);

        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => client.GetStringAsync(server.Url($"/{i}"), Cancel)));

        Assert.Equal(Enumerable.Range(0, 5).Select(i => $"HTTP/2 GET /{i}"), answers);
        Assert.Equal(Enumerable.Range(0, 5).Select(i => $"GET /{i}"), server.Requests.Order());
        Assert.Equal(TlsEarlyDataStatus.Rejected, Assert.Single(connections.All).Session.EarlyData);
    }

    [Fact]
    public async Task Requests_that_were_too_early_are_all_sent_again_and_no_other_is_early()
    {
        await using var server = await EarlyHttp2Server.StartAsync();
        var tls = await KnownAsync(server);
        server.FindsItTooEarly = true;
        var connections = new Connections();
        using var client = Create(tls, connections);

        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => client.GetStringAsync(server.Url($"/{i}"), Cancel)));

        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"HTTP/2 GET /{i}"), answers);
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"GET /{i}"), server.Requests.Order());
        Assert.Equal(TlsEarlyDataStatus.Accepted, Assert.Single(connections.All).Session.EarlyData);
    }

    [Fact]
    public async Task A_server_that_went_back_to_TLS_1_2_is_asked_again()
    {
        await using var server = await EarlyHttp2Server.StartAsync();
        var connections = new Connections();
        using var client = Create(await KnownAsync(server), connections);
        server.Options = With(server.Options, options => options.MaximumVersion = TlsVersion.Tls12);

        await AskInAllWaysAsync(client, server, "HTTP/2");

        Assert.All(connections.All, connection => Assert.Equal(TlsVersion.Tls12, connection.Session.Version));
    }

    [Fact]
    public async Task A_server_that_went_back_to_HTTP_1_1_is_asked_again_so()
    {
        await using var server = await EarlyHttp2Server.StartAsync();
        var connections = new Connections();
        using var client = Create(await KnownAsync(server, HttpVersionPolicy.RequestVersionOrLower), connections, HttpVersionPolicy.RequestVersionOrLower);
        server.Options = With(server.Options, options => options.ApplicationProtocols = [SslApplicationProtocol.Http11]);

        await AskInAllWaysAsync(client, server, "HTTP/1.1");

        Assert.All(connections.All, connection => Assert.Equal(SslApplicationProtocol.Http11, connection.Session.ApplicationProtocol));
    }

    [Fact]
    public async Task A_session_of_HTTP_1_1_carries_nothing_of_HTTP_2()
    {
        await using var server = await EarlyHttp2Server.StartAsync();
        var both = server.Options;
        server.Options = With(both, options => options.ApplicationProtocols = [SslApplicationProtocol.Http11]);
        var tls = await KnownAsync(server, HttpVersionPolicy.RequestVersionOrLower);
        server.Options = both;
        var connections = new Connections();
        using var client = Create(tls, connections, HttpVersionPolicy.RequestVersionOrLower);

        Assert.Equal("HTTP/2 GET /", await client.GetStringAsync(server.Url(), Cancel));

        Assert.Equal(TlsEarlyDataStatus.NotOffered, Assert.Single(connections.All).Session.EarlyData);
    }

    [Fact]
    public async Task Connections_that_are_closed_before_the_handshake_are_replaced_without_early_data()
    {
        await using var server = await EarlyHttp2Server.StartAsync();
        var tls = await KnownAsync(server);
        var seen = 0;
        using var front = new Front(_ => Interlocked.Increment(ref seen) == 1 ? throw new IOException("Closed.") : server.Port);
        var connections = new Connections();
        using var client = Create(tls, connections);

        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => client.GetStringAsync($"https://localhost:{front.Port}/{i}", Cancel)));

        Assert.Equal(Enumerable.Range(0, 5).Select(i => $"HTTP/2 GET /{i}"), answers);
        Assert.Equal(Enumerable.Range(0, 5).Select(i => $"GET /{i}"), server.Requests.Order());
        Assert.Equal((2, TlsEarlyDataStatus.NotOffered), (seen, Assert.Single(connections.All).Session.EarlyData));
    }

    [Fact]
    public async Task A_server_that_closes_all_connections_is_given_up()
    {
        await using var server = await EarlyHttp2Server.StartAsync();
        var tls = await KnownAsync(server);
        using var front = new Front(_ => throw new IOException("Closed."));
        using var client = Create(tls);

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync($"https://localhost:{front.Port}/", Cancel));

        Assert.Equal(TlsFailureSource.Transport, HttpFailures.Find<TlsException>(failure)?.Source);
        Assert.Equal(2, front.Seen.Count);
    }

    [Fact]
    public async Task A_failed_handshake_is_explained_when_it_waited_for_the_request()
    {
        await using var server = await EarlyHttp2Server.StartAsync();
        using var client = Create(await KnownAsync(server));
        server.Options = With(server.Options, options => options.ApplicationProtocols = [new SslApplicationProtocol("mail")]);

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(server.Url(), Cancel));

        Assert.Equal(HttpRequestError.SecureConnectionError, failure.HttpRequestError);
        Assert.Contains("no_application_protocol", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_handshake_that_waited_has_no_more_time_than_the_engine_has_to_connect(string version)
    {
        await using var server = await EarlyHttp2Server.StartAsync();
        var tls = Clients.Tls();
        using (var first = Clients.Create(Clients.Options(tls), Version.Parse(version)))
            await first.GetStringAsync(server.Url(), Cancel);
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var options = Clients.Options(tls);
        options.SendEarlyData = true;
        options.ConfigureEngine = engine =>
        {
            engine.UseProxy = false;
            engine.ConnectTimeout = TimeSpan.FromSeconds(1);
        };
        using var client = Clients.Create(options, Version.Parse(version));

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync($"https://localhost:{((IPEndPoint)silent.LocalEndpoint).Port}/", Cancel));

        Assert.Equal(TlsError.HandshakeTimeout, HttpFailures.Find<TlsException>(failure)?.Error);
    }

    [Fact]
    public async Task A_connection_that_no_request_comes_for_shakes_hands_all_the_same()
    {
        await using var server = await EarlyHttp2Server.StartAsync();
        var tls = await KnownAsync(server);
        tls = tls.Clone();
        tls.TargetHost = "localhost";
        tls.ApplicationProtocols = [SslApplicationProtocol.Http2];
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, server.Port, Cancel);
        var stream = new TlsStream(tcp.GetStream());
        var connected = new TaskCompletionSource<TlsSessionInfo>();
        await using var secured = SecuredStream.Over(stream, isAsked: true, new EarlyStartHttp2(stream, tls, () => true, connected.SetResult, () => { }));
        byte[] preface = [.. Http2Frames.Preface, 0, 0, 0, 4, 0, 0, 0, 0, 0];

        await secured.WriteAsync(preface, Cancel);
        var frame = new byte[9];
        await secured.ReadExactlyAsync(frame, Cancel);

        Assert.Equal(4, frame[3]);
        Assert.Equal((true, TlsEarlyDataStatus.NotOffered), (stream.Session.Resumed, (await connected.Task).EarlyData));
    }

    [Fact]
    public async Task A_connection_that_is_closed_while_it_waits_ends_the_read()
    {
        await using var server = await EarlyHttp2Server.StartAsync();
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, server.Port, Cancel);
        var stream = new TlsStream(tcp.GetStream());
        var secured = SecuredStream.Over(stream, isAsked: false, new EarlyStartHttp2(stream, Clients.Tls(), () => true, _ => { }, () => { }));

        var read = secured.ReadAsync(new byte[1], Cancel).AsTask();
        await secured.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => read.WaitAsync(TimeSpan.FromSeconds(30), Cancel));
    }

    public static TheoryData<string, bool> Beginnings => new()
    {
        { Settings + Get(1), true },
        { Settings + Frame(8, 0, 0, "00001000") + Get(1) + Get(3), true },
        { Settings + Frame(1, 5, 1, "02 04 48454144 87"), true },
        { Settings + Frame(1, 5, 1, "03 07 4F5054494F4E53 87"), true },
        { Settings, false },
        { "", false },
        { Get(1), false },
        { Settings + Frame(1, 5, 1, "83 87"), false },
        { Settings + Get(1) + Frame(1, 5, 3, "83 87"), false },
        { Settings + Frame(1, 4, 1, "82 87"), false },
        { Settings + Frame(1, 1, 1, "82 87") + Frame(9, 4, 1, "84"), false },
        { Settings + Frame(1, 13, 1, "00 82 87"), false },
        { Settings + Frame(1, 5, 0, "82 87"), false },
        { Settings + Frame(1, 5, 1, ""), false },
        { Settings + Frame(1, 5, 1, "02 06 44454C455445 87"), false },
        { Settings + Frame(1, 5, 1, "02 04 47455458 87"), false },
        { Settings + Frame(1, 5, 1, "42 03 474554 87"), false },
        { Settings + Frame(1, 5, 1, "87 82"), false },
        { Settings + Get(1) + Frame(0, 1, 1, "61"), false },
        { Settings + Get(1) + Frame(3, 0, 1, "00000008"), false },
        { Settings + Get(1) + Frame(4, 1, 0, ""), false },
        { Settings + Get(1) + "00", false },
        { Settings + Get(1)[..^2], false },
    };

    [Theory]
    [MemberData(nameof(Beginnings))]
    public void Only_whole_requests_that_may_happen_twice_are_fit(string frames, bool isFit) =>
        Assert.Equal(isFit, Http2Frames.AreSafeRequests(Bytes(frames)));

    private static string Settings => Convert.ToHexString(Http2Frames.Preface) + Frame(4, 0, 0, "000200000000");

    private static string Get(int stream) => Frame(1, 5, stream, "82 87 84");

    private static string Frame(int type, int flags, int stream, string payload) => $"{Bytes(payload).Length:x6}{type:x2}{flags:x2}{stream:x8}{payload}";

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    private static TlsServerOptions With(TlsServerOptions options, Action<TlsServerOptions> change)
    {
        var changed = options.Clone();
        change(changed);
        return changed;
    }

    /// <summary>Five requests at once, two of which may not happen twice.</summary>
    private static async Task AskInAllWaysAsync(HttpClient client, EarlyHttp2Server server, string protocol)
    {
        await Task.WhenAll(Enumerable.Range(0, 5).Select(async i =>
        {
            using var response = i < 3 ? await client.GetAsync(server.Url($"/{i}"), Cancel) : await client.PostAsync(server.Url($"/{i}"), new StringContent("!"), Cancel);
            Assert.Equal(i < 3 ? $"{protocol} GET /{i}" : $"{protocol} POST /{i}!", await response.Content.ReadAsStringAsync(Cancel));
        }));
        Assert.Equal(["GET /0", "GET /1", "GET /2", "POST /3!", "POST /4!"], server.Requests.Order());
        Assert.Equal(0, server.Unsafe);
    }
}
