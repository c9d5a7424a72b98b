using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace LucidTls.Cli.Serving;

/// <summary>What a client asks for, as it is asked of the service: with the client's own escapes, but without dot segments (RFC 3986 §5.2.4), which could lead out of the path that the service's URL has.</summary>
internal static class RequestTarget
{
    private static readonly UriCreationOptions AsWritten = new() { DangerousDisablePathAndQueryCanonicalization = true };

    // RFC 3986 §2.2 and §2.3, but for #, which begins no fragment here. A client may write anything else, the end of a line too, and it must not be more to the service than a part of the target.
    private static readonly SearchValues<char> Allowed = SearchValues.Create("%-._~:/?[]@!$&'()*+,;=ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");

    /// <summary>Whether a request of OPTIONS asks about the server and no resource of it: the asterisk, and what becomes one (RFC 9112 §3.2.4).</summary>
    public static bool IsWholeServer(string method, string target) => target == "*"
        || (HttpMethods.IsOptions(method) && target.IndexOf("://", StringComparison.Ordinal) is var scheme and > 0 && target.AsSpan(scheme + 3).IndexOfAny('/', '?') < 0);

    /// <param name="service">The URL of the service.</param>
    /// <param name="target">As it stands in the request.</param>
    /// <param name="uri">What to ask of the service.</param>
    /// <returns>Whether it may be asked for: not when it has no path, nor when a service that reads escapes before dot segments would leave its URL's path.</returns>
    public static bool TryResolve(string service, string target, [NotNullWhen(true)] out Uri? uri)
    {
        uri = null;
        if (PathOf(target) is not { } whole)
            return false;
        var end = whole.IndexOf('?', StringComparison.Ordinal);
        var (path, query) = end < 0 ? (whole, "") : (whole[..end], whole[end..]);
        path = WithoutDots(path);
        var root = service.TrimEnd('/');
        if (root.IndexOf('/', root.IndexOf("://", StringComparison.Ordinal) + 3) > 0 && LeadsUp(path))
            return false;
        uri = new Uri(root + Escaped(path) + Escaped(query), AsWritten);
        return true;
    }

    // Of the origin form, and of the absolute form, which servers must take as well (RFC 9112 §3.2.2); null for an asterisk.
    private static string? PathOf(string target)
    {
        if (target.StartsWith('/'))
            return target;
        var scheme = target.IndexOf("://", StringComparison.Ordinal);
        if (scheme < 0)
            return null;
        var path = target.AsSpan(scheme + 3).IndexOfAny('/', '?');
        return path < 0 ? "/" : target[scheme + 3 + path] == '/' ? target[(scheme + 3 + path)..] : $"/{target[(scheme + 3 + path)..]}";
    }

    private static string WithoutDots(string path)
    {
        if (!path.Contains("/.", StringComparison.Ordinal) && !path.Contains("/%2e", StringComparison.OrdinalIgnoreCase))
            return path;
        var segments = path.Split('/');
        var kept = new List<string>();
        for (var i = 1; i < segments.Length; i++)
        {
            var dots = IsDots(segments[i]);
            if (!dots)
                kept.Add(segments[i]);
            else if (Dots(segments[i]) == ".." && kept.Count > 0)
                kept.RemoveAt(kept.Count - 1);
            // What ends in dots is a folder.
            if (dots && i == segments.Length - 1)
                kept.Add("");
        }
        return "/" + string.Join('/', kept);
    }

    private static bool IsDots(string segment) => segment.Length is > 0 and <= 6 && Dots(segment) is "." or "..";

    private static string Dots(string segment) => segment.Replace("%2e", ".", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether ".." is a segment once %2F and the backslash are read as slashes, and parameters left off, as some services do.</summary>
    private static bool LeadsUp(string path) => Dots(path)
        .Replace("%2f", "/", StringComparison.OrdinalIgnoreCase)
        .Replace("%5c", "/", StringComparison.OrdinalIgnoreCase)
        .Split('/', '\\')
        .Any(segment => segment.Split(';')[0] == "..");

    private static string Escaped(string text)
    {
        if (!text.AsSpan().ContainsAnyExcept(Allowed))
            return text;
        var escaped = new StringBuilder(text.Length + 16);
        foreach (var one in Encoding.UTF8.GetBytes(text))
            _ = Allowed.Contains((char)one) ? escaped.Append((char)one) : escaped.Append(CultureInfo.InvariantCulture, $"%{one:X2}");
        return escaped.ToString();
    }
}
