namespace LucidTls.Certificates.Names;

/// <summary>The forms of DNS names in certificates.</summary>
internal static class DnsNames
{
    private const int LongestName = 253;
    private const int LongestLabel = 63;

    /// <summary>
    /// Whether it is a DNS name without a final dot: labels of letters, digits, hyphens inside (RFC 1034 §3.5, RFC 1123 §2.1), and
    /// underscores, which service names use.
    /// </summary>
    public static bool IsName(ReadOnlySpan<char> name) => IsName(name, allowUnderscores: true);

    /// <summary>The preferred name syntax that RFC 5280 §4.2.1.6 demands of a dNSName, with "*" as the whole left-most label.</summary>
    public static bool IsPreferredForm(ReadOnlySpan<char> name) => IsName(name.StartsWith("*.") ? name[2..] : name, allowUnderscores: false);

    /// <summary>The host of a URI when it is a DNS name of two labels and more; null for all else, addresses among it.</summary>
    public static string? HostOfUri(string uri)
    {
        // RFC 3986 §3.2: scheme "://" [userinfo "@"] host [":" port]
        var start = uri.IndexOf("://", StringComparison.Ordinal);
        if (start <= 0)
            return null;
        var authority = uri.AsSpan(start + 3);
        var end = authority.IndexOfAny("/?#");
        if (end >= 0)
            authority = authority[..end];
        authority = authority[(authority.LastIndexOf('@') + 1)..];
        var colon = authority.LastIndexOf(':');
        if (colon >= 0)
            authority = authority[..colon];
        return IsName(authority) && authority.Contains('.') && !EndsInNumber(authority) ? authority.ToString() : null;
    }

    /// <summary>Whether the last label looks like a number: such a host is taken for an IPv4 address in one of its old spellings.</summary>
    public static bool EndsInNumber(ReadOnlySpan<char> name)
    {
        var last = name[(name.LastIndexOf('.') + 1)..];
        if (last.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
            return last[2..].IndexOfAnyExcept("0123456789abcdefABCDEF") < 0;
        return last.Length > 0 && last.IndexOfAnyExceptInRange('0', '9') < 0;
    }

    private static bool IsName(ReadOnlySpan<char> name, bool allowUnderscores)
    {
        if (name.Length is 0 or > LongestName)
            return false;
        foreach (var label in name.Split('.'))
        {
            if (!IsLabel(name[label], allowUnderscores))
                return false;
        }
        return true;
    }

    private static bool IsLabel(ReadOnlySpan<char> label, bool allowUnderscores)
    {
        if (label.Length is 0 or > LongestLabel || label[0] == '-' || label[^1] == '-')
            return false;
        foreach (var letter in label)
        {
            if (!char.IsAsciiLetterOrDigit(letter) && letter != '-' && !(letter == '_' && allowUnderscores))
                return false;
        }
        return true;
    }
}
