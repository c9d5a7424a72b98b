namespace LucidTls.Http;

/// <summary>The name in a request's Host header.</summary>
internal static class HostHeader
{
    /// <summary>The name without the port and without the brackets of an IPv6 address; null when the request has no such header.</summary>
    public static string? NameOf(HttpRequestMessage request)
    {
        if (request.Headers.Host is not { Length: > 0 } host)
            return null;
        if (host[0] == '[')
            return host.IndexOf(']', StringComparison.Ordinal) is var end and > 0 ? host[1..end] : host;
        return host.IndexOf(':', StringComparison.Ordinal) is var colon and >= 0 ? host[..colon] : host;
    }
}
