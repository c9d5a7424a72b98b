using System.Formats.Asn1;
using System.Text;

namespace LucidTls.Certificates;

/// <summary>What names an authority may certify (RFC 5280 §4.2.1.10): within some subtrees, outside of others.</summary>
internal sealed class NameConstraints
{
    /// <summary>How many comparisons one certificate's names may cost; webpki allows 250,000 for a whole path.</summary>
    private const int MostComparisons = 50_000;

    private IReadOnlyList<GeneralName> _permitted = [];
    private IReadOnlyList<GeneralName> _excluded = [];

    public static NameConstraints Parse(ReadOnlyMemory<byte> value)
    {
        var outer = new DerReader(value);
        var fields = outer.ReadSequence();
        outer.End();
        var constraints = new NameConstraints();
        if (fields.NextIsContext(0))
            constraints._permitted = ReadSubtrees(fields.ReadContext(0));
        if (fields.NextIsContext(1))
            constraints._excluded = ReadSubtrees(fields.ReadContext(1));
        fields.End();
        // RFC 5280 §4.2.1.10: "MUST NOT issue certificates where name constraints is an empty sequence".
        return constraints._permitted.Count + constraints._excluded.Count > 0 ? constraints : throw new AsnContentException();
    }

    /// <summary>The first of the certificate's names that breaks the constraints, in words; or null.</summary>
    public string? FirstBroken(Certificate certificate)
    {
        var names = new List<GeneralName>(certificate.Facts.AlternativeNames);
        // RFC 5280 §6.1.4: the subject counts too, unless it is empty.
        if (certificate.Subject.Length > 2)
            names.Add(new GeneralName(GeneralName.DirectoryName, certificate.Subject));
        if ((long)names.Count * (_permitted.Count + _excluded.Count) > MostComparisons)
            return "so many names and constraints that they are not compared";
        foreach (var name in names)
        {
            foreach (var subtree in _excluded)
            {
                if (subtree.Kind == name.Kind && (Within(name, subtree) != false || WildcardCovers(name, subtree)))
                    return $"{Describe(name)} is excluded";
            }
            var isConstrained = false;
            var isPermitted = false;
            foreach (var subtree in _permitted)
            {
                if (subtree.Kind != name.Kind)
                    continue;
                isConstrained = true;
                isPermitted |= Within(name, subtree) == true;
            }
            if (isConstrained && !isPermitted)
                return $"{Describe(name)} is not among what is permitted";
        }
        return null;
    }

    /// <summary>Whether the name lies in the subtree; null when that cannot be told, which counts against the certificate.</summary>
    private static bool? Within(GeneralName name, GeneralName subtree) => name.Kind switch
    {
        GeneralName.Dns => DnsWithin(Text(name), Text(subtree)),
        GeneralName.Email => EmailWithin(Text(name), Text(subtree)),
        GeneralName.Uri => UriWithin(Text(name), Text(subtree)),
        GeneralName.IPAddress => AddressWithin(name.Value.Span, subtree.Value.Span),
        GeneralName.DirectoryName => DirectoryWithin(name.Value, subtree.Value),
        _ => null,
    };

    // RFC 5280 §4.2.1.10: labels may be added on the left. A wildcard name stands for all names below it.
    private static bool DnsWithin(string name, string subtree)
    {
        if (subtree.Length == 0)
            return true;
        if (name.StartsWith("*.", StringComparison.Ordinal))
            name = name[2..];
        if (subtree[0] == '.')
            return name.EndsWith(subtree, StringComparison.OrdinalIgnoreCase);
        return name.Equals(subtree, StringComparison.OrdinalIgnoreCase) || name.EndsWith("." + subtree, StringComparison.OrdinalIgnoreCase);
    }

    // A wildcard that stands for an excluded name among others is excluded as well (CVE-2025-61727 was its absence elsewhere).
    private static bool WildcardCovers(GeneralName name, GeneralName subtree)
    {
        if (name.Kind != GeneralName.Dns || Text(name) is not { } pattern || !pattern.StartsWith("*.", StringComparison.Ordinal))
            return false;
        var excluded = Text(subtree).TrimStart('.');
        var dot = excluded.IndexOf('.');
        return dot > 0 && excluded.AsSpan(dot).Equals(pattern.AsSpan(1), StringComparison.OrdinalIgnoreCase);
    }

    private static bool? EmailWithin(string name, string subtree)
    {
        var at = name.LastIndexOf('@');
        if (at <= 0)
            return null;
        if (subtree.Contains('@'))
        {
            var subtreeAt = subtree.LastIndexOf('@');
            return name.AsSpan(0, at).SequenceEqual(subtree.AsSpan(0, subtreeAt)) && name.AsSpan(at).Equals(subtree.AsSpan(subtreeAt), StringComparison.OrdinalIgnoreCase);
        }
        return HostWithin(name[(at + 1)..], subtree);
    }

    private static bool? UriWithin(string name, string subtree) =>
        Uri.TryCreate(name, UriKind.Absolute, out var uri) && uri.HostNameType == UriHostNameType.Dns ? HostWithin(uri.IdnHost, subtree) : null;

    // For mail hosts and URIs a leading dot means "below", and without one it is the host itself.
    private static bool HostWithin(string host, string subtree) => subtree.Length == 0 || (subtree[0] == '.'
        ? host.EndsWith(subtree, StringComparison.OrdinalIgnoreCase)
        : host.Equals(subtree, StringComparison.OrdinalIgnoreCase));

    // RFC 5280 §4.2.1.10: an address and a mask; 8 bytes for IPv4, 32 for IPv6.
    private static bool? AddressWithin(ReadOnlySpan<byte> address, ReadOnlySpan<byte> subtree)
    {
        if (subtree.Length is not (8 or 32))
            return null;
        if (subtree.Length != 2 * address.Length)
            return false;
        for (var i = 0; i < address.Length; i++)
        {
            if (((address[i] ^ subtree[i]) & subtree[address.Length + i]) != 0)
                return false;
        }
        return true;
    }

    // RFC 5280 §7.1: the subtree's relative names must be the first of the name's.
    private static bool? DirectoryWithin(ReadOnlyMemory<byte> name, ReadOnlyMemory<byte> subtree)
    {
        try
        {
            var nameReader = new DerReader(name);
            var subtreeReader = new DerReader(subtree);
            var nameParts = nameReader.ReadSequence();
            var subtreeParts = subtreeReader.ReadSequence();
            while (!subtreeParts.IsEmpty)
            {
                if (nameParts.IsEmpty || !NameComparison.PartsAreEqual(nameParts.ReadEncoded(), subtreeParts.ReadEncoded()))
                    return false;
            }
            return true;
        }
        catch (AsnContentException)
        {
            return null;
        }
    }

    private static IReadOnlyList<GeneralName> ReadSubtrees(DerReader reader)
    {
        var subtrees = new List<GeneralName>();
        while (!reader.IsEmpty)
        {
            var item = reader.ReadSequence();
            var name = GeneralName.Read(ref item);
            // RFC 5280 §4.2.1.10: minimum is always 0 and maximum absent.
            item.End();
            if (name.Kind == GeneralName.IPAddress && !MaskIsContiguous(name.Value.Span))
                throw new AsnContentException();
            subtrees.Add(name);
        }
        return subtrees.Count > 0 ? subtrees : throw new AsnContentException();
    }

    private static bool MaskIsContiguous(ReadOnlySpan<byte> subtree)
    {
        if (subtree.Length is not (8 or 32))
            return false;
        var sawZero = false;
        foreach (var value in subtree[(subtree.Length / 2)..])
        {
            for (var bit = 7; bit >= 0; bit--)
            {
                var isSet = (value >> bit & 1) != 0;
                if (isSet && sawZero)
                    return false;
                sawZero |= !isSet;
            }
        }
        return true;
    }

    private static string Text(GeneralName name) => Encoding.Latin1.GetString(name.Value.Span);

    private static string Describe(GeneralName name) => name.Kind switch
    {
        GeneralName.Dns or GeneralName.Email or GeneralName.Uri => $"the name {Text(name)}",
        GeneralName.IPAddress when name.Value.Length is 4 or 16 => $"the address {new System.Net.IPAddress(name.Value.Span)}",
        GeneralName.DirectoryName => $"the subject {DistinguishedName.ToText(name.Value)}",
        _ => "a name",
    };
}
