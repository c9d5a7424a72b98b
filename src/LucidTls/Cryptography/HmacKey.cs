using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>
/// HMAC (RFC 2104) with a key that is taken in already, which halves the cost of a short message.
/// It is as secret as the key.
/// </summary>
internal struct HmacKey<THash> where THash : unmanaged, IBlockHash<THash>
{
    private THash _inner;
    private THash _outer;

    /// <param name="key">At most a block of the hash.</param>
    /// <param name="made">The key taken in.</param>
    public static void Make(ReadOnlySpan<byte> key, out HmacKey<THash> made)
    {
        // RFC 2104 §2: H(K XOR opad, H(K XOR ipad, text))
        TakeIn(key, 0x36, out made._inner);
        TakeIn(key, 0x5C, out made._outer);
    }

    /// <summary>Writes the whole output, as long as the hash, to <paramref name="destination"/>.</summary>
    public readonly void HashData(ReadOnlySpan<byte> data, Span<byte> destination)
    {
        Span<byte> block = stackalloc byte[THash.BlockLength];
        var inner = block[..THash.HashLength];
        var hash = _inner;
        Finish(ref hash, data, block, inner);
        hash = _outer;
        Finish(ref hash, inner, block, destination[..THash.HashLength]);
        CryptographicOperations.ZeroMemory(block);
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(new Span<THash>(ref hash)));
    }

    private static void TakeIn(ReadOnlySpan<byte> key, byte pad, out THash hash)
    {
        Span<byte> block = stackalloc byte[THash.BlockLength];
        block.Fill(pad);
        for (var i = 0; i < key.Length; i++)
            block[i] ^= key[i];
        hash = THash.Start();
        hash.Compress(block);
        CryptographicOperations.ZeroMemory(block);
    }

    // FIPS 180-4 §5.1: a bit 1, zeros, and the count of bits, the block of the key among them.
    private static void Finish(ref THash hash, ReadOnlySpan<byte> data, Span<byte> block, Span<byte> destination)
    {
        var bits = (ulong)(THash.BlockLength + data.Length) * 8;
        for (; data.Length >= block.Length; data = data[block.Length..])
            hash.Compress(data);
        // The data may lie at the block's beginning.
        data.CopyTo(block);
        block[data.Length..].Clear();
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
