using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>
/// HMAC (RFC 2104) with the hashes of the TLS suites, in one shot and without allocation, by the platform; but with SHA-384, keys up to a
/// block and short messages, as key derivation has them, by <see cref="HmacSha384Key"/>, which costs less than the platform's call.
/// </summary>
internal static class Hmac
{
    /// <summary>Room for the longest output.</summary>
    public const int MaxLength = HMACSHA384.HashSizeInBytes;

    /// <summary>Longer messages are hashed faster by the platform, which has instructions of the processor for it.</summary>
    private const int LongestShortMessage = 256;

    /// <summary>Bytes of the output: 32 or 48.</summary>
    public static int LengthOf(HashAlgorithmName hash) =>
        hash == HashAlgorithmName.SHA256 ? HMACSHA256.HashSizeInBytes
        : hash == HashAlgorithmName.SHA384 ? HMACSHA384.HashSizeInBytes
        : throw new ArgumentException($"No suite uses {hash.Name}.", nameof(hash));

    /// <summary>Writes the whole output, <see cref="LengthOf"/> bytes, to <paramref name="destination"/>.</summary>
    public static void HashData(HashAlgorithmName hash, Secret key, ReadOnlySpan<byte> data, Span<byte> destination)
    {
        if (LengthOf(hash) == HMACSHA256.HashSizeInBytes)
            HMACSHA256.HashData(key.Span, data, destination);
        else if (data.Length <= LongestShortMessage && key.Length <= Sha384.BlockLength)
            key.HmacSha384Key.HashData(data, destination);
        else
            HMACSHA384.HashData(key.Span, data, destination);
    }
}
