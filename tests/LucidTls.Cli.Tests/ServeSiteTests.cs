using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using LucidTls.TestSupport;
using Microsoft.AspNetCore.Http;
using static LucidTls.Cli.Tests.SiteClient;

namespace LucidTls.Cli.Tests;

/// <summary>What a site of <c>serve --config</c> can be told to do.</summary>
public sealed class ServeSiteTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public ServeSiteTests()
    {
        Certificate("site", TestPki.Issue("a.example"));
        _folder.Write("pages/index.html", "a page");
        _folder.Write("roots.pem", TestPki.AuthorityPem);
    }

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Plain_HTTP_is_sent_on_to_https_of_hosts_that_are_served_and_of_no_other()
    {
        await using var tool = await StartAsync("services: [{listen: '127.0.0.1:0', redirect: '127.0.0.1:0', sites: [{names: ['a.example', '*.b.example'], certificate: site.pem, root: pages}]}]");
        await tool.WaitForErrorAsync("Redirections at ");
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }) { BaseAddress = new Uri(tool.Errors.Split("Redirections at ")[1].Split('\n')[0].Trim()) };
        foreach (var (host, target) in new[] { ("a.example:80", $"https://a.example:{tool.Port}/x%20y?q=1%202"), ("x.b.example", $"https://x.b.example:{tool.Port}/x%20y?q=1%202"), ("evil.example", null) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/x%20y?q=1%202") { Headers = { Host = host } };
            using var answer = await client.SendAsync(request, Cancel);
            Assert.Equal(target is null ? HttpStatusCode.MisdirectedRequest : HttpStatusCode.PermanentRedirect, answer.StatusCode);
            Assert.Equal(target, answer.Headers.Location?.OriginalString);
        }
    }

    [Fact]
    public async Task The_command_line_redirects_too()
    {
        await using var tool = await Tool.ServeAsync(_folder.Path, "--redirect", "127.0.0.1:0");
        await tool.WaitForErrorAsync("Redirections at ");
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false });
        using var answer = await client.GetAsync(tool.Errors.Split("Redirections at ")[1].Split('\n')[0].Trim(), Cancel);
        Assert.Equal($"https://127.0.0.1:{tool.Port}/", answer.Headers.Location?.OriginalString);
    }

    [Fact]
    public async Task Each_answer_of_a_site_with_hsts_says_so_whatever_the_service_says()
    {
        await using var service = await HttpService.StartAsync(context =>
        {
            context.Response.Headers.StrictTransportSecurity = "max-age=0";
            return context.Response.WriteAsync("well");
        });
        await using var tool = await StartAsync($"services: [{{listen: '127.0.0.1:0', sites: [{{names: a.example, certificate: site.pem, to: '{service.Urls.First()}', hsts: max-age=600; includeSubDomains}}, {{certificate: site.pem, root: pages, hsts: max-age=700}}]}}]");
        Assert.Contains("\r\nStrict-Transport-Security: max-age=600; includeSubDomains\r\n", await GetAsync(tool, "a.example"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_clients_certificate_is_told_to_the_service_and_what_clients_claim_is_not()
    {
        await using var service = await HttpService.StartAsync(context => context.Response.WriteAsync($"[{context.Request.Headers["Client-Cert"]}][{context.Request.Headers["Client-Cert-Chain"]}]"));
        await using var tool = await StartAsync($$"""
            services:
              - listen: 127.0.0.1:0
                sites:
                  - {names: a.example, certificate: site.pem, to: '{{service.Urls.First()}}', client-certificates: {mode: optional, roots: roots.pem, forward: true} }
                  - {names: b.example, certificate: site.pem, to: '{{service.Urls.First()}}', client-certificates: {mode: optional, roots: roots.pem} }
            """);
        var identity = TestPki.IssueClient().Identity;
        const string Claim = "Client-Cert: :AAAA:\r\nClient-Cert-Chain: :AAAA:\r\n";
        Assert.Contains($"[:{Convert.ToBase64String(identity.Chain[0].Span)}:][]", await GetAsync(tool, "a.example", identity, Claim), StringComparison.Ordinal);
        Assert.Contains("[][]", await GetAsync(tool, "a.example", null, Claim), StringComparison.Ordinal);
        // Here the service is not to trust the header, and does not get one that a client made up either.
        Assert.Contains("[][]", await GetAsync(tool, "b.example", identity, Claim), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clients_need_a_URI_that_is_accepted_and_a_certificate_that_is_not_revoked()
    {
        var (good, revoked, other) = (TestPki.IssueClient("spiffe://example.org/shop"), TestPki.IssueClient("spiffe://example.org/old"), TestPki.IssueClient("spiffe://example.com/shop"));
        _folder.Write("list.pem", TestPki.Revoke(revoked));
        await using var tool = await StartAsync("services: [{listen: '127.0.0.1:0', sites: [{certificate: site.pem, root: pages, client-certificates: {mode: required, roots: roots.pem, uris: 'spiffe://example.org/', crl: list.pem}}]}]");
        Assert.Contains("a page", await GetAsync(tool, "a.example", good.Identity), StringComparison.Ordinal);
        foreach (var (bad, alert) in new[] { (revoked, TlsAlert.CertificateRevoked), (other, TlsAlert.CertificateUnknown) })
        {
            var failure = await Record.ExceptionAsync(() => GetAsync(tool, "a.example", bad.Identity));
            Assert.Equal(alert, ((TlsException)failure!.InnerException!).Alert);
        }
        // A list that changes counts for new connections.
        _folder.Write("list.pem", TestPki.Revoke(good));
        await tool.WaitForErrorAsync("in use are now");
        await Assert.ThrowsAnyAsync<Exception>(() => GetAsync(tool, "a.example", good.Identity));
    }

    [Fact]
    public async Task Clients_may_come_by_a_DNS_name_that_is_accepted_and_others_are_told_which_they_have()
    {
        await using var tool = await StartAsync("services: [{listen: '127.0.0.1:0', sites: [{certificate: site.pem, root: pages, client-certificates: {mode: required, roots: roots.pem, dns-names: [shop.example, '*.clients.example']}}]}]");
        foreach (var (name, isAccepted) in new[] { ("shop.example", true), ("one.clients.example", true), ("one.shop.example", false), ("a.one.clients.example", false) })
        {
            var client = TestPki.Issue(name, purpose: "1.3.6.1.5.5.7.3.2").Identity;
            if (isAccepted)
            {
                Assert.Contains("a page", await GetAsync(tool, "a.example", client), StringComparison.Ordinal);
                continue;
            }
            var failure = await Record.ExceptionAsync(() => GetAsync(tool, "a.example", client));
            Assert.Equal(TlsAlert.CertificateUnknown, ((TlsException)failure!.InnerException!).Alert);
            await tool.WaitForErrorAsync($"names in the certificate: {name}; accepted: shop.example, *.clients.example");
        }
    }

    [Fact]
    public async Task What_is_demanded_of_those_who_ask_for_no_listed_name_is_not_demanded_of_others()
    {
        await using var tool = await StartAsync("""
            services:
              - listen: 127.0.0.1:0
                sites:
                  - {certificate: site.pem, root: pages, client-certificates: {mode: required, roots: roots.pem, uris: 'spiffe://example.org/'} }
                  - {names: a.example, certificate: site.pem, root: pages, client-certificates: {mode: required, roots: roots.pem} }
            """);
        var identity = TestPki.IssueClient().Identity;
        Assert.Contains("a page", await GetAsync(tool, "a.example", identity), StringComparison.Ordinal);
        await Assert.ThrowsAnyAsync<Exception>(() => GetAsync(tool, "b.example", identity));
    }

    [Fact]
    public async Task A_service_of_https_is_verified_and_shown_our_certificate_and_its_files_are_followed()
    {
        var client = TestPki.IssueClient();
        Certificate("client", client);
        await using var service = await HttpService.StartSecureAsync("inner.example", context => context.Response.WriteAsync($"{context.Request.Protocol} {context.Request.Host} {context.Connection.ClientCertificate?.Subject}"));
        var url = $"https://127.0.0.1:{new Uri(service.Urls.First()).Port}";
        string Yaml(string upstream) => $"services: [{{listen: '127.0.0.1:0', sites: [{{names: a.example, certificate: site.pem, to: '{url}', upstream: {{{upstream}}}}}]}}]";
        await using var tool = await StartAsync(Yaml("roots: roots.pem, name: inner.example, certificate: client.pem"));
        Assert.Contains("HTTP/2 a.example CN=client.example", await GetAsync(tool, "a.example"), StringComparison.Ordinal);

        // Nobody is trusted now who was before: connections that begin are refused with the reason.
        _folder.Write("roots.pem", TestPki.Issue("stranger.example").CertificatePem);
        await tool.WaitForErrorAsync("changed, and in use for new connections");
        _folder.Write("serve.yaml", Yaml("roots: roots.pem, name: inner.example"));
        await tool.WaitForErrorAsync("is in effect");
        Assert.Contains(" 502 ", await GetAsync(tool, "a.example"), StringComparison.Ordinal);
        await tool.WaitForErrorAsync("not a trust anchor");
    }

    [Fact]
    public async Task The_name_of_a_service_of_https_is_held_against_its_certificate()
    {
        await using var service = await HttpService.StartSecureAsync("inner.example", context => context.Response.WriteAsync("never"));
        await using var tool = await StartAsync($"services: [{{listen: '127.0.0.1:0', sites: [{{names: a.example, certificate: site.pem, to: 'https://127.0.0.1:{new Uri(service.Urls.First()).Port}', upstream: {{roots: roots.pem}}}}]}}]");
        Assert.Contains(" 502 ", await GetAsync(tool, "a.example"), StringComparison.Ordinal);
        await tool.WaitForErrorAsync("inner.example");
    }

    [Fact]
    public async Task Several_services_take_turns_and_one_that_is_down_costs_no_request()
    {
        await using var first = await HttpService.StartAsync(context => context.Response.WriteAsync("the first"));
        await using var second = await HttpService.StartAsync(context => context.Response.WriteAsync("the second"));
        await using var tool = await StartAsync($"services: [{{listen: '127.0.0.1:0', sites: [{{names: a.example, certificate: site.pem, to: ['{first.Urls.First()}', '{second.Urls.First()}']}}]}}]");
        var answers = await AskAsync(4);
        Assert.Equal((2, 2), (answers.Count(answer => answer.Contains("the first", StringComparison.Ordinal)), answers.Count(answer => answer.Contains("the second", StringComparison.Ordinal))));
        await first.StopAsync(Cancel);
        Assert.All(await AskAsync(4), answer => Assert.Contains("the second", answer, StringComparison.Ordinal));

        async Task<List<string>> AskAsync(int times)
        {
            var all = new List<string>();
            for (var i = 0; i < times; i++)
                all.Add(await GetAsync(tool, "a.example"));
            return all;
        }
    }

    [Fact]
    public async Task Several_TCP_services_take_turns_and_the_next_is_taken_when_one_is_down()
    {
        using var nobody = new ClosedPort();
        await using var there = new Peer(socket => socket.SendAsync("there"u8.ToArray()));
        await using var tool = await Tool.ServeAsync(_folder.Path, "--to", $"tcp://127.0.0.1:{nobody.Number}", "--to", $"tcp://127.0.0.1:{there.Port}", "--cert", _folder["site.pem"]);
        for (var i = 0; i < 4; i++)
        {
            await using var tls = await ConnectAsync(tool, "a.example");
            Assert.Equal("there", await new StreamReader(tls).ReadToEndAsync(Cancel));
        }
    }

    [Fact]
    public async Task A_TCP_service_has_the_protocols_that_it_is_said_to_have()
    {
        await using var service = new Peer(socket => socket.SendAsync("well"u8.ToArray()));
        await using var tool = await StartAsync($"services: [{{listen: '127.0.0.1:0', sites: [{{certificate: site.pem, to: 'tcp://127.0.0.1:{service.Port}', alpn: [mqtt, x-other]}}]}}]");
        await using var tls = await ConnectAsync(tool, "a.example", options => options.ApplicationProtocols = [new SslApplicationProtocol("x-other"), new SslApplicationProtocol("mqtt")]);
        Assert.Equal("mqtt", tls.Session.ApplicationProtocol.ToString());
        var failure = await Assert.ThrowsAsync<AuthenticationException>(() => ConnectAsync(tool, "a.example", options => options.ApplicationProtocols = [SslApplicationProtocol.Http2]));
        Assert.Equal(TlsAlert.NoApplicationProtocol, ((TlsException)failure.InnerException!).Alert);
    }

    private void Certificate(string file, Issued issued) => _folder.Write($"{file}.pem", issued.CertificatePem + "\n" + issued.KeyPem);

    private Task<Tool> StartAsync(string yaml)
    {
        _folder.Write("serve.yaml", yaml);
        return Tool.ConfiguredAsync(_folder.Path, _folder["serve.yaml"]);
    }
}
