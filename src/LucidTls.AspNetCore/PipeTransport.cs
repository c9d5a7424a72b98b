using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using LucidTls.Records;
using Microsoft.AspNetCore.Connections;

namespace LucidTls.AspNetCore;

/// <summary>A connection's transport, which is a pair of pipes, as what carries the records.</summary>
/// <param name="pipes">The transport.</param>
/// <param name="socket">What its output is sent with; null where that is not known.</param>
/// <param name="dataFollow">Whether the server's protocol answers what clients ask, as HTTP does.</param>
internal sealed class PipeTransport(IDuplexPipe pipes, Socket? socket, bool dataFollow) : ITransport
{
    private const int LinuxTcpLevel = 6;

    /// <summary>The system keeps what is less than a full packet until more comes, or the end, or 200 ms have passed (tcp(7)).</summary>
    private const int LinuxTcpCork = 3;

    private static readonly byte[] On = BitConverter.GetBytes(1);

    private Socket? _socket = socket;
    private bool _flushWasCancelled;

    public bool KeepsInput => true;

    public bool DataFollow => dataFollow;

    /// <summary>Set when the connection's owner is about to complete the transport: what is written then goes out with that, in one step instead of two.</summary>
    public bool IsEnding { get; set; }

    /// <summary>Makes the read that is under way, or the next one, end with an <see cref="OperationCanceledException"/>.</summary>
    public void CancelRead() => pipes.Input.CancelPendingRead();

    /// <summary>Makes the flush that is under way, or the next one, end early. Nothing is lost by it.</summary>
    public void CancelFlush() => pipes.Output.CancelPendingFlush();

    /// <summary>Whether a flush ended early since this was asked last.</summary>
    public bool TakeFlushWasCancelled()
    {
        var was = _flushWasCancelled;
        _flushWasCancelled = false;
        return was;
    }

    /// <summary>Waits for data, or the end. What comes is given to <see cref="Waited"/>, before anything else is read.</summary>
    public ValueTask<ReadResult> WaitAsync(CancellationToken cancellationToken) => pipes.Input.ReadAsync(cancellationToken);

    /// <summary>Leaves where it is what was waited for.</summary>
    /// <exception cref="OperationCanceledException">The wait was cancelled by <see cref="CancelRead"/>.</exception>
    public void Waited(ReadResult result) => Take(result, default);

    /// <summary>An empty buffer waits for data (or the end) and consumes nothing.</summary>
    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            var reading = pipes.Input.ReadAsync(cancellationToken);
            return reading.IsCompletedSuccessfully ? new ValueTask<int>(Take(reading.Result, buffer.Span)) : AwaitAsync(reading, buffer);
        }
        catch (ConnectionAbortedException exception)
        {
            throw Ended(exception);
        }
    }

    // It is an OperationCanceledException by type, but nobody has cancelled anything: the connection is over.
    private static IOException Ended(ConnectionAbortedException exception) => new(exception.Message, exception);

    /// <summary>
    /// From here on all goes through the pipe, which puts together what follows closely, as answers over HTTP/2 do. Until then what is written is sent at once by whoever writes it: a flight of
    /// the handshake, or an answer over HTTP/1.1, is all that there is to send, and the pipe would hand it to another thread.
    /// </summary>
    public void GatherWrites() => _socket = null;

    // A flush that finds the transport's reader gone loses the data, and so does a socket whose peer is gone; reading reports it.
    public ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        buffer = buffer[SendAtOnce(buffer.Span)..];
        if (buffer.IsEmpty)
            return default;
        pipes.Output.Write(buffer.Span);
        if (IsEnding)
            return default;
        var flushing = pipes.Output.FlushAsync(cancellationToken);
        if (!flushing.IsCompletedSuccessfully)
            return AwaitAsync(flushing);
        _flushWasCancelled |= flushing.Result.IsCanceled;
        return default;
    }

    public async ValueTask LingerAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Lingering.MostTime);
        await Lingering.RunAsync(this, toEnd: null, limit.Token).ConfigureAwait(false);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> AwaitAsync(ValueTask<ReadResult> reading, Memory<byte> buffer)
    {
        try
        {
            return Take(await reading.ConfigureAwait(false), buffer.Span);
        }
        catch (ConnectionAbortedException exception)
        {
            throw Ended(exception);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask AwaitAsync(ValueTask<FlushResult> flushing) => _flushWasCancelled |= (await flushing.ConfigureAwait(false)).IsCanceled;

    /// <returns>How many bytes were sent. The rest, and all that comes later, is for the pipe: it waits for the peer, and finds out what is wrong with the connection.</returns>
    private int SendAtOnce(ReadOnlySpan<byte> buffer)
    {
        if (_socket is not { } socket)
            return 0;
        var sent = 0;
        try
        {
            // Kestrel closes it when the client is gone. To ask first is cheaper than the exception, which is left for when that happens meanwhile.
            if (socket.Connected)
            {
                if (socket.Blocking)
                    socket.Blocking = false;
                if (IsEnding)
                    HoldForEnd(socket);
                sent = socket.Send(buffer, SocketFlags.None, out _);
            }
        }
        catch (ObjectDisposedException)
        {
            // It was closed meanwhile.
        }
        if (sent < buffer.Length)
            GatherWrites();
        return sent;
    }

    // One packet takes the last bytes and the end, instead of one each.
    private static void HoldForEnd(Socket socket)
    {
        if (!OperatingSystem.IsLinux() || socket.AddressFamily == AddressFamily.Unix)
            return;
        try
        {
            socket.SetRawSocketOption(LinuxTcpLevel, LinuxTcpCork, On);
        }
        catch (SocketException)
        {
            // Two packets, then.
        }
    }

    private int Take(ReadResult result, Span<byte> buffer)
    {
        if (result.IsCanceled)
        {
            pipes.Input.AdvanceTo(result.Buffer.Start);
            throw new OperationCanceledException("The transport's pending read was cancelled.");
        }
        var count = (int)Math.Min(result.Buffer.Length, buffer.Length);
        var taken = result.Buffer.Slice(0, count);
        taken.CopyTo(buffer);
        // What was taken is the pipe's again after this, its length included.
        pipes.Input.AdvanceTo(taken.End);
        return count;
    }
}
