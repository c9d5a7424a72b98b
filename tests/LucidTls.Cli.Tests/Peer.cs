using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace LucidTls.Cli.Tests;

/// <summary>Somebody on a free port of loopback who serves each connection in a way of his own.</summary>
internal sealed class Peer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Task _serving;

    public Peer(Func<Socket, Task> serve)
    {
        _listener.Start();
        _serving = ServeAsync(serve);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>A TLS server of ours.</summary>
    public static Peer Tls(Issued certificate, Func<TlsStream, Task> serve, Action<TlsServerOptions>? configure = null) => new(async socket =>
    {
        await using var tls = new TlsStream(new NetworkStream(socket));
        var options = new TlsServerOptions { Identities = [certificate.Identity] };
        configure?.Invoke(options);
        await tls.AuthenticateAsServerAsync(options);
        await serve(tls);
    });

    /// <summary>The platform's TLS server, with that version alone.</summary>
    public static Peer Platform(Issued certificate, SslProtocols version) => new(async socket =>
    {
        await using var tls = new SslStream(new NetworkStream(socket));
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate.ForPlatform(), EnabledSslProtocols = version });
    });

    /// <summary>Sends back all it gets, then ends.</summary>
    public static async Task EchoAsync(Stream stream)
    {
        await stream.CopyToAsync(stream);
    }

    private async Task ServeAsync(Func<Socket, Task> serve)
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptSocketAsync();
            }
            catch (Exception failure) when (failure is SocketException or InvalidOperationException)
            {
                // Stopped, while it waited or between two connections.
                return;
            }
            using (socket)
            {
                try
                {
                    await serve(socket);
                }
                catch (Exception failure) when (failure is IOException or AuthenticationException or SocketException)
                {
                    // What the tool makes of it is what the test looks at.
                    continue;
                }
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _serving;
    }
}
