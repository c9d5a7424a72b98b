using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LucidTls.Cryptography;

/// <summary>
/// Four integers modulo 2^255 - 19 side by side, each as ten limbs of 26 and 25 bits in turn. What the multiplying operations give has limbs
/// below 2^26 + 2^17 and 2^25 + 2^17 ("reduced"); they take one sum or one difference of reduced elements without a carry in between: limbs
/// below 1.6 times 2^27 and 2^26, and of the first factor below 2.1 times, so that the products' sums stay below 2^63 and 19 times a limb of the second below 2^32.
/// <para>
/// Constant time: no branch and no memory address depends on a limb.
/// </para>
/// </summary>
internal struct Field25519x4
{
    private const int EvenBits = 26;
    private const int OddBits = 25;
    private const ulong EvenMask = (1UL << EvenBits) - 1;
    private const ulong OddMask = (1UL << OddBits) - 1;

    private Vector256<ulong> _0, _1, _2, _3, _4, _5, _6, _7, _8, _9;

    public static Field25519x4 Create(in Field25519 a, in Field25519 b, in Field25519 c, in Field25519 d)
    {
        Unsafe.SkipInit(out Field25519x4 four);
        for (var i = 0; i < 10; i++)
            Limb(ref four, i) = Vector256.Create(a.HalfLimb(i), b.HalfLimb(i), c.HalfLimb(i), d.HalfLimb(i));
        return four;
    }

    /// <summary>One of the four, of a reduced element.</summary>
    public readonly Field25519 Get(int lane)
    {
        Span<ulong> halves = stackalloc ulong[10];
        for (var i = 0; i < 10; i++)
            halves[i] = Limb(ref Unsafe.AsRef(in this), i)[lane];
        return Field25519.FromHalfLimbs(halves);
    }

    /// <summary>The limbs of one of the four, two to a word of 64 bits: what <see cref="Unpack"/> takes. The element is a canonical one.</summary>
    public static ulong Pack(in Field25519 element, int pair) => element.HalfLimb(2 * pair) | (element.HalfLimb((2 * pair) + 1) << 32);

    public static void Unpack(Vector256<ulong> a, Vector256<ulong> b, Vector256<ulong> c, Vector256<ulong> d, Vector256<ulong> e, out Field25519x4 element)
    {
        var low = Vector256.Create((ulong)uint.MaxValue);
        element._0 = a & low;
        element._1 = a >>> 32;
        element._2 = b & low;
        element._3 = b >>> 32;
        element._4 = c & low;
        element._5 = c >>> 32;
        element._6 = d & low;
        element._7 = d >>> 32;
        element._8 = e & low;
        element._9 = e >>> 32;
    }

    /// <summary>Adds small numbers to reduced elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddSmall(Vector256<ulong> values) => _0 += values;

    /// <summary>Of reduced elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(in Field25519x4 a, in Field25519x4 b, out Field25519x4 sum)
    {
        sum._0 = a._0 + b._0;
        sum._1 = a._1 + b._1;
        sum._2 = a._2 + b._2;
        sum._3 = a._3 + b._3;
        sum._4 = a._4 + b._4;
        sum._5 = a._5 + b._5;
        sum._6 = a._6 + b._6;
        sum._7 = a._7 + b._7;
        sum._8 = a._8 + b._8;
        sum._9 = a._9 + b._9;
    }

    /// <summary>Of reduced elements, or of a sum of two and a reduced one; twice p keeps the difference positive.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SumAndDifference(in Field25519x4 a, in Field25519x4 b, out Field25519x4 sum, out Field25519x4 difference)
    {
        var (a0, b0) = (a._0, b._0);
        sum._0 = a0 + b0;
        difference._0 = a0 + Vector256.Create(2 * (EvenMask - 18)) - b0;
        var (a1, b1) = (a._1, b._1);
        sum._1 = a1 + b1;
        difference._1 = a1 + Vector256.Create(2 * OddMask) - b1;
        var (a2, b2) = (a._2, b._2);
        sum._2 = a2 + b2;
        difference._2 = a2 + Vector256.Create(2 * EvenMask) - b2;
        var (a3, b3) = (a._3, b._3);
        sum._3 = a3 + b3;
        difference._3 = a3 + Vector256.Create(2 * OddMask) - b3;
        var (a4, b4) = (a._4, b._4);
        sum._4 = a4 + b4;
        difference._4 = a4 + Vector256.Create(2 * EvenMask) - b4;
        var (a5, b5) = (a._5, b._5);
        sum._5 = a5 + b5;
        difference._5 = a5 + Vector256.Create(2 * OddMask) - b5;
        var (a6, b6) = (a._6, b._6);
        sum._6 = a6 + b6;
        difference._6 = a6 + Vector256.Create(2 * EvenMask) - b6;
        var (a7, b7) = (a._7, b._7);
        sum._7 = a7 + b7;
        difference._7 = a7 + Vector256.Create(2 * OddMask) - b7;
        var (a8, b8) = (a._8, b._8);
        sum._8 = a8 + b8;
        difference._8 = a8 + Vector256.Create(2 * EvenMask) - b8;
        var (a9, b9) = (a._9, b._9);
        sum._9 = a9 + b9;
        difference._9 = a9 + Vector256.Create(2 * OddMask) - b9;
    }

    /// <summary>Exchanges both in the lanes where <paramref name="mask"/> is all ones, leaves them where it is 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Swap(Vector256<ulong> mask, ref Field25519x4 a, ref Field25519x4 b)
    {
        Vector256<ulong> t;
        t = (a._0 ^ b._0) & mask;
        a._0 ^= t;
        b._0 ^= t;
        t = (a._1 ^ b._1) & mask;
        a._1 ^= t;
        b._1 ^= t;
        t = (a._2 ^ b._2) & mask;
        a._2 ^= t;
        b._2 ^= t;
        t = (a._3 ^ b._3) & mask;
        a._3 ^= t;
        b._3 ^= t;
        t = (a._4 ^ b._4) & mask;
        a._4 ^= t;
        b._4 ^= t;
        t = (a._5 ^ b._5) & mask;
        a._5 ^= t;
        b._5 ^= t;
        t = (a._6 ^ b._6) & mask;
        a._6 ^= t;
        b._6 ^= t;
        t = (a._7 ^ b._7) & mask;
        a._7 ^= t;
        b._7 ^= t;
        t = (a._8 ^ b._8) & mask;
        a._8 ^= t;
        b._8 ^= t;
        t = (a._9 ^ b._9) & mask;
        a._9 ^= t;
        b._9 ^= t;
    }

    /// <summary>Makes reduced elements negative in the lanes where <paramref name="mask"/> is all ones: 2p - x, as ~x + 2p + 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void NegateWhere(Vector256<ulong> mask)
    {
        _0 = (_0 ^ mask) + (Vector256.Create((2 * (EvenMask - 18)) + 1) & mask);
        _1 = (_1 ^ mask) + (Vector256.Create((2 * OddMask) + 1) & mask);
        _2 = (_2 ^ mask) + (Vector256.Create((2 * EvenMask) + 1) & mask);
        _3 = (_3 ^ mask) + (Vector256.Create((2 * OddMask) + 1) & mask);
        _4 = (_4 ^ mask) + (Vector256.Create((2 * EvenMask) + 1) & mask);
        _5 = (_5 ^ mask) + (Vector256.Create((2 * OddMask) + 1) & mask);
        _6 = (_6 ^ mask) + (Vector256.Create((2 * EvenMask) + 1) & mask);
        _7 = (_7 ^ mask) + (Vector256.Create((2 * OddMask) + 1) & mask);
        _8 = (_8 ^ mask) + (Vector256.Create((2 * EvenMask) + 1) & mask);
        _9 = (_9 ^ mask) + (Vector256.Create((2 * OddMask) + 1) & mask);
    }

    /// <summary>The four in another order, given as 32-bit words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Reorder(Vector256<uint> order)
    {
        _0 = Permute(_0, order);
        _1 = Permute(_1, order);
        _2 = Permute(_2, order);
        _3 = Permute(_3, order);
        _4 = Permute(_4, order);
        _5 = Permute(_5, order);
        _6 = Permute(_6, order);
        _7 = Permute(_7, order);
        _8 = Permute(_8, order);
        _9 = Permute(_9, order);
    }

    /// <summary>
    /// (a + b, a - b, c + d, c - d) of a reduced (a, b, c, d), in two orders given as 32-bit words. The orders may be secret: they move
    /// words between registers.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SumsAndDifferences(in Field25519x4 v, Vector256<uint> leftOrder, Vector256<uint> rightOrder, out Field25519x4 left, out Field25519x4 right)
    {
        var s0 = SumsAndDifferences(v._0, Vector256<ulong>.AllBitsSet, 2 * (EvenMask - 18));
        left._0 = Permute(s0, leftOrder);
        right._0 = Permute(s0, rightOrder);
        var s1 = SumsAndDifferences(v._1, Vector256<ulong>.AllBitsSet, 2 * OddMask);
        left._1 = Permute(s1, leftOrder);
        right._1 = Permute(s1, rightOrder);
        var s2 = SumsAndDifferences(v._2, Vector256<ulong>.AllBitsSet, 2 * EvenMask);
        left._2 = Permute(s2, leftOrder);
        right._2 = Permute(s2, rightOrder);
        var s3 = SumsAndDifferences(v._3, Vector256<ulong>.AllBitsSet, 2 * OddMask);
        left._3 = Permute(s3, leftOrder);
        right._3 = Permute(s3, rightOrder);
        var s4 = SumsAndDifferences(v._4, Vector256<ulong>.AllBitsSet, 2 * EvenMask);
        left._4 = Permute(s4, leftOrder);
        right._4 = Permute(s4, rightOrder);
        var s5 = SumsAndDifferences(v._5, Vector256<ulong>.AllBitsSet, 2 * OddMask);
        left._5 = Permute(s5, leftOrder);
        right._5 = Permute(s5, rightOrder);
        var s6 = SumsAndDifferences(v._6, Vector256<ulong>.AllBitsSet, 2 * EvenMask);
        left._6 = Permute(s6, leftOrder);
        right._6 = Permute(s6, rightOrder);
        var s7 = SumsAndDifferences(v._7, Vector256<ulong>.AllBitsSet, 2 * OddMask);
        left._7 = Permute(s7, leftOrder);
        right._7 = Permute(s7, rightOrder);
        var s8 = SumsAndDifferences(v._8, Vector256<ulong>.AllBitsSet, 2 * EvenMask);
        left._8 = Permute(s8, leftOrder);
        right._8 = Permute(s8, rightOrder);
        var s9 = SumsAndDifferences(v._9, Vector256<ulong>.AllBitsSet, 2 * OddMask);
        left._9 = Permute(s9, leftOrder);
        right._9 = Permute(s9, rightOrder);
    }

    /// <summary>(a, a - b, c + d, c - d) and (b, a + factor (a - b), c + d, c - d) of a reduced (a, b, c, d); the factor is below 2^18.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void DifferencesAndSums(in Field25519x4 v, ulong factor, out Field25519x4 left, out Field25519x4 right)
    {
        var notFirst = Vector256.Create(0, ulong.MaxValue, ulong.MaxValue, ulong.MaxValue);
        var factors = Vector256.Create(0, factor, 0, 0);
        var (even, odd) = (Vector256.Create(EvenMask), Vector256.Create(OddMask));
        var s0 = SumsAndDifferences(v._0, notFirst, 2 * (EvenMask - 18));
        left._0 = s0;
        var h0 = Product(s0, factors);
        var s1 = SumsAndDifferences(v._1, notFirst, 2 * OddMask);
        left._1 = s1;
        var h1 = Product(s1, factors);
        var s2 = SumsAndDifferences(v._2, notFirst, 2 * EvenMask);
        left._2 = s2;
        var h2 = Product(s2, factors);
        var s3 = SumsAndDifferences(v._3, notFirst, 2 * OddMask);
        left._3 = s3;
        var h3 = Product(s3, factors);
        var s4 = SumsAndDifferences(v._4, notFirst, 2 * EvenMask);
        left._4 = s4;
        var h4 = Product(s4, factors);
        var s5 = SumsAndDifferences(v._5, notFirst, 2 * OddMask);
        left._5 = s5;
        var h5 = Product(s5, factors);
        var s6 = SumsAndDifferences(v._6, notFirst, 2 * EvenMask);
        left._6 = s6;
        var h6 = Product(s6, factors);
        var s7 = SumsAndDifferences(v._7, notFirst, 2 * OddMask);
        left._7 = s7;
        var h7 = Product(s7, factors);
        var s8 = SumsAndDifferences(v._8, notFirst, 2 * EvenMask);
        left._8 = s8;
        var h8 = Product(s8, factors);
        var s9 = SumsAndDifferences(v._9, notFirst, 2 * OddMask);
        left._9 = s9;
        var h9 = Product(s9, factors);

        // The products are below 2^45, so their carries, taken at once, are below 2^20.
        var top = h9 >>> OddBits;
        right._0 = SwapAndJoin(v._0, (h0 & even) + top + (top << 1) + (top << 4), s0);
        right._1 = SwapAndJoin(v._1, (h1 & odd) + (h0 >>> EvenBits), s1);
        right._2 = SwapAndJoin(v._2, (h2 & even) + (h1 >>> OddBits), s2);
        right._3 = SwapAndJoin(v._3, (h3 & odd) + (h2 >>> EvenBits), s3);
        right._4 = SwapAndJoin(v._4, (h4 & even) + (h3 >>> OddBits), s4);
        right._5 = SwapAndJoin(v._5, (h5 & odd) + (h4 >>> EvenBits), s5);
        right._6 = SwapAndJoin(v._6, (h6 & even) + (h5 >>> OddBits), s6);
        right._7 = SwapAndJoin(v._7, (h7 & odd) + (h6 >>> EvenBits), s7);
        right._8 = SwapAndJoin(v._8, (h8 & even) + (h7 >>> OddBits), s8);
        right._9 = SwapAndJoin(v._9, (h9 & odd) + (h8 >>> EvenBits), s9);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(in Field25519x4 a, in Field25519x4 b, out Field25519x4 result)
    {
        // 2^255 = 19: what lies above limb 9 comes back 19 times at the bottom.
        Field25519x4 c;
        var nineteen = Vector256.Create(19UL);
        c._1 = Product(b._1, nineteen);
        c._2 = Product(b._2, nineteen);
        c._3 = Product(b._3, nineteen);
        c._4 = Product(b._4, nineteen);
        c._5 = Product(b._5, nineteen);
        c._6 = Product(b._6, nineteen);
        c._7 = Product(b._7, nineteen);
        c._8 = Product(b._8, nineteen);
        c._9 = Product(b._9, nineteen);

        // Row by row, so that the ten sums stay in registers. Two limbs of 25 bits stand half a bit too low each: their product counts twice.
        Vector256<ulong> f, d;
        f = a._0;
        var h0 = Product(f, b._0);
        var h1 = Product(f, b._1);
        var h2 = Product(f, b._2);
        var h3 = Product(f, b._3);
        var h4 = Product(f, b._4);
        var h5 = Product(f, b._5);
        var h6 = Product(f, b._6);
        var h7 = Product(f, b._7);
        var h8 = Product(f, b._8);
        var h9 = Product(f, b._9);

        f = a._1;
        d = f + f;
        h1 += Product(f, b._0);
        h2 += Product(d, b._1);
        h3 += Product(f, b._2);
        h4 += Product(d, b._3);
        h5 += Product(f, b._4);
        h6 += Product(d, b._5);
        h7 += Product(f, b._6);
        h8 += Product(d, b._7);
        h9 += Product(f, b._8);
        h0 += Product(d, c._9);

        f = a._2;
        h2 += Product(f, b._0);
        h3 += Product(f, b._1);
        h4 += Product(f, b._2);
        h5 += Product(f, b._3);
        h6 += Product(f, b._4);
        h7 += Product(f, b._5);
        h8 += Product(f, b._6);
        h9 += Product(f, b._7);
        h0 += Product(f, c._8);
        h1 += Product(f, c._9);

        f = a._3;
        d = f + f;
        h3 += Product(f, b._0);
        h4 += Product(d, b._1);
        h5 += Product(f, b._2);
        h6 += Product(d, b._3);
        h7 += Product(f, b._4);
        h8 += Product(d, b._5);
        h9 += Product(f, b._6);
        h0 += Product(d, c._7);
        h1 += Product(f, c._8);
        h2 += Product(d, c._9);

        f = a._4;
        h4 += Product(f, b._0);
        h5 += Product(f, b._1);
        h6 += Product(f, b._2);
        h7 += Product(f, b._3);
        h8 += Product(f, b._4);
        h9 += Product(f, b._5);
        h0 += Product(f, c._6);
        h1 += Product(f, c._7);
        h2 += Product(f, c._8);
        h3 += Product(f, c._9);

        f = a._5;
        d = f + f;
        h5 += Product(f, b._0);
        h6 += Product(d, b._1);
        h7 += Product(f, b._2);
        h8 += Product(d, b._3);
        h9 += Product(f, b._4);
        h0 += Product(d, c._5);
        h1 += Product(f, c._6);
        h2 += Product(d, c._7);
        h3 += Product(f, c._8);
        h4 += Product(d, c._9);

        f = a._6;
        h6 += Product(f, b._0);
        h7 += Product(f, b._1);
        h8 += Product(f, b._2);
        h9 += Product(f, b._3);
        h0 += Product(f, c._4);
        h1 += Product(f, c._5);
        h2 += Product(f, c._6);
        h3 += Product(f, c._7);
        h4 += Product(f, c._8);
        h5 += Product(f, c._9);

        f = a._7;
        d = f + f;
        h7 += Product(f, b._0);
        h8 += Product(d, b._1);
        h9 += Product(f, b._2);
        h0 += Product(d, c._3);
        h1 += Product(f, c._4);
        h2 += Product(d, c._5);
        h3 += Product(f, c._6);
        h4 += Product(d, c._7);
        h5 += Product(f, c._8);
        h6 += Product(d, c._9);

        f = a._8;
        h8 += Product(f, b._0);
        h9 += Product(f, b._1);
        h0 += Product(f, c._2);
        h1 += Product(f, c._3);
        h2 += Product(f, c._4);
        h3 += Product(f, c._5);
        h4 += Product(f, c._6);
        h5 += Product(f, c._7);
        h6 += Product(f, c._8);
        h7 += Product(f, c._9);

        f = a._9;
        d = f + f;
        h9 += Product(f, b._0);
        h0 += Product(d, c._1);
        h1 += Product(f, c._2);
        h2 += Product(d, c._3);
        h3 += Product(f, c._4);
        h4 += Product(d, c._5);
        h5 += Product(f, c._6);
        h6 += Product(d, c._7);
        h7 += Product(f, c._8);
        h8 += Product(d, c._9);
        Reduce(h0, h1, h2, h3, h4, h5, h6, h7, h8, h9, out result);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Product(Vector256<ulong> a, Vector256<ulong> b) => Avx2.Multiply(a.AsUInt32(), b.AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Permute(Vector256<ulong> v, Vector256<uint> order) => Avx2.PermuteVar8x32(v.AsUInt32(), order).AsUInt64();

    // -x is ~x + 1; twice p keeps the difference positive.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> SumsAndDifferences(Vector256<ulong> v, Vector256<ulong> mask, ulong twiceP) =>
        Avx2.UnpackLow(v, v) + Vector256.Create(0, twiceP + 1, 0, twiceP + 1) + ((Avx2.UnpackHigh(v, v) & mask) ^ Vector256.Create(0, ulong.MaxValue, 0, ulong.MaxValue));

    /// <summary>(b + e, a + f, k, l) of (a, b, ., .), (e, f, ., .) and (., ., k, l).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> SwapAndJoin(Vector256<ulong> swapped, Vector256<ulong> added, Vector256<ulong> joined) =>
        Avx2.Blend((Avx2.Shuffle(swapped.AsUInt32(), 0b01_00_11_10).AsUInt64() + added).AsUInt32(), joined.AsUInt32(), 0b1111_0000).AsUInt64();

    /// <summary>All carries at once, twice: those of sums below 2^63 are below 2^38, the second ones below 2^17.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Reduce(
        Vector256<ulong> h0, Vector256<ulong> h1, Vector256<ulong> h2, Vector256<ulong> h3, Vector256<ulong> h4,
        Vector256<ulong> h5, Vector256<ulong> h6, Vector256<ulong> h7, Vector256<ulong> h8, Vector256<ulong> h9,
        out Field25519x4 result)
    {
        var (even, odd) = (Vector256.Create(EvenMask), Vector256.Create(OddMask));
        var top = h9 >>> OddBits;
        var r0 = (h0 & even) + top + (top << 1) + (top << 4);
        var r1 = (h1 & odd) + (h0 >>> EvenBits);
        var r2 = (h2 & even) + (h1 >>> OddBits);
        var r3 = (h3 & odd) + (h2 >>> EvenBits);
        var r4 = (h4 & even) + (h3 >>> OddBits);
        var r5 = (h5 & odd) + (h4 >>> EvenBits);
        var r6 = (h6 & even) + (h5 >>> OddBits);
        var r7 = (h7 & odd) + (h6 >>> EvenBits);
        var r8 = (h8 & even) + (h7 >>> OddBits);
        var r9 = (h9 & odd) + (h8 >>> EvenBits);
        top = r9 >>> OddBits;
        result._0 = (r0 & even) + top + (top << 1) + (top << 4);
        result._1 = (r1 & odd) + (r0 >>> EvenBits);
        result._2 = (r2 & even) + (r1 >>> OddBits);
        result._3 = (r3 & odd) + (r2 >>> EvenBits);
        result._4 = (r4 & even) + (r3 >>> OddBits);
        result._5 = (r5 & odd) + (r4 >>> EvenBits);
        result._6 = (r6 & even) + (r5 >>> OddBits);
        result._7 = (r7 & odd) + (r6 >>> EvenBits);
        result._8 = (r8 & even) + (r7 >>> OddBits);
        result._9 = (r9 & odd) + (r8 >>> EvenBits);
    }

    private static ref Vector256<ulong> Limb(ref Field25519x4 four, int index) => ref Unsafe.Add(ref Unsafe.As<Field25519x4, Vector256<ulong>>(ref four), index);
}
