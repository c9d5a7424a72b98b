using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LucidTls.Cryptography;

/// <summary>
/// GHASH (NIST SP 800-38D §6.4) with the carry-less multiplication of the processor.
/// <para>
/// Constant time: the instructions' time does not depend on their operands, there are no tables of multiples, and the powers of H are indexed by positions only.
/// </para>
/// <para>
/// GCM writes polynomials with their bits in reverse. A block with its bytes in reverse order is such a polynomial with all 128 bits reversed, and the
/// product of two of them comes out one bit too low; H is kept times x, which makes up for it. A sum of products is reduced once.
/// </para>
/// </summary>
internal static class Ghash
{
    /// <summary>So many powers of H serve <see cref="HashGroup"/>: the blocks of a <see cref="GroupLength"/>, and one for the lengths.</summary>
    public const int AllPowers = 17;

    /// <summary>Bytes that <see cref="HashGroup"/> takes.</summary>
    public const int GroupLength = 16 * BlockLength;

    public const int BlockLength = 16;

    /// <summary>x^127 + x^126 + x^121, the high half of the reflected polynomial: what reduces 64 bits at a time.</summary>
    private const ulong Polynomial = 0xC200_0000_0000_0000;

    private static Vector128<byte> ByteReversal
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.Create((byte)15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    }

    /// <summary>Fills <paramref name="powers"/> with the powers of <paramref name="h"/>, the encrypted zero block, from the highest to the first.</summary>
    public static void MakePowers(Vector128<byte> h, Span<byte> powers)
    {
        var first = TimesX(Reverse(h));
        var power = first;
        for (var i = (powers.Length / BlockLength) - 1; i >= 0; i--)
        {
            power.CopyTo(MemoryMarshal.Cast<byte, ulong>(powers[(i * BlockLength)..]));
            power = Multiply(power, first);
        }
    }

    /// <summary>A block as a polynomial, and back.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> Reverse(Vector128<byte> block) => Ssse3.Shuffle(block, ByteReversal).AsUInt64();

    /// <summary>The place of the <paramref name="exponent"/>th power before the end of those that there are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref byte Power(ref byte powersEnd, int exponent) => ref Unsafe.Subtract(ref powersEnd, exponent * BlockLength);

    /// <summary>The hash after 16 more blocks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Vector128<ulong> HashGroup(Vector128<ulong> hash, ref byte data, ref byte powersEnd)
    {
        ref var power = ref Power(ref powersEnd, 16);
        return VectorWidth.Has512 && Pclmulqdq.V512.IsSupported ? HashGroup512(hash, ref data, ref power) : Hash128(hash, ref data, ref power, GroupLength);
    }

    /// <summary>The hash after some more blocks, at most as many as there are powers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Vector128<ulong> HashBlocks(Vector128<ulong> hash, ReadOnlySpan<byte> blocks, ref byte powersEnd) =>
        Hash128(hash, ref MemoryMarshal.GetReference(blocks), ref Power(ref powersEnd, blocks.Length / BlockLength), blocks.Length);

    /// <summary>a · b, where b is kept times x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> Multiply(Vector128<ulong> a, Vector128<ulong> b)
    {
        var sum = default(Products);
        sum.Add(a, b);
        return sum.Reduce();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Hash128(Vector128<ulong> hash, ref byte data, ref byte power, int length)
    {
        var sum = default(Products);
        for (nuint i = 0; i < (nuint)length; i += BlockLength)
        {
            sum.Add(hash ^ Reverse(Vector128.LoadUnsafe(ref data, i)), Vector128.LoadUnsafe(ref power, i).AsUInt64());
            hash = Vector128<ulong>.Zero;
        }
        return sum.Reduce();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> HashGroup512(Vector128<ulong> hash, ref byte data, ref byte power)
    {
        var reversal = Vector512.Create(Vector256.Create(ByteReversal, ByteReversal), Vector256.Create(ByteReversal, ByteReversal));
        var low = Vector512<ulong>.Zero;
        var middle = Vector512<ulong>.Zero;
        var high = Vector512<ulong>.Zero;
        var carried = Vector512.Create(Vector256.Create(hash, Vector128<ulong>.Zero), Vector256<ulong>.Zero);
        for (nuint i = 0; i < GroupLength; i += 4 * BlockLength)
        {
            var blocks = Avx512BW.Shuffle(Vector512.LoadUnsafe(ref data, i), reversal).AsUInt64() ^ carried;
            var factors = Vector512.LoadUnsafe(ref power, i).AsUInt64();
            low ^= Pclmulqdq.V512.CarrylessMultiply(blocks, factors, 0x00);
            middle ^= Pclmulqdq.V512.CarrylessMultiply(blocks, factors, 0x01) ^ Pclmulqdq.V512.CarrylessMultiply(blocks, factors, 0x10);
            high ^= Pclmulqdq.V512.CarrylessMultiply(blocks, factors, 0x11);
            carried = Vector512<ulong>.Zero;
        }
        var polynomial = Vector512.Create(Polynomial);
        middle ^= SwapHalves(low) ^ Pclmulqdq.V512.CarrylessMultiply(polynomial, low, 0x00);
        high ^= SwapHalves(middle) ^ Pclmulqdq.V512.CarrylessMultiply(polynomial, middle, 0x00);
        var folded = high.GetLower() ^ high.GetUpper();
        return folded.GetLower() ^ folded.GetUpper();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> SwapHalves(Vector512<ulong> value) => Avx512F.Shuffle(value.AsUInt32(), 0b01_00_11_10).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> SwapHalves(Vector128<ulong> value) => Sse2.Shuffle(value.AsUInt32(), 0b01_00_11_10).AsUInt64();

    private static Vector128<ulong> TimesX(Vector128<ulong> value)
    {
        // The bit that leaves at the top comes back as the polynomial, through a mask instead of a branch.
        var carry = 0 - (value[1] >> 63);
        return Vector128.Create(value[0] << 1, (value[1] << 1) | (value[0] >> 63)) ^ (Vector128.Create(1, Polynomial) & Vector128.Create(carry));
    }

    /// <summary>A sum of products of 128 bits by 128 bits, not reduced yet.</summary>
    public struct Products
    {
        private Vector128<ulong> _low, _middle, _high;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(Vector128<ulong> a, Vector128<ulong> b)
        {
            _low ^= Pclmulqdq.CarrylessMultiply(a, b, 0x00);
            _middle ^= Pclmulqdq.CarrylessMultiply(a, b, 0x01) ^ Pclmulqdq.CarrylessMultiply(a, b, 0x10);
            _high ^= Pclmulqdq.CarrylessMultiply(a, b, 0x11);
        }

        /// <summary>Modulo the polynomial, 64 bits at a time: low into middle, middle into high.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly Vector128<ulong> Reduce()
        {
            var polynomial = Vector128.Create(Polynomial);
            var middle = _middle ^ SwapHalves(_low) ^ Pclmulqdq.CarrylessMultiply(polynomial, _low, 0x00);
            return _high ^ SwapHalves(middle) ^ Pclmulqdq.CarrylessMultiply(polynomial, middle, 0x00);
        }
    }
}
