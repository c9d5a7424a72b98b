using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace LucidTls.Interop.Tests.Peers;

/// <summary>A server of ours on loopback: it sends back what it gets, or does what it is told for each connection.</summary>
internal sealed class EchoServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly TlsServerOptions _options;
    private readonly Func<TlsStream, Task> _serve;
    private readonly Task _accepting;
    private readonly ConcurrentDictionary<Socket, bool> _active = new();
    private TaskCompletionSource<TlsSessionInfo> _session = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource<Exception> _failure = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public EchoServer(TlsServerOptions options, Func<TlsStream, Task>? serve = null)
    {
        _options = options;
        _serve = serve ?? EchoAsync;
        _listener.Start(1024);
        _accepting = AcceptAsync();
    }

    /// <summary>Why connections failed, all of them; null where it is not asked for.</summary>
    public ConcurrentQueue<Exception>? Failures { get; init; }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>The first session that came about since the start or the last call.</summary>
    public async Task<TlsSessionInfo> SessionAsync()
    {
        var session = await _session.Task.WaitAsync(PeerProcess.Patience);
        _session = new TaskCompletionSource<TlsSessionInfo>(TaskCreationOptions.RunContinuationsAsynchronously);
        return session;
    }

    /// <summary>The first connection's failure, as the TlsException behind it.</summary>
    public async Task<TlsException> FailureAsync()
    {
        var failure = await _failure.Task.WaitAsync(PeerProcess.Patience);
        _failure = new TaskCompletionSource<Exception>(TaskCreationOptions.RunContinuationsAsynchronously);
        return Assert.IsType<TlsException>(failure as TlsException ?? failure.InnerException);
    }

    /// <summary>Waits until every connection has ended.</summary>
    public async Task WaitUntilIdleAsync()
    {
        using var limit = new CancellationTokenSource(PeerProcess.Patience);
        while (!_active.IsEmpty)
            await Task.Delay(10, limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _listener.Stop();
        // Nothing goes on behind the test, where meters would count it for another.
        foreach (var client in _active.Keys)
            client.Dispose();
        await WaitUntilIdleAsync();
    }

    /// <summary>Sends back what comes until the client has closed.</summary>
    public static async Task EchoAsync(TlsStream tls)
    {
        var buffer = new byte[16 * 1024];
        int count;
        while ((count = await tls.ReadAsync(buffer)) > 0)
            await tls.WriteAsync(buffer.AsMemory(0, count));
        await tls.ShutdownAsync();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                var client = await _listener.AcceptSocketAsync(_stop.Token);
                // Else an answer would wait until the client has confirmed the tickets before it.
                client.NoDelay = true;
                _active[client] = true;
                _ = ServeAsync(client);
            }
        }
        catch (OperationCanceledException)
        {
            // Told to stop.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        try
        {
            await ServeToTheEndAsync(client);
        }
        finally
        {
            _active.TryRemove(client, out _);
        }
    }

    private async Task ServeToTheEndAsync(Socket client)
    {
        await using var tls = new TlsStream(new NetworkStream(client, ownsSocket: true));
        try
        {
            await tls.AuthenticateAsServerAsync(_options, _stop.Token);
            _session.TrySetResult(tls.Session);
            await _serve(tls);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            Failures?.Enqueue(exception);
            _failure.TrySetResult(exception);
        }
    }
}
