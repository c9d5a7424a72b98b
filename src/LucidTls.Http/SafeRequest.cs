using System.Text;

namespace LucidTls.Http;

/// <summary>Tells requests that may happen twice: RFC 8470 §4 leaves early data to methods that are safe (RFC 9110 §9.2.1).</summary>
internal static class SafeRequest
{
    private static ReadOnlySpan<byte> EndOfHead => "\r\n\r\n"u8;

    public static bool IsSafe(HttpRequestMessage request) =>
        request.Content == null && (request.Method == HttpMethod.Get || request.Method == HttpMethod.Head || request.Method == HttpMethod.Options);

    /// <summary>Whether these are all the bytes of an HTTP/1.1 request with a safe method and without a body.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> bytes) =>
        (bytes.StartsWith("GET "u8) || bytes.StartsWith("HEAD "u8) || bytes.StartsWith("OPTIONS "u8))
        && bytes.IndexOf(EndOfHead) is var end && end >= 0 && end == bytes.Length - EndOfHead.Length
        && !MoreFollows(bytes[..end]);

    private static bool MoreFollows(ReadOnlySpan<byte> head)
    {
        foreach (var range in head.Split("\r\n"u8))
        {
            var line = head[range];
            if (IsNamed(line, "Content-Length"u8) || IsNamed(line, "Transfer-Encoding"u8) || IsNamed(line, "Upgrade"u8) || IsNamed(line, "Expect"u8))
                return true;
        }
        return false;
    }

    private static bool IsNamed(ReadOnlySpan<byte> line, ReadOnlySpan<byte> name) =>
        line.Length > name.Length && line[name.Length] == (byte)':' && Ascii.EqualsIgnoreCase(line[..name.Length], name);
}
