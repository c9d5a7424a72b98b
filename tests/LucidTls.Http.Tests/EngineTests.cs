using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.Extensions.DependencyInjection;

namespace LucidTls.Http.Tests;

/// <summary>What SocketsHttpHandler does stays what it is.</summary>
public sealed class EngineTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static LucidTlsHttpOptions With(Action<SocketsHttpHandler> configure)
    {
        var options = Clients.Options();
        options.ConfigureEngine = engine =>
        {
            engine.UseProxy = false;
            configure(engine);
        };
        return options;
    }

    [Theory]
    [InlineData("1.1", "gzip")]
    [InlineData("2.0", "gzip")]
    [InlineData("1.1", "br")]
    [InlineData("2.0", "br")]
    public async Task Compressed_answers_are_unpacked(string version, string encoding)
    {
        var text = string.Concat(Enumerable.Range(0, 50_000));
        await using var server = await WebServer.StartAsync(
            builder => builder.Services.AddResponseCompression(compression =>
            {
                compression.EnableForHttps = true;
                if (encoding == "gzip")
                    compression.Providers.Add<GzipCompressionProvider>();
                else
                    compression.Providers.Add<BrotliCompressionProvider>();
            }),
            app =>
            {
                app.UseResponseCompression();
                app.Run(context =>
                {
                    context.Response.ContentType = "text/plain";
                    return context.Response.WriteAsync(text);
                });
            });
        using var unpacking = Clients.Create(With(engine => engine.AutomaticDecompression = DecompressionMethods.All), Version.Parse(version));
        using var plain = Clients.Create(Clients.Options(), Version.Parse(version));
        plain.DefaultRequestHeaders.AcceptEncoding.ParseAdd(encoding);

        Assert.Equal(text, await unpacking.GetStringAsync(server.Url(), Cancel));
        using var packed = await plain.GetAsync(server.Url(), Cancel);
        Assert.Equal(encoding, Assert.Single(packed.Content.Headers.ContentEncoding));
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_body_waits_for_the_server_to_want_it(string version)
    {
        await using var server = await WebServer.StartAsync(async context =>
        {
            if (context.Request.Path == "/refused")
            {
                context.Response.StatusCode = 403;
                return;
            }
            using var reader = new StreamReader(context.Request.Body);
            await context.Response.WriteAsync($"{context.Request.Headers.Expect} {await reader.ReadToEndAsync()}");
        });
        using var client = Clients.Create(With(engine => engine.Expect100ContinueTimeout = TimeSpan.FromMinutes(5)), Version.Parse(version));
        client.DefaultRequestHeaders.ExpectContinue = true;
        // A small one is sent over HTTP/1.1 all the same, as that costs less than another connection.
        var body = new string('x', 100_000);
        using var wanted = new WatchedContent(body);
        using var unwanted = new WatchedContent(body);

        using var accepted = await client.PostAsync(server.Url(), wanted, Cancel);
        using var refused = await client.PostAsync(server.Url("/refused"), unwanted, Cancel);

        Assert.Equal($"100-continue {body}", await accepted.Content.ReadAsStringAsync(Cancel));
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Equal((true, false), (wanted.IsSent, unwanted.IsSent));
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_connection_that_is_old_enough_is_replaced_and_resumes_its_session(string version)
    {
        await using var server = await WebServer.StartAsync(context => context.Response.WriteAsync(context.Connection.Id));
        var connections = new Connections();
        using var client = Clients.Create(connections.Watch(With(engine => engine.PooledConnectionLifetime = TimeSpan.FromMilliseconds(1))), Version.Parse(version));
        var names = new List<string>();

        for (var i = 0; i < 3; i++)
        {
            names.Add(await client.GetStringAsync(server.Url(), Cancel));
            await Task.Delay(50, Cancel);
        }

        Assert.Equal(3, names.Distinct().Count());
        Assert.Equal([false, true, true], connections.All.Select(connection => connection.Session.Resumed));
    }

    [Fact]
    public async Task A_peer_that_answers_no_ping_is_given_up()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var pings = 0;
        var serving = ServeAsync();
        using var client = Clients.Create(With(engine =>
        {
            engine.KeepAlivePingDelay = TimeSpan.FromSeconds(1);
            engine.KeepAlivePingTimeout = TimeSpan.FromSeconds(5);
            engine.KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests;
        }), HttpVersion.Version20);

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync($"https://localhost:{((IPEndPoint)listener.LocalEndpoint).Port}/", Cancel).WaitAsync(TimeSpan.FromMinutes(1), Cancel));

        Assert.NotNull(HttpFailures.Find<HttpProtocolException>(failure));
        await serving;
        Assert.Equal(3, pings);

        // Answers two pings, and no more.
        async Task ServeAsync()
        {
            using var tcp = await listener.AcceptTcpClientAsync(Cancel);
            await using var tls = new TlsStream(tcp.GetStream());
            var options = WebServer.Options();
            options.ApplicationProtocols = [System.Net.Security.SslApplicationProtocol.Http2];
            await tls.AuthenticateAsServerAsync(options, Cancel);
            await tls.ReadExactlyAsync(new byte[Http2Frames.Preface.Length], Cancel);
            await tls.WriteAsync(new byte[] { 0, 0, 0, 4, 0, 0, 0, 0, 0 }, Cancel);
            var header = new byte[9];
            while (await tls.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false, Cancel) == header.Length)
            {
                var payload = new byte[header[1] << 8 | header[2]];
                await tls.ReadExactlyAsync(payload, Cancel);
                // The engine's estimates of the round trip use pings below zero.
                if (header[3] == 6 && payload[0] < 128 && ++pings <= 2)
                    await tls.WriteAsync(new byte[] { 0, 0, 8, 6, 1, 0, 0, 0, 0 }.Concat(payload).ToArray(), Cancel);
            }
        }
    }

    [Fact]
    public async Task A_name_that_does_not_resolve_is_said_to_be_that()
    {
        using var client = Clients.Create(With(engine => engine.ConnectCallback = (_, _) => throw new SocketException((int)SocketError.HostNotFound)));

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("https://nowhere.invalid/", Cancel));

        Assert.Equal(HttpRequestError.NameResolutionError, failure.HttpRequestError);
    }

    [Fact]
    public async Task A_request_that_is_answered_elsewhere_while_its_connection_is_made_does_not_turn_HTTP_2_off()
    {
        var go = new TaskCompletionSource();
        await using var server = await WebServer.StartAsync(
            async context =>
            {
                if (context.Request.Path == "/waits")
                    await go.Task;
                await context.Response.WriteAsync(context.Request.Protocol);
            },
            listen =>
            {
                listen.KestrelServerOptions.Limits.Http2.MaxStreamsPerConnection = 1;
                WebServer.Lucid()(listen);
            });
        var connections = new Connections();
        var second = new TaskCompletionSource();
        var asked = 0;
        using var client = Clients.Create(connections.Watch(With(engine =>
        {
            engine.EnableMultipleHttp2Connections = true;
            engine.ConnectCallback = async (context, cancellationToken) =>
            {
                if (Interlocked.Increment(ref asked) == 2)
                    await second.Task;
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            };
        })));
        client.DefaultRequestVersion = HttpVersion.Version11;
        client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrHigher;

        Assert.Equal("HTTP/2", await client.GetStringAsync(server.Url(), Cancel));
        var first = client.GetStringAsync(server.Url("/waits"), Cancel);
        var others = new List<Task<string>>();
        while (Volatile.Read(ref asked) < 2)
        {
            // Wants a connection of its own, and is served by the first in the end.
            others.Add(client.GetStringAsync(server.Url(), Cancel));
            await Task.WhenAny(others[^1], Task.Delay(200, Cancel));
        }
        go.SetResult();
        Assert.All(await Task.WhenAll(others), answer => Assert.Equal("HTTP/2", answer));
        Assert.Equal("HTTP/2", await first);
        second.SetResult();
        while (connections.All.Count < 2)
            await Task.Delay(20, Cancel);

        Assert.All(connections.All, connection => Assert.Equal(System.Net.Security.SslApplicationProtocol.Http2, connection.Session.ApplicationProtocol));
        Assert.Equal("HTTP/2", await client.GetStringAsync(server.Url(), Cancel));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_connection_whose_handshake_is_cancelled_or_fails_is_closed(bool isCancelled)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var options = Clients.Options();
        using var client = Clients.Create(options);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Cancel);

        var request = client.GetAsync($"https://localhost:{((IPEndPoint)listener.LocalEndpoint).Port}/", cancel.Token);
        using var tcp = await listener.AcceptTcpClientAsync(Cancel);
        if (isCancelled)
            await cancel.CancelAsync();
        else
            await tcp.GetStream().WriteAsync("This is no TLS at all."u8.ToArray(), Cancel);

        await Assert.ThrowsAnyAsync<Exception>(() => request);
        // The engine goes on for some seconds, in case another request wants the connection.
        await ReadToEndAsync(tcp.GetStream()).WaitAsync(TimeSpan.FromMinutes(1), Cancel);
    }

    private static async Task ReadToEndAsync(NetworkStream stream)
    {
        try
        {
            await stream.CopyToAsync(Stream.Null, Cancel);
        }
        catch (IOException)
        {
            // A reset is an end as well.
        }
    }

    private sealed class WatchedContent(string text) : StringContent(text)
    {
        public bool IsSent { get; private set; }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            IsSent = true;
            return base.SerializeToStreamAsync(stream, context, cancellationToken);
        }
    }
}
