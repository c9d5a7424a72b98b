using System.Collections.Frozen;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace LucidTls.Cli.Serving;

/// <summary>Headers that are between two hops, or by which a proxy speaks to a service: none of a client's reaches the service.</summary>
internal static class ProxyHeaders
{
    private const string ForwardedFamily = "X-Forwarded-";

    // Those of one hop are not copied by the forwarder under their own names; here they are for the names that are read as theirs. Proxy becomes HTTP_PROXY in CGI.
    private static readonly FrozenSet<string> Names = FrozenSet.ToFrozenSet(
        [
            "Proxy", "Forwarded", "X-Real-IP", "X-Original-For", "X-Original-Host", "X-Original-Proto", ClientCertificate.Header, ClientCertificate.ChainHeader,
            HeaderNames.KeepAlive, HeaderNames.ProxyAuthenticate, HeaderNames.ProxyAuthorization, HeaderNames.ProxyConnection, HeaderNames.TransferEncoding,
        ], StringComparer.OrdinalIgnoreCase);

    // What the server and the forwarder frame requests and open WebSockets by. They copy none of it as it came.
    private static readonly FrozenSet<string> Kept = FrozenSet.ToFrozenSet([HeaderNames.Host, HeaderNames.Upgrade, HeaderNames.ContentLength, HeaderNames.TransferEncoding, HeaderNames.TE], StringComparer.OrdinalIgnoreCase);

    /// <summary>Takes away what must not be passed on; also what the client itself calls its own hop's (RFC 9110 §7.6.1), which <see cref="ConnectionHeaderEncoding"/> keeps.</summary>
    public static void RemoveFrom(IHeaderDictionary headers)
    {
        foreach (var name in headers.GetCommaSeparatedValues(HeaderNames.Connection))
            Remove(headers, name);
        foreach (var name in headers.Keys.Where(IsOurs).ToArray())
            Remove(headers, name);
    }

    private static void Remove(IHeaderDictionary headers, string name)
    {
        if (!Kept.Contains(name))
            headers.Remove(name);
    }

    // CGI and WSGI servers read all but letters and digits as one and the same character.
    private static bool IsOurs(string name)
    {
        var read = name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '-') ? name : string.Concat(name.Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '-'));
        return Names.Contains(read) || read.StartsWith(ForwardedFamily, StringComparison.OrdinalIgnoreCase);
    }
}
