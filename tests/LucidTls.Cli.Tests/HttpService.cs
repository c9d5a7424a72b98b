using System.Net;
using LucidTls.AspNetCore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace LucidTls.Cli.Tests;

/// <summary>An HTTP service on a free port of loopback, for the tool to pass requests on to.</summary>
internal static class HttpService
{
    /// <param name="handle">Answers requests.</param>
    /// <param name="protocols">What it speaks.</param>
    public static Task<WebApplication> StartAsync(RequestDelegate handle, HttpProtocols protocols = HttpProtocols.Http1AndHttp2) => StartAsync(handle, null, protocols);

    /// <param name="name">The name in its certificate.</param>
    /// <param name="handle">Answers requests.</param>
    public static Task<WebApplication> StartSecureAsync(string name, RequestDelegate handle) => StartAsync(handle, new TlsServerOptions
    {
        Identities = [TestPki.Issue(name).Identity],
        ClientCertificateMode = ClientCertificateMode.Optional,
        ClientCertificateVerifier = TestPki.Verifier,
    }, HttpProtocols.Http1AndHttp2);

    private static async Task<WebApplication> StartAsync(RequestDelegate handle, TlsServerOptions? tls, HttpProtocols protocols)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = protocols;
            if (tls is not null)
                listen.UseLucidTls(tls);
        }));
        var app = builder.Build();
        app.UseWebSockets();
        app.Run(handle);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }
}
