using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>Uncompressed points of elliptic curves (SEC 1 §2.3.3; RFC 8446 §4.2.8.2): 0x04, x, y.</summary>
internal static class EcPoint
{
    public const byte Uncompressed = 4;

    public static ECPoint Read(ReadOnlySpan<byte> point)
    {
        var coordinateLength = (point.Length - 1) / 2;
        return new ECPoint { X = point.Slice(1, coordinateLength).ToArray(), Y = point[(1 + coordinateLength)..].ToArray() };
    }

    public static byte[] Write(ECPoint point, int coordinateLength)
    {
        var bytes = new byte[1 + (2 * coordinateLength)];
        bytes[0] = Uncompressed;
        point.X!.CopyTo(bytes, 1 + coordinateLength - point.X!.Length);
        point.Y!.CopyTo(bytes, bytes.Length - point.Y!.Length);
        return bytes;
    }
}
