using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LucidTls.Tests.Certificates.Fetching;

/// <summary>An HTTP server on loopback that answers each path with the bytes it is told, right or wrong.</summary>
internal sealed class WebServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<string, Func<NetworkStream, CancellationToken, Task>> _answers = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;

    public WebServer()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>The paths that were asked for, in their order.</summary>
    public ConcurrentQueue<string> Requests { get; } = [];

    public string Url(string path) => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}{path}";

    /// <summary>Answers a path with a body.</summary>
    public string Serve(string path, byte[] body, int status = 200, string headers = "") =>
        ServeRaw(path, [.. Encoding.ASCII.GetBytes($"HTTP/1.1 {status} Answer\r\nContent-Length: {body.Length}\r\nConnection: close\r\n{headers}\r\n"), .. body]);

    /// <summary>Answers a path with those bytes, headers included.</summary>
    public string ServeRaw(string path, byte[] answer) => Serve(path, async (stream, stop) => await stream.WriteAsync(answer, stop));

    /// <summary>Answers a path by doing something with the connection.</summary>
    public string Serve(string path, Func<NetworkStream, CancellationToken, Task> answer)
    {
        _answers[path] = answer;
        return Url(path);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
                connections.Add(AnswerAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task AnswerAsync(TcpClient connection)
    {
        try
        {
            using (connection)
            {
                var stream = connection.GetStream();
                using var reader = new StreamReader(stream, leaveOpen: true);
                var path = (await reader.ReadLineAsync(_stop.Token))!.Split(' ')[1];
                Requests.Enqueue(path);
                while (await reader.ReadLineAsync(_stop.Token) is { Length: > 0 })
                {
                }
                await _answers[path](stream, _stop.Token);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            // The client had enough, or the test is over.
        }
    }
}
