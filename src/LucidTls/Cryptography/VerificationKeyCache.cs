using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>
/// Keeps imported public keys by their SubjectPublicKeyInfo, since importing costs more than verifying. Bounded and safe for
/// any number of threads; nothing that is judged about a key is kept.
/// </summary>
/// <remarks>
/// Two generations: a key is looked up in the young one, then in the old one, from where it moves back to the young one. When the
/// young one is full it becomes the old one and what was in the old one is forgotten: nearly "least recently used", without a lock to look up.
/// </remarks>
internal sealed class VerificationKeyCache(int capacity)
{
    private readonly Lock _turnover = new();
    private readonly int _generationCapacity = Math.Max(1, capacity / 2);
    private volatile Generation _young = new();
    private volatile Generation _old = new();

    /// <summary>A few hundred issuers and the leaves of the peers of the day: about two megabytes when full.</summary>
    public static VerificationKeyCache Shared { get; } = new(capacity: 1024);

    /// <summary>The key, imported now when it is not known.</summary>
    /// <exception cref="CryptographicException">As <see cref="VerificationKey.Import"/>; such a key is not kept.</exception>
    public VerificationKey GetOrImport(ReadOnlySpan<byte> subjectPublicKeyInfo)
    {
        if (_young.TryGet(subjectPublicKeyInfo, out var key))
            return key;
        if (!_old.TryGet(subjectPublicKeyInfo, out key))
            key = VerificationKey.Import(subjectPublicKeyInfo);
        Keep(subjectPublicKeyInfo, key);
        return key;
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

    private void Keep(ReadOnlySpan<byte> subjectPublicKeyInfo, VerificationKey key)
    {
        lock (_turnover)
        {
            if (_young.Count >= _generationCapacity)
            {
                _old = _young;
                _young = new Generation();
            }
            _young.Add(subjectPublicKeyInfo, key);
        }
    }

    private sealed class Generation
    {
        private readonly ConcurrentDictionary<byte[], VerificationKey> _keys = new(BytesComparer.Instance);
        private readonly ConcurrentDictionary<byte[], VerificationKey>.AlternateLookup<ReadOnlySpan<byte>> _lookup;

        public Generation() => _lookup = _keys.GetAlternateLookup<ReadOnlySpan<byte>>();

        /// <summary>Counted apart, because the dictionary's own count locks everything. Changed under the cache's lock.</summary>
        public int Count { get; private set; }

        public bool TryGet(ReadOnlySpan<byte> subjectPublicKeyInfo, [NotNullWhen(true)] out VerificationKey? key) => _lookup.TryGetValue(subjectPublicKeyInfo, out key);

        public void Add(ReadOnlySpan<byte> subjectPublicKeyInfo, VerificationKey key)
        {
            if (_lookup.TryAdd(subjectPublicKeyInfo, key))
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
