namespace LucidTls.Records;

/// <summary>What carries the records: a stream, or memory.</summary>
internal interface ITransport
{
    /// <summary>At least one byte, or 0 at the end.</summary>
    ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken);

    ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken);
}
