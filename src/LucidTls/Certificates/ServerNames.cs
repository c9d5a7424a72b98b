using System.Globalization;
using System.Net;
using System.Net.Sockets;
using LucidTls.Certificates.Names;

namespace LucidTls.Certificates;

/// <summary>The hosts that a client asks for (RFC 9525 §6.1): DNS names, internationalised ones as A-labels, and IP addresses.</summary>
internal static class ServerNames
{
    private static readonly IdnMapping Idn = new() { UseStd3AsciiRules = true };

    public static bool IsName(string host) => TryAddress(host) != null || TryNormalize(host) != null;

    /// <exception cref="ArgumentException">It is neither a DNS name nor an IP address.</exception>
    public static void Demand(string host)
    {
        if (!IsName(host))
            throw new ArgumentException($"\"{host}\" is neither a DNS name nor an IP address.", nameof(host));
    }

    /// <summary>The name as SNI carries it, A-labels in lower case without a final dot; null for an IP address (RFC 6066 §3).</summary>
    public static string? ForSni(string host) => TryAddress(host) == null ? TryNormalize(host) : null;

    /// <summary>The address when the host is one: four decimal numbers, or IPv6 with or without brackets, without a zone.</summary>
    public static IPAddress? TryAddress(string host)
    {
        var text = host.Length > 2 && host[0] == '[' && host[^1] == ']' ? host[1..^1] : host;
        if (text.Contains('%') || !IPAddress.TryParse(text, out var address))
            return null;
        // The platform takes "1", "0x7f.1" and "010.0.0.1" for addresses too, each a trap.
        return address.AddressFamily == AddressFamily.InterNetworkV6 || address.ToString() == text ? address : null;
    }

    /// <summary>The DNS name with A-labels, in lower case, without a final dot; null when it is none.</summary>
    public static string? TryNormalize(string host)
    {
        var name = host.EndsWith('.') ? host[..^1] : host;
        if (!System.Text.Ascii.IsValid(name))
        {
            try
            {
                // Not every platform's mapping folds case, which RFC 5895 §2 wants of names as people write them.
                name = Idn.GetAscii(name.ToLowerInvariant());
            }
            catch (ArgumentException)
            {
                return null;
            }
        }
        return DnsNames.IsName(name) && !DnsNames.EndsInNumber(name) ? name.ToLowerInvariant() : null;
    }
}
