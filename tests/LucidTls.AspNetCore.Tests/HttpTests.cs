using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace LucidTls.AspNetCore.Tests;

public sealed class HttpTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Versions => ["1.1", "2.0"];

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task A_request_sees_https_and_what_was_agreed_on(string version)
    {
        TlsSessionInfo? session = null;
        ITlsHandshakeFeature? handshake = null;
        await using var server = await TestServer.StartAsync(context =>
        {
            session = context.Features.Get<ITlsSessionFeature>()?.Session;
            handshake = context.Features.Get<ITlsHandshakeFeature>();
            return context.Response.WriteAsync($"{context.Request.Scheme} {context.Request.Protocol}");
        });
        using var client = TestServer.Client(Version.Parse(version));

        var answer = await client.GetStringAsync(server.Url(), Cancel);

        Assert.Equal(version == "2.0" ? "https HTTP/2" : "https HTTP/1.1", answer);
        Assert.NotNull(session);
        Assert.Equal(TlsVersion.Tls13, session.Version);
        // HttpClient offers no protocol at all when it is told to speak HTTP/1.1.
        Assert.Equal(version == "2.0" ? SslApplicationProtocol.Http2 : default, session.ApplicationProtocol);
        Assert.Equal("localhost", session.ServerName);
        Assert.NotEmpty(session.Steps);
        Assert.NotNull(handshake);
        Assert.Equal(SslProtocols.Tls13, handshake.Protocol);
        Assert.Equal((TlsCipherSuite)session.CipherSuite.Value, handshake.NegotiatedCipherSuite);
        Assert.Equal("localhost", handshake.HostName);
        Assert.Empty(server.Log.Problems);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Large_bodies_arrive_unchanged_in_both_directions(string version)
    {
        await using var server = await TestServer.StartAsync(async context =>
        {
            // All of the request first: in HTTP/1.1 a client does not read while it sends.
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            await context.Response.Body.WriteAsync(body.ToArray());
        });
        using var client = TestServer.Client(Version.Parse(version));
        var sent = RandomNumberGenerator.GetBytes(8_000_001);

        using var response = await client.PostAsync(server.Url(), new ByteArrayContent(sent), Cancel);
        var received = await response.Content.ReadAsByteArrayAsync(Cancel);

        Assert.Equal(SHA256.HashData(sent), SHA256.HashData(received));
        Assert.Empty(server.Log.Problems);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Many_requests_share_a_connection(string version)
    {
        var connections = new System.Collections.Concurrent.ConcurrentDictionary<string, int>();
        await using var server = await TestServer.StartAsync(context =>
        {
            connections.AddOrUpdate(context.Connection.Id, 1, (_, count) => count + 1);
            return context.Response.WriteAsync(context.Request.Path);
        });
        using var client = TestServer.Client(Version.Parse(version));

        for (var i = 0; i < 50; i++)
            Assert.Equal($"/{i}", await client.GetStringAsync(server.Url($"/{i}"), Cancel));

        Assert.Equal(50, Assert.Single(connections).Value);
    }

    [Fact]
    public async Task Requests_that_run_at_once_over_HTTP_2_all_get_their_answers()
    {
        await using var server = await TestServer.StartAsync(context => context.Response.WriteAsync(new string('x', 20_000) + context.Request.Path));
        using var client = TestServer.Client(HttpVersion.Version20);

        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => client.GetStringAsync(server.Url($"/{i}"), Cancel)));

        Assert.All(answers.Select((answer, i) => (answer, i)), pair => Assert.Equal(new string('x', 20_000) + $"/{pair.i}", pair.answer));
    }

    [Fact]
    public async Task A_client_certificate_is_seen_by_requests()
    {
        var options = TestServer.Options();
        options.ClientCertificateMode = ClientCertificateMode.Required;
        options.ClientCertificateVerifier = TestPki.Verifier;
        await using var server = await TestServer.StartAsync(context => context.Response.WriteAsync(context.Connection.ClientCertificate?.Subject ?? "none"), options);
        await using var connection = await server.ConnectAsync(identity: TestPki.Issue("CN=A client"));

        await connection.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray(), Cancel);
        var answer = await new StreamReader(connection).ReadToEndAsync(Cancel);

        Assert.Contains("CN=A client", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handler_that_fails_does_not_harm_the_connection()
    {
        await using var server = await TestServer.StartAsync(context =>
            context.Request.Path == "/fail" ? throw new InvalidOperationException("on purpose") : context.Response.WriteAsync("well"));
        using var client = TestServer.Client(HttpVersion.Version20);

        using var failed = await client.GetAsync(server.Url("/fail"), Cancel);
        Assert.Equal(HttpStatusCode.InternalServerError, failed.StatusCode);
        Assert.Equal("well", await client.GetStringAsync(server.Url(), Cancel));
    }
}
