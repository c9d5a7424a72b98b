using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace LucidTls.Http.Tests;

/// <summary>A server of HTTP/1.1 that takes early data, answers one request a connection, and remembers what came how.</summary>
internal sealed class EarlyServer : Listener
{
    private readonly Func<bool, int> _statusFor;

    /// <param name="statusFor">The status of the answer to a request that came early (true) or not.</param>
    public EarlyServer(Func<bool, int>? statusFor = null)
    {
        _statusFor = statusFor ?? (_ => 200);
        Options = WebServer.Options();
        Options.MaxEarlyDataSize = 16 * 1024;
    }

    /// <summary>Those of the connections to come.</summary>
    public TlsServerOptions Options { get; set; }

    public Uri Url => new($"https://localhost:{Port}/");

    /// <summary>How many of the connections to come are closed at once.</summary>
    public int ToClose { get; set; }

    /// <summary>The first line of each request, and whether it came early.</summary>
    public ConcurrentQueue<(string Line, bool IsEarly)> Requests { get; } = new();

    protected override async Task ServeAsync(TcpClient client)
    {
        try
        {
            await using var tls = new TlsStream(client.GetStream());
            if (ToClose > 0)
            {
                ToClose--;
                return;
            }
            await tls.AuthenticateAsServerAsync(Options, End);
            var isEarly = !tls.EarlyData.IsEmpty;
            var request = Encoding.ASCII.GetString(tls.EarlyData.Span);
            var buffer = new byte[4096];
            while (!request.Contains("\r\n\r\n", StringComparison.Ordinal))
            {
                var count = await tls.ReadAsync(buffer, End);
                if (count == 0)
                    return;
                request += Encoding.ASCII.GetString(buffer, 0, count);
            }
            Requests.Enqueue((request[..request.IndexOf(" HTTP", StringComparison.Ordinal)], isEarly));
            await tls.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {_statusFor(isEarly)} So\r\nContent-Length: 4\r\nConnection: close\r\n\r\nwell"), End);
        }
        catch (Exception end) when (end is OperationCanceledException or IOException or AuthenticationException)
        {
            // The test is over, or the client is.
        }
    }
}
