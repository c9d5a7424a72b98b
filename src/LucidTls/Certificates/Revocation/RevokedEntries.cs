using System.Formats.Asn1;
using System.Numerics;
using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates.Revocation;

/// <summary>
/// The entries of a revocation list, found by serial number and issuer: a hash table of places in the list, four to eight bytes an entry. Of several
/// entries of one certificate the first counts.
/// </summary>
internal sealed class RevokedEntries
{
    private readonly ReadOnlyMemory<byte> _list;
    private readonly X501Name _listIssuer;
    private readonly int[] _places = [];

    /// <summary>The places of the entries that name an issuer, which is that of the entries after them too (RFC 5280 §5.3.3).</summary>
    private readonly List<int> _issuers = [];

    /// <param name="list">The content of revokedCertificates.</param>
    /// <param name="listIssuer">Who issued the list, and the certificates of entries before the first that names another.</param>
    /// <exception cref="AsnContentException">An entry is malformed.</exception>
    public RevokedEntries(ReadOnlyMemory<byte> list, X501Name listIssuer)
    {
        _list = list;
        _listIssuer = listIssuer;
        string? unusable = null;
        var issuer = listIssuer;
        var starts = new List<int>();
        var hashes = new List<int>();
        var reader = new DerReader(list);
        while (!reader.IsEmpty)
        {
            starts.Add(list.Length - reader.Remaining);
            var entry = RevokedEntry.Read(ref reader, ref unusable);
            if (entry.Issuer is { } named)
            {
                issuer = named;
                _issuers.Add(starts[^1]);
            }
            hashes.Add(Hash(entry.Serial.Span, issuer));
            HasRemovals |= entry.Reason == RevocationReason.RemoveFromCrl;
        }
        Unusable = unusable;
        Count = starts.Count;
        if (Count == 0)
            return;
        _places = new int[BitOperations.RoundUpToPowerOf2((uint)Count + (uint)Count / 3 + 1)];
        var hashesInPlace = new int[_places.Length];
        for (var i = 0; i < Count; i++)
            Add(starts[i], hashes[i], hashesInPlace);
    }

    public int Count { get; }

    /// <summary>Whether an entry takes another back, as only those of delta lists may (RFC 5280 §5.3.1).</summary>
    public bool HasRemovals { get; }

    /// <summary>Whether an entry names its certificate's issuer, as only those of indirect lists may (RFC 5280 §5.3.3).</summary>
    public bool HasIssuers => _issuers.Count > 0;

    /// <summary>Why no certificate's status may be told by the list; or null.</summary>
    public string? Unusable { get; }

    public RevokedEntry? Find(ReadOnlySpan<byte> serial, X501Name issuer)
    {
        if (Count == 0)
            return null;
        for (var slot = Hash(serial, issuer) & (_places.Length - 1); _places[slot] != 0; slot = (slot + 1) & (_places.Length - 1))
        {
            var entry = EntryAt(_places[slot] - 1);
            if (entry.Serial.Span.SequenceEqual(serial) && IssuerAt(_places[slot] - 1).Equals(issuer))
                return entry;
        }
        return null;
    }

    // A place is kept one higher, so that 0 is an empty slot. At most three slots of four are taken, each certificate takes one.
    private void Add(int start, int hash, int[] hashes)
    {
        var slot = hash & (_places.Length - 1);
        while (_places[slot] != 0)
        {
            if (hashes[slot] == hash && IsSame(_places[slot] - 1, start))
                return;
            slot = (slot + 1) & (_places.Length - 1);
        }
        (_places[slot], hashes[slot]) = (start + 1, hash);
    }

    private bool IsSame(int start, int other) =>
        EntryAt(start).Serial.Span.SequenceEqual(EntryAt(other).Serial.Span) && (!HasIssuers || IssuerAt(start).Equals(IssuerAt(other)));

    private RevokedEntry EntryAt(int start)
    {
        string? unusable = null;
        var reader = new DerReader(_list[start..]);
        return RevokedEntry.Read(ref reader, ref unusable);
    }

    private X501Name IssuerAt(int start)
    {
        var index = _issuers.BinarySearch(start);
        // Where it is not found, the complement is where it would stand.
        var before = index >= 0 ? index : ~index - 1;
        return before < 0 ? _listIssuer : EntryAt(_issuers[before]).Issuer!;
    }

    // HashCode is seeded at random in each process, so that no list can be made that takes long to search.
    private static int Hash(ReadOnlySpan<byte> serial, X501Name issuer)
    {
        var hash = new HashCode();
        hash.AddBytes(serial);
        hash.Add(issuer);
        return hash.ToHashCode();
    }
}
