namespace LucidTls.Records;

/// <summary>Counts what came one after another that costs work and carries nothing: each kind by itself, so that what one may send does not depend on the others.</summary>
internal struct IdleCounts
{
    private int _empty;
    private int _warnings;
    private int _keyUpdates;
    private int _tickets;

    /// <summary>A record without content, or a change_cipher_spec that is dropped.</summary>
    /// <exception cref="TlsException">There were too many, as in the others.</exception>
    public void AddEmpty() => Add(ref _empty, RecordLimits.MostIdleRecords);

    public void AddWarning() => Add(ref _warnings, RecordLimits.MostWarnings);

    public void AddKeyUpdate() => Add(ref _keyUpdates, RecordLimits.MostIdleRecords);

    public void AddTicket() => Add(ref _tickets, RecordLimits.MostIdleRecords);

    /// <summary>Something came that was of use.</summary>
    public void Clear() => this = default;

    private static void Add(ref int count, int most)
    {
        if (++count > most)
            throw new TlsException(TlsError.TooManyEmptyMessages);
    }
}
