using System.Globalization;
using System.Net;
using System.Text;

namespace LucidTls.Certificates;

/// <summary>The names that a client asks for, and whether a certificate is for them (RFC 9525).</summary>
internal static class ServerNames
{
    private static readonly IdnMapping Idn = new() { UseStd3AsciiRules = true };

    /// <exception cref="ArgumentException">It is neither a DNS name nor an IP address.</exception>
    public static void Demand(string host)
    {
        if (!IPAddress.TryParse(host, out _) && TryNormalize(host) == null)
            throw new ArgumentException($"\"{host}\" is neither a DNS name nor an IP address.", nameof(host));
    }

    /// <summary>The name as SNI carries it, A-labels in lower case without a final dot; null for an IP address (RFC 6066 §3).</summary>
    public static string? ForSni(string host) => IPAddress.TryParse(host, out _) ? null : TryNormalize(host);

    /// <summary>Whether a certificate that names those DNS names and addresses is for the host.</summary>
    public static bool Match(string host, IEnumerable<string> dnsNames, IEnumerable<IPAddress> addresses)
    {
        if (IPAddress.TryParse(host, out var address))
            return addresses.Contains(address);
        return TryNormalize(host) is { } name && dnsNames.Any(pattern => Matches(pattern, name));
    }

    // RFC 9525 §6.3: compared label by label, ASCII letters without regard to case; "*" stands for exactly one label and is
    // the whole left-most one; it does not stand in front of a single label.
    private static bool Matches(string pattern, string name)
    {
        if (!pattern.StartsWith("*.", StringComparison.Ordinal))
            return !pattern.Contains('*') && string.Equals(pattern.TrimEnd('.'), name, StringComparison.OrdinalIgnoreCase);
        var rest = pattern.AsSpan(1);
        var dot = name.IndexOf('.');
        return dot > 0 && rest[1..].Contains('.') && !rest.Contains('*') && rest.Equals(name.AsSpan(dot), StringComparison.OrdinalIgnoreCase);
    }

    private static string? TryNormalize(string host)
    {
        var name = host.EndsWith('.') ? host[..^1] : host;
        if (name.Length is 0 or > 253)
            return null;
        if (!Ascii.IsValid(name))
        {
            try
            {
                name = Idn.GetAscii(name);
            }
            catch (ArgumentException)
            {
                return null;
            }
        }
        foreach (var label in name.Split('.'))
        {
            if (!IsLabel(label))
                return null;
        }
        return name.ToLowerInvariant();
    }

    // RFC 1123 §2.1 letters, digits, hyphens inside; and the underscore, which service names use.
    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= 63 && label[0] != '-' && label[^1] != '-'
        && label.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_');
}
