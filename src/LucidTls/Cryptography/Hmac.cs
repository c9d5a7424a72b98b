using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>
/// HMAC (RFC 2104) with the hashes of the TLS suites, in one shot and without allocation, by the platform; but with SHA-384, keys up to a
/// block and short messages, as key derivation has them, by <see cref="Sha384"/>, which costs less than the platform's call.
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
    public static void HashData(HashAlgorithmName hash, ReadOnlySpan<byte> key, ReadOnlySpan<byte> data, Span<byte> destination)
    {
        if (LengthOf(hash) == HMACSHA256.HashSizeInBytes)
            HMACSHA256.HashData(key, data, destination);
        else if (data.Length <= LongestShortMessage && key.Length <= Sha384.BlockLength)
            HashShort(key, data, destination);
        else
            HMACSHA384.HashData(key, data, destination);
    }

    private static void HashShort(ReadOnlySpan<byte> key, ReadOnlySpan<byte> data, Span<byte> destination)
    {
        Span<byte> block = stackalloc byte[Sha384.BlockLength];
        Span<byte> inner = stackalloc byte[Sha384.HashLength];
        Sha384 hash;
        // RFC 2104 §2: H(K XOR opad, H(K XOR ipad, text))
        StartWith(key, 0x36, block, out hash);
        Finish(ref hash, data, block, inner);
        StartWith(key, 0x5C, block, out hash);
        Finish(ref hash, inner, block, destination[..Sha384.HashLength]);
        CryptographicOperations.ZeroMemory(block);
        CryptographicOperations.ZeroMemory(inner);
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(new Span<Sha384>(ref hash)));
    }

    private static void StartWith(ReadOnlySpan<byte> key, byte pad, Span<byte> block, out Sha384 hash)
    {
        block.Fill(pad);
        for (var i = 0; i < key.Length; i++)
            block[i] ^= key[i];
        hash = Sha384.Start();
        hash.Compress(block);
    }

    // FIPS 180-4 §5.1: a bit 1, zeros, and the count of bits, the block of the key among them.
    private static void Finish(ref Sha384 hash, ReadOnlySpan<byte> data, Span<byte> block, Span<byte> destination)
    {
        var bits = (ulong)(Sha384.BlockLength + data.Length) * 8;
        for (; data.Length >= block.Length; data = data[block.Length..])
            hash.Compress(data);
        block.Clear();
        data.CopyTo(block);
        block[data.Length] = 0x80;
        // The count has an eighth of a block, of which the last 64 bits are enough.
        if (data.Length >= block.Length - (block.Length / 8))
        {
            hash.Compress(block);
            block.Clear();
        }
        BinaryPrimitives.WriteUInt64BigEndian(block[^8..], bits);
        hash.Compress(block);
        hash.Write(destination);
    }
}
