using System.Formats.Asn1;
using System.Numerics;
using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates.Revocation;

/// <summary>The entries of a revocation list, found by serial number: a hash table of places in the list, four to eight bytes an entry.</summary>
internal sealed class RevokedEntries
{
    private readonly ReadOnlyMemory<byte> _list;
    private readonly int[] _places = [];

    /// <param name="list">The content of revokedCertificates.</param>
    /// <exception cref="AsnContentException">An entry is malformed.</exception>
    public RevokedEntries(ReadOnlyMemory<byte> list)
    {
        _list = list;
        string? unusable = null;
        var starts = new List<int>();
        var hashes = new List<int>();
        var reader = new DerReader(list);
        while (!reader.IsEmpty)
        {
            starts.Add(list.Length - reader.Remaining);
            var entry = RevokedEntry.Read(ref reader, ref unusable);
            hashes.Add(Hash(entry.Serial.Span));
            HasRemovals |= entry.Reason == RevocationReason.RemoveFromCrl;
        }
        Unusable = unusable;
        Count = starts.Count;
        if (Count == 0)
            return;
        _places = new int[BitOperations.RoundUpToPowerOf2((uint)Count + (uint)Count / 3 + 1)];
        for (var i = 0; i < Count; i++)
            Add(starts[i], hashes[i]);
    }

    public int Count { get; }

    /// <summary>Whether an entry takes another back, as only those of delta lists may (RFC 5280 §5.3.1).</summary>
    public bool HasRemovals { get; }

    /// <summary>Why no certificate's status may be told by the list; or null.</summary>
    public string? Unusable { get; }

    public RevokedEntry? Find(ReadOnlySpan<byte> serial)
    {
        if (Count == 0)
            return null;
        string? unusable = null;
        for (var slot = Hash(serial) & (_places.Length - 1); _places[slot] != 0; slot = (slot + 1) & (_places.Length - 1))
        {
            var reader = new DerReader(_list[(_places[slot] - 1)..]);
            var entry = RevokedEntry.Read(ref reader, ref unusable);
            if (entry.Serial.Span.SequenceEqual(serial))
                return entry;
        }
        return null;
    }

    // A place is kept one higher, so that 0 is an empty slot. At most three slots of four are taken.
    private void Add(int start, int hash)
    {
        var slot = hash & (_places.Length - 1);
        while (_places[slot] != 0)
            slot = (slot + 1) & (_places.Length - 1);
        _places[slot] = start + 1;
    }

    // HashCode is seeded at random in each process, so that no list can be made that takes long to search.
    private static int Hash(ReadOnlySpan<byte> serial)
    {
        var hash = new HashCode();
        hash.AddBytes(serial);
        return hash.ToHashCode();
    }
}
