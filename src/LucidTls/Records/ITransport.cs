namespace LucidTls.Records;

/// <summary>What carries the records: a stream, or memory.</summary>
internal interface ITransport
{
    /// <summary>At least one byte, or 0 at the end.</summary>
    ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken);

    ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>Whether what comes waits in the transport itself, so that a read into an empty buffer waits for it, and this end needs no place for it meanwhile.</summary>
    bool KeepsInput => false;

    /// <summary>Whether a server answers what its client sends, so that its tickets may wait for an answer that is due and travel along.</summary>
    bool DataFollow => false;

    /// <summary>After an alert that ends the connection: gives the peer time to read it, where closing at once could take it away (<see cref="Lingering"/>).</summary>
    ValueTask LingerAsync(CancellationToken cancellationToken);
}
