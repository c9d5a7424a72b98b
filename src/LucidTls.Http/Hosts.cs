namespace LucidTls.Http;

/// <summary>The ways to write a host: the engine puts brackets around an IPv6 address where <see cref="Uri.IdnHost"/> has none.</summary>
internal static class Hosts
{
    /// <summary>The host without brackets.</summary>
    public static string Bare(string host) => host.Length > 2 && host[0] == '[' && host[^1] == ']' ? host[1..^1] : host;

    /// <summary>What other machines know the host by: without brackets and without the scope of an IPv6 address, which means something on this machine only (RFC 6874 §1).</summary>
    public static string NameOf(string host)
    {
        var bare = Bare(host);
        return bare.Contains(':', StringComparison.Ordinal) && bare.IndexOf('%', StringComparison.Ordinal) is var scope and > 0 ? bare[..scope] : bare;
    }
}
