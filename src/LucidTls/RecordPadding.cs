namespace LucidTls;

/// <summary>How many zero bytes are added to each record so that its length says less (RFC 8446 §5.4).</summary>
public abstract class RecordPadding
{
    private protected RecordPadding()
    {
    }

    /// <summary>No padding.</summary>
    public static RecordPadding None { get; } = new NoPadding();

    /// <summary>Pads each record's content up to a multiple of <paramref name="size"/> bytes.</summary>
    /// <param name="size">The block's size in bytes, 2 to 16,384.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is out of range.</exception>
    public static RecordPadding ToBlock(int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, 16384);
        return new BlockPadding(size);
    }

    /// <summary>Asks a callback how many bytes of padding a record with that many bytes of content gets; what does not fit is cut.</summary>
    public static RecordPadding Custom(Func<int, int> paddingFor)
    {
        ArgumentNullException.ThrowIfNull(paddingFor);
        return new CustomPadding(paddingFor);
    }

    /// <summary>The bytes of padding for <paramref name="contentLength"/> bytes of content.</summary>
    internal abstract int For(int contentLength);

    private sealed class NoPadding : RecordPadding
    {
        internal override int For(int contentLength) => 0;
    }

    private sealed class BlockPadding(int size) : RecordPadding
    {
        internal override int For(int contentLength) => (size - contentLength % size) % size;
    }

    private sealed class CustomPadding(Func<int, int> paddingFor) : RecordPadding
    {
        internal override int For(int contentLength) => Math.Max(0, paddingFor(contentLength));
    }
}
