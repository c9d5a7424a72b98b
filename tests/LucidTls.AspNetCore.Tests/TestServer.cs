using System.Net.Security;
using LucidTls.TestSupport.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LucidTls.AspNetCore.Tests;

/// <summary>Kestrel with a certificate of <see cref="TestPki"/>, and its clients.</summary>
internal static class TestServer
{
    public static TlsServerOptions Options() => new() { Identities = [TestPki.Server] };

    public static Task<LoopbackServer> StartAsync(RequestDelegate handle, TlsServerOptions? options = null, params Action<ListenOptions>[] listen) =>
        LoopbackServer.StartAsync(handle, listen.Length > 0 ? listen : [endpoint => endpoint.UseLucidTls(options ?? Options())]);

    /// <summary>With an application of several parts.</summary>
    public static Task<LoopbackServer> StartAsync(Action<WebApplication> build, params Action<ListenOptions>[] listen) => LoopbackServer.StartAsync(LoopbackServer.Listening(listen), build);

    public static Task<LoopbackServer> StartConfiguredAsync(RequestDelegate handle, params IEnumerable<(string Key, string? Value)> settings) => LoopbackServer.StartConfiguredAsync(handle, settings);

    /// <summary>A connection with our own client, which reports a missing close_notify.</summary>
    public static async Task<TlsStream> ConnectAsync(this LoopbackServer server, SslApplicationProtocol? protocol = null, int? port = null, TlsIdentity? identity = null, string name = "localhost")
    {
        var stream = new TlsStream((await server.DialAsync(port)).GetStream());
        var options = new TlsClientOptions { TargetHost = name, CertificateVerifier = TestPki.Verifier, Identity = identity };
        if (protocol is { } wanted)
            options.ApplicationProtocols = [wanted];
        await stream.AuthenticateAsClientAsync(options, TestContext.Current.CancellationToken);
        return stream;
    }

    /// <summary>HttpClient over the platform's TLS.</summary>
    public static HttpClient Client(Version version)
    {
        var handler = new SocketsHttpHandler { UseProxy = false, SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = TestPki.ChainPolicy() } };
        return new HttpClient(handler) { DefaultRequestVersion = version, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
    }
}
