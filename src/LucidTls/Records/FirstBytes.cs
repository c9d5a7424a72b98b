using System.Text;

namespace LucidTls.Records;

/// <summary>Recognises the classic mistakes in the first bytes of a connection, so that the error names them.</summary>
internal static class FirstBytes
{
    private static readonly string[] HttpMethods = ["GET ", "POST ", "HEAD ", "PUT ", "DELETE ", "OPTIONS ", "PATCH ", "CONNECT ", "TRACE ", "PRI * HTTP"];

    /// <summary>True for a TLS record; false when more bytes are needed to tell.</summary>
    /// <exception cref="TlsException">It is something else, named as well as can be.</exception>
    public static bool AreTls(ReadOnlySpan<byte> input, bool isServer)
    {
        // A record of a known type and of major version 3.
        if (input[0] is >= 20 and <= 23)
        {
            if (input.Length < 2)
                return false;
            return input[1] == 3 ? true : throw new TlsException(TlsError.NotTls, $"it begins with {Hex(input)}");
        }
        if (isServer)
        {
            foreach (var method in HttpMethods)
            {
                var compared = Math.Min(method.Length, input.Length);
                if (!Ascii.Equals(input[..compared], method.AsSpan(0, compared)))
                    continue;
                return compared == method.Length ? throw new TlsException(TlsError.PlainHttpRequest, Line(input)) : false;
            }
            // SSL 2.0: two bytes of length with the high bit, then CLIENT-HELLO (1).
            if ((input[0] & 0x80) != 0)
            {
                if (input.Length < 3)
                    return false;
                if (input[2] == 1)
                    throw new TlsException(TlsError.Ssl2Hello);
            }
        }
        else if (IsText(input))
        {
            throw new TlsException(TlsError.PlaintextServer, $"it began with \"{Line(input)}\"");
        }
        throw new TlsException(TlsError.NotTls, $"it begins with {Hex(input)}");
    }

    private static bool IsText(ReadOnlySpan<byte> input)
    {
        foreach (var value in input[..Math.Min(16, input.Length)])
        {
            if (value is not ((>= 0x20 and < 0x7F) or (byte)'\r' or (byte)'\n' or (byte)'\t'))
                return false;
        }
        return true;
    }

    private static string Line(ReadOnlySpan<byte> input)
    {
        var line = new StringBuilder();
        foreach (var value in input[..Math.Min(60, input.Length)])
        {
            if (value is < 0x20 or >= 0x7F)
                break;
            line.Append((char)value);
        }
        return line.ToString();
    }

    private static string Hex(ReadOnlySpan<byte> input) => Convert.ToHexString(input[..Math.Min(8, input.Length)]);
}
