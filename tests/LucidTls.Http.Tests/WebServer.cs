using LucidTls.AspNetCore;
using LucidTls.TestSupport.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LucidTls.Http.Tests;

/// <summary>Whose TLS the server has.</summary>
public enum ServerTls
{
    Platform,
    Lucid,
}

/// <summary>Kestrel with a certificate of <see cref="Pki"/>.</summary>
internal static class WebServer
{
    public static Task<LoopbackServer> StartAsync(RequestDelegate handle, params Action<ListenOptions>[] listen) => StartAsync(app => app.Run(handle), listen);

    public static Task<LoopbackServer> StartAsync(Action<WebApplication> map, params Action<ListenOptions>[] listen) => StartAsync(_ => { }, map, listen);

    public static Task<LoopbackServer> StartAsync(Action<WebApplicationBuilder> build, Action<WebApplication> map, params Action<ListenOptions>[] listen) =>
        LoopbackServer.StartAsync(build + LoopbackServer.Listening(listen.Length == 0 ? [Lucid()] : listen), map);

    public static Action<ListenOptions> With(ServerTls tls, HttpProtocols protocols = HttpProtocols.Http1AndHttp2) => listen =>
    {
        listen.Protocols = protocols;
        if (tls == ServerTls.Platform)
            listen.UseHttps(Pki.ServerCertificate);
        else
            listen.UseLucidTls(Options());
    };

    public static Action<ListenOptions> Lucid(TlsServerOptions? options = null) => listen => listen.UseLucidTls(options ?? Options());

    public static TlsServerOptions Options() => new() { Identities = [Pki.Server] };
}
