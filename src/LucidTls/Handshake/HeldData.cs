using System.Buffers;
using LucidTls.Records;

namespace LucidTls.Handshake;

/// <summary>Application data that came before what was looked for, until the application reads them. Safe for use by several threads at once.</summary>
internal sealed class HeldData
{
    private readonly Lock _lock = new();
    private ArrayBufferWriter<byte>? _data;
    private int _taken;

    /// <summary>Whether as much is kept as may be. One record may go beyond the limit.</summary>
    public bool IsFull
    {
        get
        {
            lock (_lock)
                return _data != null && _data.WrittenCount - _taken >= RecordLimits.MostHeldData;
        }
    }

    public void Add(ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty)
            return;
        lock (_lock)
            (_data ??= new ArrayBufferWriter<byte>()).Write(data);
    }

    /// <returns>Whether there was something.</returns>
    public bool TryTake(Span<byte> destination, out int count)
    {
        count = 0;
        // Nearly always there is nothing, and then nobody is adding either.
        if (Volatile.Read(ref _data) == null)
            return false;
        lock (_lock)
        {
            if (_data == null)
                return false;
            var data = _data.WrittenSpan[_taken..];
            count = Math.Min(destination.Length, data.Length);
            data[..count].CopyTo(destination);
            _taken += count;
            if (count == data.Length)
            {
                _data.Clear();
                _data = null;
                _taken = 0;
            }
            return true;
        }
    }
}
