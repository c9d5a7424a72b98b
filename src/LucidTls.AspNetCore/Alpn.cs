using System.Net.Security;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LucidTls.AspNetCore;

/// <summary>What an endpoint offers by ALPN (RFC 7301).</summary>
internal static class Alpn
{
    public static IReadOnlyList<SslApplicationProtocol> Of(HttpProtocols protocols)
    {
        var offered = new List<SslApplicationProtocol>(2);
        if (protocols.HasFlag(HttpProtocols.Http2))
            offered.Add(SslApplicationProtocol.Http2);
        if (protocols.HasFlag(HttpProtocols.Http1))
            offered.Add(SslApplicationProtocol.Http11);
        return offered;
    }
}
