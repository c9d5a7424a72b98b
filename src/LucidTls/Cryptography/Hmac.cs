using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>
/// HMAC (RFC 2104) with the hashes of the TLS suites, without allocation but for what a <see cref="Secret"/> keeps: with keys up to a block and
/// short messages, as key derivation has them, by <see cref="HmacKey{THash}"/>, which costs less than the platform's call; else by the platform.
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
        var isSha256 = LengthOf(hash) == Sha256.HashLength;
        if (data.Length <= LongestShortMessage && key.Length <= (isSha256 ? Sha256.BlockLength : Sha384.BlockLength))
            HashShort(isSha256, key, data, destination);
        else if (isSha256)
            HMACSHA256.HashData(key.Span, data, destination);
        else
            HMACSHA384.HashData(key.Span, data, destination);
    }

    private static void HashShort(bool isSha256, Secret key, ReadOnlySpan<byte> data, Span<byte> destination)
    {
        if (isSha256)
            key.HmacSha256Key.HashData(data, destination);
        else
            key.HmacSha384Key.HashData(data, destination);
    }
}
