using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>
/// SHA-3 and SHAKE of one input (FIPS 202), which .NET has only where the platform's library has it. For little-endian machines.
/// </summary>
internal static class Sha3
{
    private const int StateBytes = Keccak.StateWords * sizeof(ulong);
    private const byte HashSuffix = 0x06;
    private const byte ShakeSuffix = 0x1F;

    public static void HashData256(ReadOnlySpan<byte> data, Span<byte> destination) => Sponge(StateBytes - (2 * 32), HashSuffix, data, [], destination[..32]);

    /// <summary>SHA3-512 of both parts, one after the other.</summary>
    public static void HashData512(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> destination) =>
        Sponge(StateBytes - (2 * 64), HashSuffix, first, second, destination[..64]);

    /// <summary>SHAKE256 of both parts, one after the other.</summary>
    public static void Shake256(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> destination) =>
        Sponge(StateBytes - (2 * 32), ShakeSuffix, first, second, destination);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Sponge(int rate, byte suffix, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> destination)
    {
        Span<ulong> state = stackalloc ulong[Keccak.StateWords];
        state.Clear();
        var bytes = MemoryMarshal.AsBytes(state);
        try
        {
            var position = Absorb(state, rate, 0, first);
            position = Absorb(state, rate, position, second);
            bytes[position] ^= suffix;
            bytes[rate - 1] ^= 0x80;
            while (true)
            {
                Keccak.Permute(state);
                var taken = Math.Min(rate, destination.Length);
                bytes[..taken].CopyTo(destination);
                destination = destination[taken..];
                if (destination.IsEmpty)
                    return;
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>Adds data at a position in the block; gives the position behind it, which is never the end of a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Absorb(Span<ulong> state, int rate, int position, ReadOnlySpan<byte> data)
    {
        var bytes = MemoryMarshal.AsBytes(state);
        while (data.Length >= rate - position)
        {
            XorInto(bytes[position..rate], data);
            data = data[(rate - position)..];
            position = 0;
            Keccak.Permute(state);
        }
        XorInto(bytes.Slice(position, data.Length), data);
        return position + data.Length;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void XorInto(Span<byte> target, ReadOnlySpan<byte> data)
    {
        var i = 0;
        for (; i <= target.Length - sizeof(ulong); i += sizeof(ulong))
        {
            ref var word = ref target[i];
            Unsafe.WriteUnaligned(ref word, Unsafe.ReadUnaligned<ulong>(ref word) ^ MemoryMarshal.Read<ulong>(data[i..]));
        }
        for (; i < target.Length; i++)
            target[i] ^= data[i];
    }
}
