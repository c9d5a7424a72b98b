using System.Net.Security;
using System.Security.Authentication;
using LucidTls.TestSupport.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace LucidTls.AspNetCore.Tests;

public sealed class ProtocolChoiceTests
{
    private static Task Answer(HttpContext context) => context.Response.WriteAsync("well");

    [Fact]
    public async Task What_is_offered_follows_the_endpoints_protocols()
    {
        var options = TestServer.Options();
        await using var server = await TestServer.StartAsync(Answer, null,
            endpoint => endpoint.UseLucidTls(options),
            endpoint =>
            {
                endpoint.UseLucidTls(options);
                endpoint.Protocols = HttpProtocols.Http1;
            });

        Assert.Equal(SslApplicationProtocol.Http2, (await server.ConnectAsync(SslApplicationProtocol.Http2, server.Ports[0])).NegotiatedApplicationProtocol);
        Assert.Equal(SslApplicationProtocol.Http11, (await server.ConnectAsync(SslApplicationProtocol.Http11, server.Ports[0])).NegotiatedApplicationProtocol);
        Assert.Equal(SslApplicationProtocol.Http11, (await server.ConnectAsync(SslApplicationProtocol.Http11, server.Ports[1])).NegotiatedApplicationProtocol);
        var failure = await Assert.ThrowsAsync<AuthenticationException>(() => server.ConnectAsync(SslApplicationProtocol.Http2, server.Ports[1]));
        Assert.Equal(TlsAlert.NoApplicationProtocol, Assert.IsType<TlsException>(failure.InnerException).Alert);
        Assert.Empty(options.ApplicationProtocols);
    }

    [Theory]
    [InlineData(HttpProtocols.Http1)]
    [InlineData(HttpProtocols.Http2)]
    [InlineData(HttpProtocols.Http1AndHttp2)]
    public async Task Kestrel_knows_the_endpoint_for_one_with_TLS(HttpProtocols protocols)
    {
        await using var server = await TestServer.StartAsync(Answer, null, endpoint =>
        {
            endpoint.Protocols = protocols;
            endpoint.UseLucidTls(TestServer.Options());
        });

        Assert.StartsWith("https://127.0.0.1:", Assert.Single(server.Addresses), StringComparison.Ordinal);
        Assert.Empty(server.Log.Problems);
    }

    [Fact]
    public async Task Protocols_that_the_options_name_are_kept()
    {
        var options = TestServer.Options();
        options.ApplicationProtocols = [SslApplicationProtocol.Http11];
        await using var server = await TestServer.StartAsync(Answer, options);

        await Assert.ThrowsAsync<AuthenticationException>(() => server.ConnectAsync(SslApplicationProtocol.Http2));
        Assert.Equal(SslApplicationProtocol.Http11, (await server.ConnectAsync(SslApplicationProtocol.Http11)).NegotiatedApplicationProtocol);
    }

    [Theory]
    [InlineData(HttpProtocols.Http2)]
    [InlineData(HttpProtocols.Http1AndHttp2)]
    public async Task Options_that_a_selector_gives_speak_HTTP_2(HttpProtocols protocols)
    {
        var selected = TestServer.Options();
        await using var server = await TestServer.StartAsync(context => context.Response.WriteAsync(context.Request.Protocol), null, endpoint =>
        {
            endpoint.UseLucidTls(options => options.OptionsSelector = (_, _) => ValueTask.FromResult<TlsServerOptions?>(selected));
            endpoint.Protocols = protocols;
        });
        using var client = TestServer.Client(new Version(2, 0));

        Assert.Equal("HTTP/2", await client.GetStringAsync(server.Url(), TestContext.Current.CancellationToken));
        Assert.Empty(selected.ApplicationProtocols);
    }

    [Fact]
    public async Task Sessions_under_options_that_a_selector_gives_are_resumed()
    {
        var selected = TestServer.Options();
        await using var server = await TestServer.StartAsync(Answer, null, endpoint => endpoint.UseLucidTls(options => options.OptionsSelector = (_, _) => ValueTask.FromResult<TlsServerOptions?>(selected)));
        var client = new TlsClientOptions { TargetHost = "localhost", CertificateVerifier = TestPki.Verifier, ApplicationProtocols = [SslApplicationProtocol.Http11] };

        Assert.False(await IsResumedAsync(server, client));
        Assert.True(await IsResumedAsync(server, client));
        Assert.Throws<InvalidOperationException>(() => selected.TicketCount = 1);
    }

    [Fact]
    public async Task Protocols_that_a_selectors_options_name_are_kept()
    {
        var selected = TestServer.Options();
        selected.ApplicationProtocols = [SslApplicationProtocol.Http11];
        await using var server = await TestServer.StartAsync(Answer, null, endpoint => endpoint.UseLucidTls(options => options.OptionsSelector = (_, _) => ValueTask.FromResult<TlsServerOptions?>(selected)));

        await Assert.ThrowsAsync<AuthenticationException>(() => server.ConnectAsync(SslApplicationProtocol.Http2));
        Assert.Equal(SslApplicationProtocol.Http11, (await server.ConnectAsync(SslApplicationProtocol.Http11)).NegotiatedApplicationProtocol);
    }

    [Fact]
    public async Task A_selector_may_leave_the_choice_to_the_endpoints_own_options()
    {
        await using var server = await TestServer.StartAsync(Answer, null, endpoint => endpoint.UseLucidTls(options =>
        {
            options.Identities = [TestPki.Server];
            options.OptionsSelector = (_, _) => ValueTask.FromResult<TlsServerOptions?>(null);
        }));

        Assert.Equal(SslApplicationProtocol.Http2, (await server.ConnectAsync(SslApplicationProtocol.Http2)).NegotiatedApplicationProtocol);
    }

    [Fact]
    public async Task A_client_without_ALPN_gets_HTTP_1_1()
    {
        await using var server = await TestServer.StartAsync(context => context.Response.WriteAsync(context.Request.Protocol));
        await using var connection = await server.ConnectAsync();

        await connection.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);

        Assert.Contains("HTTP/1.1", await new StreamReader(connection).ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_without_an_identity_are_refused_at_the_start()
    {
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => TestServer.StartAsync(Answer, null, endpoint => endpoint.UseLucidTls(_ => { })));
        Assert.Contains("identity", failure.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Options_can_be_set_in_place()
    {
        await using var server = await TestServer.StartAsync(Answer, null, endpoint => endpoint.UseLucidTls(options => options.Identities = [TestPki.Server]));
        await using var connection = await server.ConnectAsync(SslApplicationProtocol.Http2);

        Assert.True(connection.IsAuthenticated);
        Assert.DoesNotContain(server.Log.Ours, line => line.Level > LogLevel.Debug);
    }

    private static async Task<bool> IsResumedAsync(LoopbackServer server, TlsClientOptions options)
    {
        await using var connection = new TlsStream((await server.DialAsync()).GetStream());
        await connection.AuthenticateAsClientAsync(options, TestContext.Current.CancellationToken);
        await connection.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        // The tickets come in front of the answer.
        Assert.Contains("200 OK", await new StreamReader(connection, leaveOpen: true).ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        return connection.Session.Resumed;
    }
}
