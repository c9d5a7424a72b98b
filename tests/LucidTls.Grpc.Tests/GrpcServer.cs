using Grpc.Net.Client;
using LucidTls.AspNetCore;
using LucidTls.Certificates;
using LucidTls.Http;
using LucidTls.Sessions;
using LucidTls.TestSupport.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace LucidTls.Grpc.Tests;

/// <summary>A gRPC service over Kestrel and LucidTls on loopback, and its clients.</summary>
internal static class GrpcServer
{
    public const int MaxStreamsPerConnection = 1000;

    /// <summary>A service that proves to be spiffe://prod.example/stock and lets in whom its verifier accepts.</summary>
    public static Task<LoopbackServer> StartAsync<TService>(TService service, string uri = "spiffe://prod.example/stock", string? host = null, params string[] accepted) where TService : class => StartAsync<TService>(builder =>
    {
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(service);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.Http2.MaxStreamsPerConnection = MaxStreamsPerConnection;
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = HttpProtocols.Http2;
                listen.UseLucidTls(tls =>
                {
                    tls.Identities = [Spiffe.Service(uri, host)];
                    tls.ClientCertificateMode = ClientCertificateMode.Required;
                    tls.ClientCertificateVerifier = Verifier(accepted.Length == 0 ? ["spiffe://prod.example/"] : accepted);
                });
            });
        });
    });

    public static Task<LoopbackServer> StartAsync<TService>(Action<WebApplicationBuilder> build) where TService : class => LoopbackServer.StartAsync(build, app => app.MapGrpcService<TService>());

    /// <summary>A client that proves to be <paramref name="uri"/> and accepts nobody but <paramref name="server"/>.</summary>
    public static GrpcChannel Connect(this LoopbackServer service, string uri = "spiffe://prod.example/shop", string server = "spiffe://prod.example/stock") => service.Connect(Client(uri, server));

    /// <summary>The options of a client that proves to be <paramref name="uri"/> and accepts nobody but <paramref name="server"/>.</summary>
    public static TlsClientOptions Client(string uri, string server) => new() { Identity = Spiffe.Service(uri), CertificateVerifier = Verifier(server), SessionCache = new TlsSessionCache() };

    public static GrpcChannel Connect(this LoopbackServer service, TlsClientOptions tls, Action<TlsHttpTarget, TlsSessionInfo>? onConnected = null) => Connect(service.Url(), tls, onConnected);

    public static GrpcChannel Connect(Uri address, TlsClientOptions tls, Action<TlsHttpTarget, TlsSessionInfo>? onConnected = null) => GrpcChannel.ForAddress(address, new GrpcChannelOptions
    {
        HttpHandler = new LucidTlsHttpHandler(new LucidTlsHttpOptions
        {
            Tls = tls,
            OnConnected = onConnected,
            ConfigureEngine = engine =>
            {
                engine.UseProxy = false;
                engine.EnableMultipleHttp2Connections = true;
            },
        }),
        DisposeHttpClient = true,
    });

    private static CertificateVerifier Verifier(params string[] accepted) => new(new CertificateVerifierOptions { TrustStore = Spiffe.TrustDomain, PeerUris = accepted });
}
