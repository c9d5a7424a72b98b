using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace LucidTls.Interop.Tests.Peers;

/// <summary>A server on SslStream that sends back what it gets, one client after another.</summary>
internal sealed class SslStreamServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly SslServerAuthenticationOptions _options;
    private readonly Task _serving;

    public SslStreamServer(SslServerAuthenticationOptions options)
    {
        _options = options;
        _listener.Start();
        _serving = ServeAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving;
        _listener.Stop();
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                await using var ssl = new SslStream(client.GetStream());
                try
                {
                    await ssl.AuthenticateAsServerAsync(_options, _stop.Token);
                    await EchoAsync(ssl);
                }
                catch (Exception failure) when (failure is IOException or AuthenticationException)
                {
                    // However the client leaves; what it got is what the test looks at.
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Told to stop.
        }
    }

    private async Task EchoAsync(SslStream ssl)
    {
        var buffer = new byte[4096];
        int count;
        while ((count = await ssl.ReadAsync(buffer, _stop.Token)) > 0)
            await ssl.WriteAsync(buffer.AsMemory(0, count), _stop.Token);
    }
}
