using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace LucidTls.Cryptography;

/// <summary>
/// An integer modulo 2^255 - 19 as five limbs of 51 bits. A limb may exceed 51 bits: what the multiplying operations give
/// is below 2^51 + 2^18 ("reduced"), and they take limbs below 2^53, so that one sum or one difference of reduced elements
/// can be multiplied without a carry in between.
/// <para>
/// Constant time: no branch and no memory address depends on a limb. The operations are additions, shifts, masks and
/// 64-bit multiplications, whose time does not depend on their operands on the processors that .NET runs on.
/// </para>
/// </summary>
internal struct Field25519
{
    public const int ByteLength = 32;

    private const int LimbBits = 51;
    private const ulong LimbMask = (1UL << LimbBits) - 1;

    /// <summary>
    /// Products are split at bit 53: of a factor lifted by 11 bits the high word of the 128-bit product is the product / 2^53.
    /// A column sums the high words to h; its remainder, the sum of the products - 2^53 h, lies below 2^56, so 64-bit arithmetic, which
    /// forgets what is above, gives it exactly. No carry needs to be watched.
    /// </summary>
    private const int SplitBit = 53;
    private const int Lift = 64 - SplitBit;

    /// <summary>What a high word is worth in the next limb: 2^53 / 2^51.</summary>
    private const ulong HighWeight = 4;

    private ulong _0, _1, _2, _3, _4;

    public static Field25519 One => new() { _0 = 1 };

    /// <summary>Little endian. The top bit is ignored (RFC 7748 §5), values from p to 2^255 - 1 are taken modulo p.</summary>
    public static Field25519 Read(ReadOnlySpan<byte> bytes)
    {
        var w0 = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        var w1 = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]);
        var w2 = BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]);
        var w3 = BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]);
        return new Field25519
        {
            _0 = w0 & LimbMask,
            _1 = ((w0 >> 51) | (w1 << 13)) & LimbMask,
            _2 = ((w1 >> 38) | (w2 << 26)) & LimbMask,
            _3 = ((w2 >> 25) | (w3 << 39)) & LimbMask,
            _4 = (w3 >> 12) & LimbMask,
        };
    }

    /// <summary>The lower 26 bits of a limb, or the 25 above them, of an element just read or made of small numbers: of ten halves that with <paramref name="index"/>.</summary>
    public readonly ulong HalfLimb(int index)
    {
        var limb = Unsafe.Add(ref Unsafe.As<Field25519, ulong>(ref Unsafe.AsRef(in this)), index / 2);
        return index % 2 == 0 ? limb & ((1UL << 26) - 1) : limb >> 26;
    }

    /// <summary>From ten halves, which may be a little longer than 26 and 25 bits.</summary>
    public static Field25519 FromHalfLimbs(ReadOnlySpan<ulong> halves)
    {
        var element = new Field25519
        {
            _0 = halves[0] + (halves[1] << 26),
            _1 = halves[2] + (halves[3] << 26),
            _2 = halves[4] + (halves[5] << 26),
            _3 = halves[6] + (halves[7] << 26),
            _4 = halves[8] + (halves[9] << 26),
        };
        element.Carry();
        return element;
    }

    /// <summary>The smallest non-negative representative, little endian.</summary>
    public readonly void Write(Span<byte> bytes)
    {
        var (r0, r1, r2, r3, r4) = (_0, _1, _2, _3, _4);
        CarryThrough(ref r0, ref r1, ref r2, ref r3, ref r4);
        CarryThrough(ref r0, ref r1, ref r2, ref r3, ref r4);

        // The quotient by p is 0 or 1: it is 1 exactly when adding 19 carries out of bit 255.
        var quotient = (r0 + 19) >> LimbBits;
        quotient = (r1 + quotient) >> LimbBits;
        quotient = (r2 + quotient) >> LimbBits;
        quotient = (r3 + quotient) >> LimbBits;
        quotient = (r4 + quotient) >> LimbBits;
        r0 += 19 * quotient;
        r1 += r0 >> LimbBits;
        r2 += r1 >> LimbBits;
        r3 += r2 >> LimbBits;
        r4 += r3 >> LimbBits;
        r0 &= LimbMask;
        r1 &= LimbMask;
        r2 &= LimbMask;
        r3 &= LimbMask;
        r4 &= LimbMask;

        BinaryPrimitives.WriteUInt64LittleEndian(bytes, r0 | (r1 << 51));
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], (r1 >> 13) | (r2 << 38));
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[16..], (r2 >> 26) | (r3 << 25));
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], (r3 >> 39) | (r4 << 12));
    }

    /// <summary>The smallest non-negative representative, whose limbs have 51 bits at most.</summary>
    public readonly Field25519 ToCanonical()
    {
        Span<byte> bytes = stackalloc byte[ByteLength];
        Write(bytes);
        return Read(bytes);
    }

    /// <summary>Exchanges both when <paramref name="swap"/> is 1, leaves them when it is 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Swap(ulong swap, ref Field25519 a, ref Field25519 b)
    {
        var mask = 0 - swap;
        var t0 = (a._0 ^ b._0) & mask;
        var t1 = (a._1 ^ b._1) & mask;
        var t2 = (a._2 ^ b._2) & mask;
        var t3 = (a._3 ^ b._3) & mask;
        var t4 = (a._4 ^ b._4) & mask;
        a._0 ^= t0;
        a._1 ^= t1;
        a._2 ^= t2;
        a._3 ^= t3;
        a._4 ^= t4;
        b._0 ^= t0;
        b._1 ^= t1;
        b._2 ^= t2;
        b._3 ^= t3;
        b._4 ^= t4;
    }

    /// <summary>Of reduced elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add(in Field25519 a, in Field25519 b, out Field25519 result)
    {
        result._0 = a._0 + b._0;
        result._1 = a._1 + b._1;
        result._2 = a._2 + b._2;
        result._3 = a._3 + b._3;
        result._4 = a._4 + b._4;
    }

    /// <summary>Of reduced elements; 2p is added so that no limb becomes negative.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Subtract(in Field25519 a, in Field25519 b, out Field25519 result)
    {
        result._0 = a._0 + (2 * (LimbMask - 18)) - b._0;
        result._1 = a._1 + (2 * LimbMask) - b._1;
        result._2 = a._2 + (2 * LimbMask) - b._2;
        result._3 = a._3 + (2 * LimbMask) - b._3;
        result._4 = a._4 + (2 * LimbMask) - b._4;
    }

    /// <summary>Adds a number below 2^50 to a reduced element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddSmall(ulong value) => _0 += value;

    /// <summary>Makes an element with any limbs a reduced one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Carry() => Reduce(_0, _1, _2, _3, _4, out this);

    /// <summary>The limbs of <paramref name="b"/> may be as long as 2^55.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(in Field25519 a, in Field25519 b, out Field25519 result)
    {
        var (b0, b1, b2, b3, b4) = (b._0, b._1, b._2, b._3, b._4);
        // 2^255 = 19: what lies above limb 4 comes back 19 times at the bottom.
        var (c1, c2, c3, c4) = (19 * b1, 19 * b2, 19 * b3, 19 * b4);

        var (a0, a1, a2, a3, a4) = (a._0, a._1, a._2, a._3, a._4);
        var (f0, f1, f2, f3, f4) = (a0 << Lift, a1 << Lift, a2 << Lift, a3 << Lift, a4 << Lift);
        var h0 = MultiplyHigh(f0, b0) + MultiplyHigh(f1, c4) + MultiplyHigh(f2, c3) + MultiplyHigh(f3, c2) + MultiplyHigh(f4, c1);
        var l0 = (a0 * b0) + (a1 * c4) + (a2 * c3) + (a3 * c2) + (a4 * c1) - (h0 << SplitBit);
        var h1 = MultiplyHigh(f0, b1) + MultiplyHigh(f1, b0) + MultiplyHigh(f2, c4) + MultiplyHigh(f3, c3) + MultiplyHigh(f4, c2);
        var l1 = (a0 * b1) + (a1 * b0) + (a2 * c4) + (a3 * c3) + (a4 * c2) - (h1 << SplitBit);
        var h2 = MultiplyHigh(f0, b2) + MultiplyHigh(f1, b1) + MultiplyHigh(f2, b0) + MultiplyHigh(f3, c4) + MultiplyHigh(f4, c3);
        var l2 = (a0 * b2) + (a1 * b1) + (a2 * b0) + (a3 * c4) + (a4 * c3) - (h2 << SplitBit);
        var h3 = MultiplyHigh(f0, b3) + MultiplyHigh(f1, b2) + MultiplyHigh(f2, b1) + MultiplyHigh(f3, b0) + MultiplyHigh(f4, c4);
        var l3 = (a0 * b3) + (a1 * b2) + (a2 * b1) + (a3 * b0) + (a4 * c4) - (h3 << SplitBit);
        var h4 = MultiplyHigh(f0, b4) + MultiplyHigh(f1, b3) + MultiplyHigh(f2, b2) + MultiplyHigh(f3, b1) + MultiplyHigh(f4, b0);
        var l4 = (a0 * b4) + (a1 * b3) + (a2 * b2) + (a3 * b1) + (a4 * b0) - (h4 << SplitBit);

        Reduce(l0 + (19 * HighWeight * h4), l1 + (HighWeight * h0), l2 + (HighWeight * h1), l3 + (HighWeight * h2), l4 + (HighWeight * h3), out result);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Square(in Field25519 a, out Field25519 result)
    {
        var (a0, a1, a2, a3, a4) = (a._0, a._1, a._2, a._3, a._4);
        var (f0, f1, f2, f3, f4) = (a0 << Lift, a1 << Lift, a2 << Lift, a3 << Lift, a4 << Lift);
        var (d1, d2, d3, d4) = (2 * a1, 2 * a2, 2 * a3, 2 * a4);
        var (c3, c4) = (19 * a3, 19 * a4);
        var (e3, e4) = (38 * a3, 38 * a4);
        var h0 = MultiplyHigh(f0, a0) + MultiplyHigh(f1, e4) + MultiplyHigh(f2, e3);
        var l0 = (a0 * a0) + (a1 * e4) + (a2 * e3) - (h0 << SplitBit);
        var h1 = MultiplyHigh(f0, d1) + MultiplyHigh(f2, e4) + MultiplyHigh(f3, c3);
        var l1 = (a0 * d1) + (a2 * e4) + (a3 * c3) - (h1 << SplitBit);
        var h2 = MultiplyHigh(f0, d2) + MultiplyHigh(f1, a1) + MultiplyHigh(f3, e4);
        var l2 = (a0 * d2) + (a1 * a1) + (a3 * e4) - (h2 << SplitBit);
        var h3 = MultiplyHigh(f0, d3) + MultiplyHigh(f1, d2) + MultiplyHigh(f4, c4);
        var l3 = (a0 * d3) + (a1 * d2) + (a4 * c4) - (h3 << SplitBit);
        var h4 = MultiplyHigh(f0, d4) + MultiplyHigh(f1, d3) + MultiplyHigh(f2, a2);
        var l4 = (a0 * d4) + (a1 * d3) + (a2 * a2) - (h4 << SplitBit);
        Reduce(l0 + (19 * HighWeight * h4), l1 + (HighWeight * h0), l2 + (HighWeight * h1), l3 + (HighWeight * h2), l4 + (HighWeight * h3), out result);
    }

    /// <summary>Multiplies with a constant below 2^20.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MultiplySmall(in Field25519 a, ulong factor, out Field25519 result)
    {
        var h0 = MultiplyHigh(a._0 << Lift, factor);
        var l0 = (a._0 * factor) - (h0 << SplitBit);
        var h1 = MultiplyHigh(a._1 << Lift, factor);
        var l1 = (a._1 * factor) - (h1 << SplitBit);
        var h2 = MultiplyHigh(a._2 << Lift, factor);
        var l2 = (a._2 * factor) - (h2 << SplitBit);
        var h3 = MultiplyHigh(a._3 << Lift, factor);
        var l3 = (a._3 * factor) - (h3 << SplitBit);
        var h4 = MultiplyHigh(a._4 << Lift, factor);
        var l4 = (a._4 * factor) - (h4 << SplitBit);
        Reduce(l0 + (19 * HighWeight * h4), l1 + (HighWeight * h0), l2 + (HighWeight * h1), l3 + (HighWeight * h2), l4 + (HighWeight * h3), out result);
    }

    /// <summary>a^(p - 2), which is 1/a, and 0 for 0.</summary>
    public static void Invert(in Field25519 a, out Field25519 result)
    {
        Square(a, out var a2);
        SquareTimes(a2, 2, out var t);
        Multiply(t, a, out var a9);
        Multiply(a9, a2, out var a11);
        Square(a11, out t);
        Multiply(t, a9, out var x5); // a^(2^5 - 1); xN is a^(2^N - 1) from here on
        SquareTimes(x5, 5, out t);
        Multiply(t, x5, out var x10);
        SquareTimes(x10, 10, out t);
        Multiply(t, x10, out var x20);
        SquareTimes(x20, 20, out t);
        Multiply(t, x20, out var x40);
        SquareTimes(x40, 10, out t);
        Multiply(t, x10, out var x50);
        SquareTimes(x50, 50, out t);
        Multiply(t, x50, out var x100);
        SquareTimes(x100, 100, out t);
        Multiply(t, x100, out var x200);
        SquareTimes(x200, 50, out t);
        Multiply(t, x50, out var x250);
        SquareTimes(x250, 5, out t);
        Multiply(t, a11, out result); // 2^255 - 32 + 11 = p - 2
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SquareTimes(in Field25519 a, int count, out Field25519 result)
    {
        Square(a, out result);
        while (--count > 0)
            Square(result, out result);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong MultiplyHigh(ulong a, ulong b) => Bmi2.X64.IsSupported ? Bmi2.X64.MultiplyNoFlags(a, b) : Math.BigMul(a, b, out _);

    /// <summary>
    /// With the limits of the multiplying operations the sums are below 2^64, so all carries, taken at once, are below 2^13
    /// and leave limbs below 2^51 + 19 · 2^13.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Reduce(ulong r0, ulong r1, ulong r2, ulong r3, ulong r4, out Field25519 result)
    {
        result._0 = (r0 & LimbMask) + (19 * (r4 >> LimbBits));
        result._1 = (r1 & LimbMask) + (r0 >> LimbBits);
        result._2 = (r2 & LimbMask) + (r1 >> LimbBits);
        result._3 = (r3 & LimbMask) + (r2 >> LimbBits);
        result._4 = (r4 & LimbMask) + (r3 >> LimbBits);
    }

    private static void CarryThrough(ref ulong r0, ref ulong r1, ref ulong r2, ref ulong r3, ref ulong r4)
    {
        r1 += r0 >> LimbBits;
        r2 += r1 >> LimbBits;
        r3 += r2 >> LimbBits;
        r4 += r3 >> LimbBits;
        r0 = (r0 & LimbMask) + (19 * (r4 >> LimbBits));
        r1 &= LimbMask;
        r2 &= LimbMask;
        r3 &= LimbMask;
        r4 &= LimbMask;
    }
}
