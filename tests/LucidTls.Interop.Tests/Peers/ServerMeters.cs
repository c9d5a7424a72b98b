using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace LucidTls.Interop.Tests.Peers;

/// <summary>What the meters of this process say of servers: handshakes done, resumed, failed and under way, and Kestrel's open connections. For tests that run alone.</summary>
internal sealed class ServerMeters : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentQueue<string> _failures = new();
    private long _handshakes;
    private long _resumed;
    private long _activeHandshakes;
    private long _connections;

    public ServerMeters()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name is "lucidtls.handshake.duration" or "lucidtls.handshake.active" or "kestrel.active_connections")
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<double>((_, _, tags, _) => Count(tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            if (instrument.Name == "kestrel.active_connections")
                Interlocked.Add(ref _connections, value);
            else if (ValueOf(tags, "lucidtls.role") == "server")
                Interlocked.Add(ref _activeHandshakes, value);
        });
        _listener.Start();
    }

    /// <summary>How many handshakes were done.</summary>
    public long Handshakes => Interlocked.Read(ref _handshakes);

    /// <summary>How many of them resumed a session.</summary>
    public long Resumed => Interlocked.Read(ref _resumed);

    /// <summary>Why handshakes failed.</summary>
    public IReadOnlyCollection<string> Failures => _failures;

    /// <summary>How many connections Kestrel has.</summary>
    public long Connections => Interlocked.Read(ref _connections);

    /// <summary>How many handshakes are under way.</summary>
    public long ActiveHandshakes => Interlocked.Read(ref _activeHandshakes);

    /// <summary>Waits until neither a handshake nor a connection is left.</summary>
    public async Task WaitUntilIdleAsync()
    {
        using var limit = new CancellationTokenSource(PeerProcess.Patience);
        while (Connections != 0 || ActiveHandshakes != 0)
        {
            Assert.False(limit.IsCancellationRequested, $"{Connections} connections and {ActiveHandshakes} handshakes are left.");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    public void Dispose() => _listener.Dispose();

    private void Count(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (ValueOf(tags, "lucidtls.role") != "server")
            return;
        if (ValueOf(tags, "error.type") is { } error)
        {
            _failures.Enqueue(error);
            return;
        }
        Interlocked.Increment(ref _handshakes);
        if (ValueOf(tags, "tls.resumed") == bool.TrueString)
            Interlocked.Increment(ref _resumed);
    }

    private static string? ValueOf(ReadOnlySpan<KeyValuePair<string, object?>> tags, string key)
    {
        foreach (var (name, value) in tags)
        {
            if (name == key)
                return value?.ToString();
        }
        return null;
    }
}
