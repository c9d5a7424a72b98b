using System.Net.WebSockets;
using System.Text.Json;

namespace LucidTls.Interop.Tests.Peers.Browsers;

/// <summary>WebDriver BiDi (https://www.w3.org/TR/webdriver-bidi/), which both browsers speak: commands over a WebSocket, one at a time.</summary>
internal sealed class Bidi : IDisposable
{
    private readonly ClientWebSocket _socket = new();
    private int _commands;

    private Bidi()
    {
    }

    public static async Task<Bidi> ConnectAsync(Uri url)
    {
        var bidi = new Bidi();
        await bidi._socket.ConnectAsync(url, TestContext.Current.CancellationToken);
        return bidi;
    }

    /// <summary>Sends a command and gives its result.</summary>
    /// <exception cref="BrowserException">The browser answered with an error.</exception>
    public async Task<JsonElement> RunAsync(string method, object parameters)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Browser.Patience);
        var id = ++_commands;
        await _socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(new { id, method, @params = parameters }), WebSocketMessageType.Text, endOfMessage: true, limit.Token);
        while (true)
        {
            var answer = await ReceiveAsync(limit.Token);
            if (!answer.TryGetProperty("id", out var answered) || answered.GetInt32() != id)
                continue;
            return answer.TryGetProperty("result", out var result) ? result : throw new BrowserException(answer.GetProperty("message").GetString()!);
        }
    }

    public void Dispose() => _socket.Dispose();

    private async Task<JsonElement> ReceiveAsync(CancellationToken cancellation)
    {
        using var message = new MemoryStream();
        var buffer = new byte[16 * 1024];
        ValueWebSocketReceiveResult part;
        do
        {
            part = await _socket.ReceiveAsync(buffer.AsMemory(), cancellation);
            message.Write(buffer, 0, part.Count);
        }
        while (!part.EndOfMessage);
        return JsonSerializer.Deserialize<JsonElement>(message.ToArray());
    }
}

/// <summary>What a browser said went wrong.</summary>
internal sealed class BrowserException(string message) : Exception(message);
