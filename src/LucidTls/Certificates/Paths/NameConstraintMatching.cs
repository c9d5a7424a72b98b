using LucidTls.Certificates.Names;
using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates.Paths;

/// <summary>Holds a certificate's names against an authority's name constraints (RFC 5280 §4.2.1.10).</summary>
internal static class NameConstraintMatching
{
    /// <summary>The first of the certificate's names that breaks the constraints, in words; or null.</summary>
    /// <param name="constraints">What the authority may certify.</param>
    /// <param name="certificate">A certificate below the authority.</param>
    /// <param name="budget">How much work is left; it is charged for each comparison.</param>
    /// <exception cref="SearchBudgetException">The work is used up.</exception>
    public static string? FirstBroken(NameConstraints constraints, Certificate certificate, SearchBudget budget)
    {
        var names = certificate.Facts.AlternativeNames;
        budget.ChargeComparisons((long)(names.Count + 1) * (constraints.Permitted.Count + constraints.Excluded.Count));
        foreach (var name in names)
        {
            if (Broken(constraints, new ComparedName(name)) is { } sentence)
                return sentence;
        }
        // RFC 5280 §4.2.1.10: the subject counts too, unless it is empty.
        if (certificate.Subject.IsEmpty)
            return null;
        return Broken(constraints, new ComparedName(new GeneralName(GeneralName.DirectoryName, certificate.Subject.Encoded)))
            ?? (names.Any(name => name.Kind == GeneralName.Email) ? null : BrokenByEmailInSubject(constraints, certificate.Subject, budget));
    }

    // RFC 5280 §4.2.1.10: without an e-mail address among the alternative names, those in the subject are constrained.
    private static string? BrokenByEmailInSubject(NameConstraints constraints, X501Name subject, SearchBudget budget)
    {
        if (!constraints.Permitted.Concat(constraints.Excluded).Any(subtree => subtree.Kind == GeneralName.Email))
            return null;
        foreach (var attribute in subject.Attributes())
        {
            if (!attribute.Type.Span.SequenceEqual(Oids.EmailAddress))
                continue;
            budget.ChargeComparisons(constraints.Permitted.Count + constraints.Excluded.Count);
            if (Broken(constraints, new ComparedName(new GeneralName(GeneralName.Email, System.Text.Encoding.Latin1.GetBytes(attribute.Text ?? "")))) is { } sentence)
                return sentence;
        }
        return null;
    }

    private static string? Broken(NameConstraints constraints, ComparedName name)
    {
        foreach (var subtree in constraints.Excluded)
        {
            if (subtree.Kind == name.Kind && (IsWithin(name, subtree) != false || WildcardCovers(name, subtree)))
                return $"{name.Name} is excluded (by {subtree.Name})";
        }
        var isConstrained = false;
        foreach (var subtree in constraints.Permitted)
        {
            if (subtree.Kind != name.Kind)
                continue;
            if (IsWithin(name, subtree) == true)
                return null;
            isConstrained = true;
        }
        return isConstrained ? $"{name.Name} is not within what is permitted ({string.Join(", ", constraints.Permitted.Where(subtree => subtree.Kind == name.Kind).Select(subtree => subtree.Name).Take(8))})" : null;
    }

    /// <summary>Whether the name lies in the subtree; null when that cannot be told, which counts against the certificate.</summary>
    private static bool? IsWithin(ComparedName name, ComparedName subtree) => name.Kind switch
    {
        GeneralName.Dns => DnsWithin(name.Text, subtree.Text),
        GeneralName.Email => EmailWithin(name.Text, subtree.Text),
        GeneralName.Uri => UriWithin(name.Text, subtree.Text),
        GeneralName.IPAddress => AddressWithin(name.Name.Value.Span, subtree.Name.Value.Span),
        GeneralName.DirectoryName => DirectoryWithin(name.DirectoryParts, subtree.DirectoryParts),
        _ => null,
    };

    // RFC 5280 §4.2.1.10: labels may be added on the left. A wildcard name stands for all names below it. A subtree with a leading
    // dot is not in the RFC; where it is let pass it means what lies below, as everywhere else.
    private static bool? DnsWithin(string name, string subtree)
    {
        if (subtree.Length == 0)
            return true;
        var bare = name.StartsWith("*.", StringComparison.Ordinal) ? name[2..] : name;
        var subtreeBare = subtree[0] == '.' ? subtree[1..] : subtree;
        if (!DnsNames.IsName(bare) || !DnsNames.IsName(subtreeBare))
            return null;
        if (subtree[0] == '.')
            return name.EndsWith(subtree, StringComparison.OrdinalIgnoreCase);
        return bare.Equals(subtree, StringComparison.OrdinalIgnoreCase)
            || (bare.Length > subtree.Length && bare[^(subtree.Length + 1)] == '.' && bare.EndsWith(subtree, StringComparison.OrdinalIgnoreCase));
    }

    // A wildcard that stands for an excluded name among others is excluded as well (CVE-2025-61727 was its absence elsewhere).
    private static bool WildcardCovers(ComparedName name, ComparedName subtree)
    {
        if (name.Kind != GeneralName.Dns)
            return false;
        var pattern = name.Text;
        var excluded = subtree.Text;
        var dot = excluded.IndexOf('.', excluded.StartsWith('.') ? 1 : 0);
        return pattern.StartsWith("*.", StringComparison.Ordinal) && dot > 0 && excluded.AsSpan(dot).Equals(pattern.AsSpan(1), StringComparison.OrdinalIgnoreCase);
    }

    // A whole mailbox, or a host, or with a leading dot all hosts below. Local parts are compared to the byte (RFC 5280 §7.5).
    private static bool? EmailWithin(string name, string subtree)
    {
        var at = name.LastIndexOf('@');
        if (at <= 0 || at == name.Length - 1)
            return null;
        var subtreeAt = subtree.LastIndexOf('@');
        if (subtreeAt < 0)
            return HostWithin(name[(at + 1)..], subtree);
        return name.AsSpan(0, at).SequenceEqual(subtree.AsSpan(0, subtreeAt)) && name.AsSpan(at).Equals(subtree.AsSpan(subtreeAt), StringComparison.OrdinalIgnoreCase);
    }

    // RFC 5280 §4.2.1.10: a URI whose authority is no fully qualified domain name is refused where URIs are constrained.
    private static bool? UriWithin(string name, string subtree) => DnsNames.HostOfUri(name) is { } host ? HostWithin(host, subtree) : null;

    // For mail hosts and URIs a leading dot means "below", and without one it is the host itself.
    private static bool? HostWithin(string host, string subtree)
    {
        if (subtree.Length == 0)
            return true;
        if (!DnsNames.IsName(host) || !DnsNames.IsName(subtree[0] == '.' ? subtree[1..] : subtree))
            return null;
        return subtree[0] == '.' ? host.EndsWith(subtree, StringComparison.OrdinalIgnoreCase) : host.Equals(subtree, StringComparison.OrdinalIgnoreCase);
    }

    private static bool? AddressWithin(ReadOnlySpan<byte> address, ReadOnlySpan<byte> subtree)
    {
        if (address.Length is not (4 or 16))
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
    private static bool DirectoryWithin(IReadOnlyList<byte[]> parts, IReadOnlyList<byte[]> subtreeParts)
    {
        if (subtreeParts.Count > parts.Count)
            return false;
        for (var i = 0; i < subtreeParts.Count; i++)
        {
            if (!parts[i].AsSpan().SequenceEqual(subtreeParts[i]))
                return false;
        }
        return true;
    }
}
