using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using LucidTls.Http;
using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LucidTls.Interop.Tests;

public enum WebServerKind
{
    Nginx,
    HAProxy,
    Caddy,
    Go,
}

/// <summary>HttpClient over our TLS with the servers of others.</summary>
public sealed class HttpServerTests(PkiFixture pki, GoPeer go)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<WebServerKind, string> Kinds => new MatrixTheoryData<WebServerKind, string>(Enum.GetValues<WebServerKind>(), ["1.1", "2.0"]);

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Large_bodies_pass_in_both_directions_and_sessions_are_resumed(WebServerKind kind, string version)
    {
        await using var server = await StartAsync(kind);
        var tls = pki.ClientOptions();
        var sessions = new List<TlsSessionInfo>();
        var body = RandomNumberGenerator.GetBytes(5_000_001);

        for (var i = 0; i < 2; i++)
        {
            using var client = Create(tls, version, sessions);
            for (var round = 0; round < 2; round++)
            {
                using var response = await client.PostAsync(new Uri($"https://localhost:{server.Port}/echo"), new ByteArrayContent(body), Cancel);
                Assert.Equal((HttpStatusCode.OK, Version.Parse(version)), (response.StatusCode, response.Version));
                Assert.Equal(SHA256.HashData(body), SHA256.HashData(await response.Content.ReadAsByteArrayAsync(Cancel)));
            }
        }

        Assert.Equal([false, true], sessions.Select(session => session.Resumed));
        Assert.All(sessions, session => Assert.Equal(version == "2.0" ? SslApplicationProtocol.Http2 : SslApplicationProtocol.Http11, session.ApplicationProtocol));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_client_s_certificate_is_verified(WebServerKind kind, string version)
    {
        await using var server = await StartAsync(kind);
        var known = pki.ClientOptions();
        known.Identity = pki.Pki.Client().Identity();
        var strange = pki.ClientOptions();
        strange.Identity = PkiFixture.StrangeClient(KeyKind.EcdsaP256).Identity();
        using var client = Create(known, version);
        using var stranger = Create(strange, version);
        var who = new Uri($"https://localhost:{server.Port}/who");

        Assert.Contains("CN=client", await client.GetStringAsync(who, Cancel), StringComparison.Ordinal);

        if (kind == WebServerKind.Nginx)
        {
            // It shakes hands with anybody, and says what it thinks in HTTP.
            using var response = await stranger.GetAsync(who, Cancel);
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
            return;
        }
        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => stranger.GetAsync(who, Cancel));
        Assert.Equal(HttpRequestError.SecureConnectionError, failure.HttpRequestError);
        Assert.Contains("the peer", failure.Message, StringComparison.OrdinalIgnoreCase);
    }

    private static HttpClient Create(TlsClientOptions tls, string version, List<TlsSessionInfo>? sessions = null) => new(new LucidTlsHttpHandler(new LucidTlsHttpOptions
    {
        Tls = tls,
        OnConnected = (_, session) => sessions?.Add(session),
        ConfigureEngine = engine => engine.UseProxy = false,
    }))
    {
        DefaultRequestVersion = Version.Parse(version),
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    private async Task<Server> StartAsync(WebServerKind kind)
    {
        var (chain, key) = pki.ServerFiles();
        if (kind == WebServerKind.Go)
        {
            var (process, port) = await go.StartWebAsync((chain, key), pki.RootFile);
            return new Server(port, process, null, null);
        }
        var (backend, backendPort) = await StartEchoAsync();
        var files = new TempFolder();
        File.WriteAllText(files.File("server.pem"), File.ReadAllText(chain) + File.ReadAllText(key));
        var proxy = kind switch
        {
            WebServerKind.Nginx => await Proxy.StartNginxAsync($$"""
                listen PORT ssl http2;
                ssl_certificate {{chain}};
                ssl_certificate_key {{key}};
                ssl_session_tickets on;
                ssl_client_certificate {{pki.RootFile}};
                ssl_verify_client optional;
                ssl_verify_depth 2;
                client_max_body_size 100m;
                location /who { return 200 "$ssl_client_s_dn"; }
                location / { proxy_pass http://127.0.0.1:{{backendPort}}; }
                """),
            WebServerKind.HAProxy => await Proxy.StartHAProxyAsync($"""
                frontend secure
                  bind PORT ssl crt {files.File("server.pem")} alpn h2,http/1.1 ca-file {pki.RootFile} verify optional
                  http-request return status 200 content-type text/plain lf-string "CN=%[ssl_c_s_dn(CN)]" if {"{ path /who }"}
                  default_backend echo
                backend echo
                  server echo 127.0.0.1:{backendPort}
                """),
            _ => await Proxy.StartCaddyAsync($$"""
                tls {{chain}} {{key}} {
                  client_auth {
                    mode verify_if_given
                    trusted_ca_cert_file {{pki.RootFile}}
                  }
                }
                respond /who "{http.request.tls.client.subject}"
                reverse_proxy 127.0.0.1:{{backendPort}}
                """),
        };
        return new Server(proxy.Port, proxy, backend, files);
    }

    /// <summary>Plain HTTP behind them, which sends bodies back.</summary>
    private static async Task<(WebApplication App, int Port)> StartEchoAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        app.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            await context.Response.Body.WriteAsync(body.ToArray(), context.RequestAborted);
        });
        await app.StartAsync(Cancel);
        return (app, BindingAddress.Parse(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port);
    }

    private sealed record Server(int Port, IDisposable Process, WebApplication? Backend, TempFolder? Files) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            Process.Dispose();
            if (Backend != null)
                await Backend.DisposeAsync();
            Files?.Dispose();
        }
    }
}
