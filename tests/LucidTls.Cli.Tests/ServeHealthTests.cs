using System.Net.Sockets;
using System.Text;
using LucidTls.Cli.Serving;
using LucidTls.StartTls;
using LucidTls.TestSupport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using static LucidTls.Cli.Tests.SiteClient;

namespace LucidTls.Cli.Tests;

/// <summary>Health checks of the services of <c>serve --config</c>. They have seconds, as good services are slow where others use the processors; the first is made at once.</summary>
public sealed class ServeHealthTests : IDisposable
{
    private readonly TemporaryFolder _folder = TemporaryFolder.OfSite("a.example");

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("http")]
    [InlineData("https")]
    [InlineData("h2c")]
    public async Task An_HTTP_service_whose_health_is_bad_gets_no_requests_until_it_is_good_again(string scheme)
    {
        var secure = scheme == "https";
        var isSick = true;
        var asked = new TaskCompletionSource<string>();
        Task AnswerAsync(HttpContext context, string name, bool sick)
        {
            if (context.Request.Path == "/health")
            {
                asked.TrySetResult($"{context.Request.Method} {context.Request.Protocol}");
                context.Response.StatusCode = sick ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status204NoContent;
                return Task.CompletedTask;
            }
            return context.Response.WriteAsync(name);
        }
        Task<WebApplication> StartServiceAsync(RequestDelegate handle) => secure ? HttpService.StartSecureAsync("inner.example", handle) : HttpService.StartAsync(handle, scheme == "h2c" ? HttpProtocols.Http2 : HttpProtocols.Http1AndHttp2);
        string To(WebApplication service) => $"{scheme}://{new Uri(service.Urls.First()).Authority}";
        await using var first = await StartServiceAsync(context => AnswerAsync(context, "the first", Volatile.Read(ref isSick)));
        await using var second = await StartServiceAsync(context => AnswerAsync(context, "the second", sick: false));
        await using var tool = await StartAsync($"to: ['{To(first)}', '{To(second)}'], {(secure ? "upstream: {roots: roots.pem, name: inner.example}, " : "")}health-check: {{interval: 3, path: /health, fall: 2, rise: 1}}");
        var server = new Uri(first.Urls.First()).Authority;

        await tool.WaitForErrorAsync($"{server} is out, since its health is not good: it answers 503.");
        Assert.Equal(scheme == "http" ? "GET HTTP/1.1" : "GET HTTP/2", await asked.Task);
        for (var i = 0; i < 4; i++)
            Assert.Contains("the second", await GetAsync(tool, "a.example"), StringComparison.Ordinal);
        Assert.Contains($"lucidtls_upstream_health{{server=\"{server}\",state=\"out\"}} 1\n", await MetricsAsync(tool), StringComparison.Ordinal);

        Volatile.Write(ref isSick, false);
        await tool.WaitForErrorAsync($"{server} is in again");
        var answers = new[] { await GetAsync(tool, "a.example"), await GetAsync(tool, "a.example") };
        Assert.Contains(answers, answer => answer.Contains("the first", StringComparison.Ordinal));
        var metrics = await MetricsAsync(tool);
        Assert.Contains($"lucidtls_upstream_health{{server=\"{server}\",state=\"in\"}} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains($"lucidtls_upstream_health{{server=\"{server}\",state=\"out\"}} 0\n", metrics, StringComparison.Ordinal);
        Assert.Equal(3, tool.Errors.Split(server).Length); // each change is said once
    }

    [Fact]
    public async Task When_all_services_are_out_all_are_tried()
    {
        await using var service = await HttpService.StartAsync(context =>
        {
            context.Response.StatusCode = context.Request.Path == "/health" ? StatusCodes.Status500InternalServerError : StatusCodes.Status200OK;
            return context.Response.WriteAsync("there all the same");
        });
        await using var tool = await StartAsync($"to: '{service.Urls.First()}', health-check: {{interval: 5, path: /health, fall: 1}}");
        await tool.WaitForErrorAsync("is out");
        Assert.Contains("there all the same", await GetAsync(tool, "a.example"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_that_takes_connections_but_proves_itself_badly_is_out_with_the_reason()
    {
        await using var bad = Peer.Tls(TestPki.Issue("other.example"), tls => tls.WriteAsync("the bad"u8.ToArray()).AsTask());
        await using var good = Peer.Tls(TestPki.Issue("inner.example"), tls => tls.WriteAsync("the good"u8.ToArray()).AsTask());
        await using var tool = await StartAsync($"to: ['tls://127.0.0.1:{bad.Port}', 'tls://127.0.0.1:{good.Port}'], upstream: {{roots: roots.pem, name: inner.example}}, health-check: {{interval: 5, fall: 1}}");
        await tool.WaitForErrorAsync($"127.0.0.1:{bad.Port} is out, since its health is not good: ");
        Assert.Contains("other.example", tool.Errors, StringComparison.Ordinal);
        for (var i = 0; i < 4; i++)
        {
            await using var tls = await ConnectAsync(tool, "a.example");
            Assert.Equal("the good", await new StreamReader(tls).ReadToEndAsync(Cancel));
        }
    }

    [Fact]
    public async Task A_service_that_begins_in_plain_text_is_asked_for_TLS_by_its_checks_as_well()
    {
        await using var bad = new Peer(async socket =>
        {
            using var stream = new NetworkStream(socket);
            await stream.WriteAsync("+OK ready\r\n"u8.ToArray());
            await new StreamReader(stream).ReadLineAsync();
            await stream.WriteAsync("-ERR no TLS today\r\n"u8.ToArray());
        });
        var identity = TestPki.Issue("inner.example").Identity;
        await using var good = new Peer(async socket => await (await StartTlsProtocol.Pop3.AcceptAsync(new NetworkStream(socket), new TlsServerOptions { Identities = [identity] })).DisposeAsync());
        await using var tool = await StartAsync($"to: ['tls://127.0.0.1:{bad.Port}', 'tls://127.0.0.1:{good.Port}'], upstream: {{starttls: pop3, roots: roots.pem, name: inner.example}}, health-check: {{interval: 5, fall: 1}}");
        await tool.WaitForErrorAsync($"127.0.0.1:{bad.Port} is out, since its health is not good: ");
        Assert.Contains("no TLS today", tool.Errors, StringComparison.Ordinal);
        Assert.Contains($"lucidtls_upstream_health{{server=\"127.0.0.1:{good.Port}\",state=\"in\"}} 1\n", await MetricsAsync(tool), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_TCP_service_is_connected_to_and_told_that_it_is_nobodys_connection()
    {
        using var nobody = new ClosedPort();
        var got = new TaskCompletionSource<string>();
        await using var there = new Peer(async socket =>
        {
            using var stream = new NetworkStream(socket);
            got.TrySetResult(await new StreamReader(stream).ReadToEndAsync());
        });
        await using var tool = await StartAsync($"to: ['tcp://127.0.0.1:{nobody.Number}', 'tcp://127.0.0.1:{there.Port}'], send-proxy-protocol: v1, health-check: {{interval: 5, fall: 1}}");
        Assert.Equal("PROXY UNKNOWN\r\n", await got.Task.WaitAsync(Cancel));
        await tool.WaitForErrorAsync($"127.0.0.1:{nobody.Number} is out, since its health is not good: No connection to ");
        Assert.Contains($"lucidtls_upstream_health{{server=\"127.0.0.1:{there.Port}\",state=\"in\"}} 1\n", await MetricsAsync(tool), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Services_that_are_configured_no_more_are_checked_and_shown_no_more()
    {
        await using var first = await HttpService.StartAsync(context => context.Response.WriteAsync("the first"));
        await using var second = await HttpService.StartAsync(context => context.Response.WriteAsync("the second"));
        string Site(WebApplication service) => $"to: '{service.Urls.First()}', health-check: {{}}";
        await using var tool = await StartAsync(Site(first));
        _folder.Write("serve.yaml", Yaml(Site(second)));
        await tool.WaitForErrorAsync("is in effect");
        var metrics = await MetricsAsync(tool);
        Assert.Contains($"lucidtls_upstream_health{{server=\"{new Uri(first.Urls.First()).Authority}\",state=\"in\"}} 0\n", metrics, StringComparison.Ordinal);
        Assert.Contains($"lucidtls_upstream_health{{server=\"{new Uri(second.Urls.First()).Authority}\",state=\"in\"}} 1\n", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public void It_takes_as_many_checks_in_a_row_as_are_said_to_be_out_and_in_again()
    {
        var health = new ServerHealth(new HostPort("server.example", 1), new HealthCheck(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), "/", Fall: 3, Rise: 2));
        health.Show(true);
        var states = new StringBuilder();
        foreach (var check in "--+---+--++")
        {
            health.Checked(check == '+' ? null : "a problem.");
            states.Append(health.IsOut ? 'o' : 'i');
        }
        Assert.Equal("iiiiioooooi", states.ToString());
    }

    private static string Yaml(string site) => $"{{metrics: '127.0.0.1:0', services: [{{listen: '127.0.0.1:0', sites: [{{certificate: site.pem, {site}}}]}}]}}";

    private Task<Tool> StartAsync(string site)
    {
        _folder.Write("serve.yaml", Yaml(site));
        return Tool.ConfiguredAsync(_folder.Path, _folder["serve.yaml"]);
    }
}
