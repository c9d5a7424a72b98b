using System.IO.Pipelines;
using LucidTls.StartTls;

namespace LucidTls.Cli.Serving;

/// <summary>A connection's pair of pipes as a stream. It does not own them.</summary>
internal sealed class DuplexPipeStream(IDuplexPipe pipes) : Stream, IWatchedClient
{
    private readonly Stream _input = pipes.Input.AsStream(leaveOpen: true);

    public override bool CanRead => true;
    public override bool CanWrite => true;
    public override bool CanSeek => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Whether <see cref="HasLeftAsync"/> said so.</summary>
    public bool HasLeft { get; private set; }

    public async Task<bool> HasLeftAsync(CancellationToken cancellationToken)
    {
        try
        {
            var result = await pipes.Input.ReadAsync(cancellationToken);
            // Nothing is consumed, nor looked at, so that who reads next gets it at once.
            pipes.Input.AdvanceTo(result.Buffer.Start);
            HasLeft = result.IsCompleted && result.Buffer.IsEmpty;
        }
        // A connection that was aborted ends as if it were cancelled.
        catch (Exception failure) when (failure is IOException || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            HasLeft = true;
        }
        return HasLeft;
    }

    public override int Read(byte[] buffer, int offset, int count) => _input.Read(buffer, offset, count);

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => _input.ReadAsync(buffer, cancellationToken);

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Only asynchronously.");

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if ((await pipes.Output.WriteAsync(buffer, cancellationToken)).IsCompleted)
            throw new IOException("The connection is gone.");
    }

    public override void Flush()
    {
    }

    // What is written is flushed.
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
