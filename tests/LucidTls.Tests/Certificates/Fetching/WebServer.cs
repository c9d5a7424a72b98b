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

    /// <summary>The bodies of requests that had one.</summary>
    public ConcurrentQueue<byte[]> Bodies { get; } = [];

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
        await _accepting;
        _listener.Stop();
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
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or InvalidOperationException)
        {
            await Task.WhenAll(connections);
        }
    }

    // What stands below a path that is served is served by it: OCSP requests are part of the address.
    private Func<NetworkStream, CancellationToken, Task> AnswerOf(string path) =>
        _answers.TryGetValue(path, out var answer) ? answer : _answers.Where(pair => path.StartsWith($"{pair.Key}/", StringComparison.Ordinal)).MaxBy(pair => pair.Key.Length).Value;

    private async Task AnswerAsync(TcpClient connection)
    {
        try
        {
            using (connection)
            {
                var stream = connection.GetStream();
                // Latin-1, in which a body comes through as it is.
                using var reader = new StreamReader(stream, Encoding.Latin1, leaveOpen: true);
                var path = (await reader.ReadLineAsync(_stop.Token))!.Split(' ')[1];
                Requests.Enqueue(path);
                var length = 0;
                while (await reader.ReadLineAsync(_stop.Token) is { Length: > 0 } header)
                {
                    if (header.StartsWith("Content-Length: ", StringComparison.OrdinalIgnoreCase))
                        length = int.Parse(header.AsSpan(16), System.Globalization.CultureInfo.InvariantCulture);
                }
                if (length > 0)
                {
                    var body = new char[length];
                    await reader.ReadBlockAsync(body, _stop.Token);
                    Bodies.Enqueue(Encoding.Latin1.GetBytes(body));
                }
                await AnswerOf(path)(stream, _stop.Token);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            // The client had enough, or the test is over.
        }
    }
}
