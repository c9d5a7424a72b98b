using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LucidTls.Cli.Tests;

/// <summary>A client of the sites of <c>serve --config</c>, which trusts the certificate of a.example alone and takes any for other names.</summary>
internal static class SiteClient
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<TlsStream> ConnectAsync(Tool tool, string name, Action<TlsClientOptions>? configure = null)
    {
        var tls = new TlsStream(await PlainAsync(tool));
        await tls.AuthenticateAsClientAsync(Options(name, configure), Cancel);
        return tls;
    }

    public static async Task<NetworkStream> PlainAsync(Tool tool)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, tool.Port, Cancel);
        return new NetworkStream(socket, ownsSocket: true);
    }

    public static TlsClientOptions Options(string name, Action<TlsClientOptions>? configure = null)
    {
        var options = new TlsClientOptions { TargetHost = name, CertificateVerifier = TestPki.Verifier, SessionCache = null, HandshakeTimeout = TimeSpan.FromMinutes(1) };
        configure?.Invoke(options);
        // The certificate is that of another site of the same test.
        options.DangerousAcceptAnyCertificate = name != "a.example";
        return options;
    }

    public static async Task<string> GetAsync(Tool tool, string name, TlsIdentity? identity = null, string headers = "")
    {
        await using var tls = await ConnectAsync(tool, name, options => options.Identity = identity);
        await tls.WriteAsync(Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: {name}\r\n{headers}Connection: close\r\n\r\n"), Cancel);
        return await new StreamReader(tls).ReadToEndAsync(Cancel);
    }

    /// <summary>What the tool shows Prometheus.</summary>
    public static async Task<string> MetricsAsync(Tool tool)
    {
        await tool.WaitForErrorAsync("Metrics at ");
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        return await client.GetStringAsync(tool.Errors.Split("Metrics at ")[1].Split('\n')[0].Trim(), Cancel);
    }
}
