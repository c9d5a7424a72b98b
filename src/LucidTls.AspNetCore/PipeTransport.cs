using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using LucidTls.Records;
using Microsoft.AspNetCore.Connections;

namespace LucidTls.AspNetCore;

/// <summary>A connection's transport, which is a pair of pipes, as what carries the records.</summary>
/// <param name="pipes">The transport.</param>
/// <param name="dataFollow">Whether the server's protocol answers what clients ask, as HTTP does.</param>
internal sealed class PipeTransport(IDuplexPipe pipes, bool dataFollow) : ITransport
{
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

    // A flush that finds the transport's reader gone loses the data, and so does a socket whose peer is gone; reading reports it.
    public ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
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
