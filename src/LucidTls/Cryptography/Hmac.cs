using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>HMAC (RFC 2104) with the hashes of the TLS 1.3 suites, in one shot and without allocation.</summary>
internal static class Hmac
{
    /// <summary>Room for the longest output.</summary>
    public const int MaxLength = HMACSHA384.HashSizeInBytes;

    /// <summary>Bytes of the output: 32 or 48.</summary>
    public static int LengthOf(HashAlgorithmName hash) =>
        hash == HashAlgorithmName.SHA256 ? HMACSHA256.HashSizeInBytes
        : hash == HashAlgorithmName.SHA384 ? HMACSHA384.HashSizeInBytes
        : throw new ArgumentException($"No suite uses {hash.Name}.", nameof(hash));

    /// <summary>Writes the whole output, <see cref="LengthOf"/> bytes, to <paramref name="destination"/>.</summary>
    public static void HashData(HashAlgorithmName hash, ReadOnlySpan<byte> key, ReadOnlySpan<byte> data, Span<byte> destination)
    {
        if (LengthOf(hash) == HMACSHA256.HashSizeInBytes)
            HMACSHA256.HashData(key, data, destination);
        else
            HMACSHA384.HashData(key, data, destination);
    }
}
