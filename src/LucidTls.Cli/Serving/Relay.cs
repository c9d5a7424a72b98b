using System.Buffers;
using System.Diagnostics;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace LucidTls.Cli.Serving;

/// <summary>One end of a relay.</summary>
/// <param name="Stream">Where its bytes come from and go to.</param>
/// <param name="EndAsync">Says to it that no more will come; it may go on sending.</param>
/// <param name="Abort">Breaks it off, so that what it got does not look complete.</param>
internal sealed record RelayEnd(Stream Stream, Func<Task> EndAsync, Action Abort)
{
    public static RelayEnd Of(ConnectionContext connection) => new(
        new DuplexPipeStream(connection.Transport),
        async () => await connection.Transport.Output.CompleteAsync(),
        () => connection.Abort(new ConnectionAbortedException("The other side broke off.")));

    /// <summary>Disposing of the stream closes the socket.</summary>
    public static RelayEnd Of(Socket socket) => new(
        new NetworkStream(socket, ownsSocket: true),
        () =>
        {
            socket.Shutdown(SocketShutdown.Send);
            return Task.CompletedTask;
        },
        () => Reset(socket));

    /// <param name="stream">What the application's bytes go through.</param>
    /// <param name="tls">The TLS in it.</param>
    /// <param name="abort">Breaks off what is under the TLS.</param>
    public static RelayEnd Of(Stream stream, TlsStream tls, Action abort) => new(stream, () => tls.ShutdownAsync(), abort);

    /// <summary>Closes at once, so that the other side sees that it was broken off.</summary>
    public static void Reset(Socket socket)
    {
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Dispose();
    }
}

/// <summary>Passes bytes on in both directions, each with its own end.</summary>
internal static class Relay
{
    private const int BufferSize = 64 * 1024;

    /// <summary>Until both directions have ended, one has broken, nothing was said for too long, or the grace after the tool was asked to stop is over.</summary>
    /// <param name="client">Who connected.</param>
    /// <param name="service">Whom it wants.</param>
    /// <param name="connection">The client's connection, which tells when the tool is asked to stop.</param>
    /// <param name="limits">How long it may be silent.</param>
    /// <param name="grace">How long connections may go on once the tool was asked to stop.</param>
    /// <param name="gone">When there is no client any more. Under plain TCP that cannot be told from a client that has said all it had to say.</param>
    public static async Task RunAsync(RelayEnd client, RelayEnd service, ConnectionContext connection, RelayLimits limits, TimeSpan grace, CancellationToken gone)
    {
        var lifetime = connection.Features.GetRequiredFeature<IConnectionLifetimeNotificationFeature>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(gone);
        using var silence = new Silence(limits, stop);
        await using var graceful = lifetime.ConnectionClosedRequested.Register(() =>
        {
            silence.StopRequested();
            stop.CancelAfter(grace);
        });
        using var counting = RelayMeter.Connection();
        var ended = await Task.WhenAll(
            TryAsync(CopyAsync(client, service, RelayMeter.ToService, silence, stop.Token), stop),
            TryAsync(CopyAsync(service, client, RelayMeter.ToClient, silence, stop.Token), stop));
        if (silence.Cause is { } cause)
            RelayMeter.Refused(cause);
        if (ended.All(inPeace => inPeace) || silence.IsStopAtRest)
            return;
        // What one side broke off, or the tool's end, must not look complete to the other: a reset under plain TCP, no close_notify under TLS.
        service.Abort();
        client.Abort();
    }

    private static async Task CopyAsync(RelayEnd from, RelayEnd to, string direction, Silence silence, CancellationToken stop)
    {
        while (true)
        {
            // Who waits holds no buffer.
            var none = await from.Stream.ReadAsync(Memory<byte>.Empty, stop);
            Debug.Assert(none == 0, "There was no room for anything.");
            var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
            try
            {
                var count = await from.Stream.ReadAsync(buffer, stop);
                if (count == 0)
                    break;
                silence.Took();
                await to.Stream.WriteAsync(buffer.AsMemory(0, count), stop);
                await to.Stream.FlushAsync(stop);
                silence.Gave();
                RelayMeter.Passed(count, direction);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
            }
        }
        silence.OneHasEnded();
        await to.EndAsync();
    }

    /// <summary>Whether a direction ended in peace, after which the other goes on; if it broke, the other is stopped.</summary>
    private static async Task<bool> TryAsync(Task direction, CancellationTokenSource stop)
    {
        try
        {
            await direction;
            return true;
        }
        catch (Exception failure) when (failure is IOException or SocketException or OperationCanceledException or InvalidOperationException)
        {
            await stop.CancelAsync();
            return false;
        }
    }

    /// <summary>Stops a relay that nothing has come through for too long.</summary>
    private sealed class Silence : IDisposable
    {
        private readonly RelayLimits _limits;
        private readonly CancellationTokenSource _stop;
        private readonly Timer _timer;
        private long _last = Environment.TickCount64;
        private volatile bool _hasOneEnded;
        private volatile bool _isStopRequested;
        private volatile bool _hasPassedSince;
        private int _inHand;

        public Silence(RelayLimits limits, CancellationTokenSource stop)
        {
            (_limits, _stop) = (limits, stop);
            _timer = new Timer(_ => Look(), null, limits.Idle, Timeout.InfiniteTimeSpan);
        }

        /// <summary>Why the relay was stopped, if it was.</summary>
        public string? Cause { get; private set; }

        /// <summary>Whether the tool was asked to stop, and nothing was under way from then on that its end could have cut.</summary>
        public bool IsStopAtRest => _isStopRequested && !_hasOneEnded && !_hasPassedSince && Volatile.Read(ref _inHand) == 0;

        public void StopRequested() => _isStopRequested = true;

        /// <summary>Something came, and is to be passed on.</summary>
        public void Took()
        {
            Interlocked.Increment(ref _inHand);
            Interrupt();
        }

        /// <summary>It was passed on.</summary>
        public void Gave()
        {
            Interlocked.Decrement(ref _inHand);
            Interrupt();
        }

        public void OneHasEnded()
        {
            Interrupt();
            _hasOneEnded = true;
            Wait(_limits.HalfClosed);
        }

        public void Dispose() => _timer.Dispose();

        // The timer is left as it is: it looks for itself how long that was ago.
        private void Interrupt()
        {
            Volatile.Write(ref _last, Environment.TickCount64);
            _hasPassedSince = _isStopRequested;
        }

        private void Look()
        {
            var limit = _hasOneEnded ? _limits.HalfClosed : _limits.Idle;
            if (limit == Timeout.InfiniteTimeSpan)
                return;
            var left = limit - TimeSpan.FromMilliseconds(Environment.TickCount64 - Volatile.Read(ref _last));
            if (left > TimeSpan.Zero)
            {
                Wait(left);
                return;
            }
            Cause = _hasOneEnded ? "half_closed" : "idle";
            try
            {
                _stop.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // It has just ended by itself.
            }
        }

        private void Wait(TimeSpan time)
        {
            try
            {
                _timer.Change(time, Timeout.InfiniteTimeSpan);
            }
            catch (ObjectDisposedException)
            {
                // As above.
            }
        }
    }
}
