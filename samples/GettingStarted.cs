using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using LucidTls;
using LucidTls.Certificates;

namespace Samples;

/// <summary>The examples of docs/getting-started.md, compiled with the tests so that they stay true.</summary>
internal static class GettingStarted
{
    public static async Task ClientAsync()
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync("example.org", 443);
        await using var tls = new TlsStream(tcp.GetStream());
        await tls.AuthenticateAsClientAsync("example.org");
        await tls.WriteAsync("GET / HTTP/1.0\r\nHost: example.org\r\n\r\n"u8.ToArray());
        using var reader = new StreamReader(tls);
        Console.WriteLine(await reader.ReadToEndAsync());
    }

    public static async Task PrivateAuthorityAsync(TlsStream tls)
    {
        var options = new TlsClientOptions
        {
            TargetHost = "db.internal",
            CertificateVerifier = CertificateVerifier.FromPemFile("/etc/ssl/company-ca.pem"),
        };
        await tls.AuthenticateAsClientAsync(options);
    }

    public static async Task ServerAsync()
    {
        var options = new TlsServerOptions
        {
            Identities = [TlsIdentity.FromPemFile("server.pem", "server.key")],
            ApplicationProtocols = [SslApplicationProtocol.Http11],
        };
        var listener = new TcpListener(IPAddress.Loopback, 8443);
        listener.Start();
        while (await listener.AcceptTcpClientAsync() is { } client)
            _ = ServeAsync(client, options);
    }

    public static async Task FailureAsync(TlsStream tls)
    {
        try
        {
            await tls.AuthenticateAsClientAsync("wrong.example.org");
        }
        catch (AuthenticationException failure) when (failure.InnerException is TlsException why)
        {
            Console.Error.WriteLine(why.Message);        // what happened, the rule, the remedy
            Console.Error.WriteLine(why.Error);          // for programs: CertificateWrongName
            Console.Error.WriteLine(why.Alert);          // what the peer was told
            Console.Error.WriteLine(why.Verdict?.Explanation);
        }
    }

    public static void Session(TlsStream tls)
    {
        var session = tls.Session;
        Console.WriteLine($"{session.Version}, {session.CipherSuite}, {session.Group}, {session.ApplicationProtocol}");
        foreach (var step in session.Steps)
            Console.WriteLine($"{step.Elapsed.TotalMilliseconds,6:0.0} ms {(step.Sent ? "→" : "←")} {step.Message} ({step.Length} bytes, {step.Protection}): {step.Detail}");
    }

    public static void WithoutAStream(Socket transport)
    {
        using var connection = TlsConnection.CreateClient(new TlsClientOptions { TargetHost = "example.org" });
        var buffer = new byte[16 * 1024];
        while (!connection.IsAuthenticated)
        {
            int count;
            while ((count = connection.TakeOutput(buffer)) > 0)
                transport.Send(buffer.AsSpan(0, count));
            connection.Receive(buffer.AsSpan(0, transport.Receive(buffer)));
        }
    }

    private static async Task ServeAsync(TcpClient client, TlsServerOptions options)
    {
        await using var tls = new TlsStream(client.GetStream());
        await tls.AuthenticateAsServerAsync(options);
        await tls.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
    }
}
