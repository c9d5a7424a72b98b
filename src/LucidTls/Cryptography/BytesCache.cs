using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace LucidTls.Cryptography;

/// <summary>Keeps values by the content of bytes. Bounded, and safe for any number of threads.</summary>
/// <remarks>
/// Two generations: a value is looked up in the young one, then in the old one, from where it moves back to the young one. When the
/// young one is full it becomes the old one and what was in the old one is forgotten: nearly "least recently used", without a lock to look up.
/// </remarks>
internal sealed class BytesCache<TValue>(int capacity) where TValue : class
{
    private readonly Lock _turnover = new();
    private readonly int _generationCapacity = Math.Max(1, capacity / 2);
    private volatile Generation _young = new();
    private volatile Generation _old = new();

    public bool TryGet(ReadOnlySpan<byte> key, [NotNullWhen(true)] out TValue? value)
    {
        if (_young.TryGet(key, out value))
            return true;
        if (!_old.TryGet(key, out value))
            return false;
        Add(key, value);
        return true;
    }

    /// <summary>Keeps a value; one that is there already stays.</summary>
    public void Add(ReadOnlySpan<byte> key, TValue value)
    {
        lock (_turnover)
        {
            if (_young.Count >= _generationCapacity)
            {
                _old = _young;
                _young = new Generation();
            }
            _young.Add(key, value);
        }
    }

    /// <summary>Forgets everything, as after a start of the process.</summary>
    public void Clear()
    {
        lock (_turnover)
        {
            _old = new Generation();
            _young = new Generation();
        }
    }

    private sealed class Generation
    {
        private readonly ConcurrentDictionary<byte[], TValue> _values = new(BytesComparer.Instance);
        private readonly ConcurrentDictionary<byte[], TValue>.AlternateLookup<ReadOnlySpan<byte>> _lookup;

        public Generation() => _lookup = _values.GetAlternateLookup<ReadOnlySpan<byte>>();

        /// <summary>Counted apart, because the dictionary's own count locks everything. Changed under the cache's lock.</summary>
        public int Count { get; private set; }

        public bool TryGet(ReadOnlySpan<byte> key, [NotNullWhen(true)] out TValue? value) => _lookup.TryGetValue(key, out value);

        public void Add(ReadOnlySpan<byte> key, TValue value)
        {
            if (_lookup.TryAdd(key, value))
                Count++;
        }
    }

    private sealed class BytesComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static readonly BytesComparer Instance = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] bytes) => GetHashCode(bytes.AsSpan());

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();

        // HashCode is seeded at random in each process, so that no peer can prepare keys that collide.
        public int GetHashCode(ReadOnlySpan<byte> bytes)
        {
            var hash = new HashCode();
            hash.AddBytes(bytes);
            return hash.ToHashCode();
        }
    }
}
