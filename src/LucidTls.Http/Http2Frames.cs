using System.Buffers.Binary;

namespace LucidTls.Http;

/// <summary>As much of HTTP/2 (RFC 9113) as it takes to tell what a client's first bytes ask for.</summary>
internal static class Http2Frames
{
    private const int HeaderSize = 9;
    private const byte Headers = 1;
    private const byte Settings = 4;
    private const byte GoAway = 7;
    private const byte WindowUpdate = 8;
    private const byte EndStream = 1;
    private const byte EndHeaders = 4;

    /// <summary>A server's SETTINGS, without any, and its GOAWAY for all streams, without an error.</summary>
    public static readonly ReadOnlyMemory<byte> NothingWasProcessed = new byte[] { 0, 0, 0, Settings, 0, 0, 0, 0, 0, 0, 0, 8, GoAway, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };

    public static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    /// <summary>
    /// Whether these bytes are the preface with its settings and, behind it, whole requests, one at least, with safe methods and without bodies, and nothing else.
    /// </summary>
    public static bool AreSafeRequests(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.StartsWith(Preface))
            return false;
        bytes = bytes[Preface.Length..];
        var requests = 0;
        while (bytes.Length >= HeaderSize)
        {
            var length = bytes[0] << 16 | BinaryPrimitives.ReadUInt16BigEndian(bytes[1..]);
            var (type, flags) = (bytes[3], bytes[4]);
            var stream = BinaryPrimitives.ReadUInt32BigEndian(bytes[5..]);
            bytes = bytes[HeaderSize..];
            if (length > bytes.Length)
                return false;
            switch (type)
            {
                // All else that a frame of headers may have or want, padding or a continuation, is not worth it.
                case Headers when flags == (EndStream | EndHeaders) && stream != 0 && HasSafeMethod(bytes[..length]):
                    requests++;
                    break;
                case Settings or WindowUpdate when flags == 0 && stream == 0:
                    break;
                default:
                    return false;
            }
            bytes = bytes[length..];
        }
        return bytes.IsEmpty && requests > 0;
    }

    // RFC 7541: the method comes first, as an entry of the static table or as a literal with the name of one. An encoding that is not one of these is not taken for safe.
    private static bool HasSafeMethod(ReadOnlySpan<byte> block) => block is [0x82, ..] || IsLiteral(block, "GET"u8) || IsLiteral(block, "HEAD"u8) || IsLiteral(block, "OPTIONS"u8);

    private static bool IsLiteral(ReadOnlySpan<byte> block, ReadOnlySpan<byte> method) =>
        block is [0x02 or 0x03 or 0x12 or 0x13, var length, ..] && length == method.Length && block[2..].StartsWith(method);
}
