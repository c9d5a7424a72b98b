using System.Net;

namespace LucidTls.Certificates;

/// <summary>The names that a client asks for.</summary>
internal static class ServerNames
{
    /// <summary>The name as SNI carries it, or null for an IP address (RFC 6066 §3).</summary>
    public static string? ForSni(string host) => IPAddress.TryParse(host, out _) ? null : host.TrimEnd('.');

    /// <exception cref="ArgumentException">It is neither a DNS name nor an IP address.</exception>
    public static void Demand(string host)
    {
        if (Uri.CheckHostName(host) == UriHostNameType.Unknown)
            throw new ArgumentException($"\"{host}\" is neither a DNS name nor an IP address.", nameof(host));
    }
}
