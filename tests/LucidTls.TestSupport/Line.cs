namespace LucidTls.TestSupport;

/// <summary>One direction of a connection in memory: how its bytes arrive, what befalls them, and how many there were.</summary>
public sealed class Line
{
    private long _delivered;

    /// <summary>A read gives at most that many bytes.</summary>
    public int PieceSize { get; init; } = int.MaxValue;

    /// <summary>The line is cut after that many bytes: the reader sees the end there, and what is written further is lost.</summary>
    public long CutAfter { get; init; } = long.MaxValue;

    /// <summary>The bit that is turned on the way, counted from the line's start, lowest bit of a byte first; none when negative.</summary>
    public long FlippedBit { get; init; } = -1;

    /// <summary>How many bytes the reader has got.</summary>
    public long Delivered => Interlocked.Read(ref _delivered);

    internal bool IsCut => _delivered >= CutAfter;

    /// <summary>How many bytes the next read may take.</summary>
    internal int Limit(int count) => (int)Math.Min(count, Math.Min(PieceSize, CutAfter - _delivered));

    internal void Deliver(Span<byte> bytes)
    {
        var offset = (FlippedBit >> 3) - _delivered;
        if (FlippedBit >= 0 && offset >= 0 && offset < bytes.Length)
            bytes[(int)offset] ^= (byte)(1 << (int)(FlippedBit & 7));
        Interlocked.Add(ref _delivered, bytes.Length);
    }
}
