using System.Security.Cryptography;

namespace LucidTls.Certificates;

/// <summary>
/// Remembers that a certificate was signed by a key, by a SHA-256 over both. Nothing that depends on time, name, purpose or
/// revocation is kept. Bounded by two generations: what was not asked for while a whole one filled up is forgotten.
/// </summary>
internal sealed class LinkCache(int capacity)
{
    private readonly Lock _lock = new();
    private readonly int _generationCapacity = Math.Max(1, capacity / 2);
    private HashSet<Link> _young = [];
    private HashSet<Link> _old = [];

    public static LinkCache Shared { get; } = new(8192);

    public static Link KeyOf(ReadOnlySpan<byte> certificate, ReadOnlySpan<byte> issuerKey)
    {
        Span<byte> both = stackalloc byte[64];
        SHA256.HashData(certificate, both);
        SHA256.HashData(issuerKey, both[32..]);
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(both, hash);
        return new Link(new UInt128(BitConverter.ToUInt64(hash), BitConverter.ToUInt64(hash[8..])), new UInt128(BitConverter.ToUInt64(hash[16..]), BitConverter.ToUInt64(hash[24..])));
    }

    public bool Contains(Link link)
    {
        lock (_lock)
            return _young.Contains(link) || (_old.Contains(link) && Keep(link));
    }

    public void Add(Link link)
    {
        lock (_lock)
            Keep(link);
    }

    /// <summary>Forgets everything, as after a start of the process.</summary>
    public void Clear()
    {
        lock (_lock)
            (_old, _young) = ([], []);
    }

    private bool Keep(Link link)
    {
        if (_young.Count >= _generationCapacity)
            (_old, _young) = (_young, []);
        _young.Add(link);
        return true;
    }

    internal readonly record struct Link(UInt128 High, UInt128 Low);
}
