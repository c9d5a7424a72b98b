using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LucidTls.Cryptography;

/// <summary>The transforms and products of <see cref="MlKemRing"/> with AVX2, sixteen coefficients at a time. It gives congruent numbers within the same bounds, and is constant time in the same way.</summary>
internal static class MlKemRingAvx2
{
    private const int VectorLength = 16;

    /// <summary>A table holds the roots of a layer's 128 butterflies, then the same times 1/q modulo 2^16.</summary>
    private const int Butterflies = MlKemRing.N / 2;
    private const int RootsOfLength8 = 0;
    private const int RootsOfLength4 = RootsOfLength8 + (2 * Butterflies);
    private const int RootsOfLength2 = RootsOfLength4 + (2 * Butterflies);

    /// <summary>
    /// The roots of the layers whose butterflies lie inside a vector, in the order of the low halves that the interleaving makes.
    /// </summary>
    private static readonly short[] ForwardRoots = MakeInnerRoots(inverse: false);
    private static readonly short[] InverseRoots = MakeInnerRoots(inverse: true);

    /// <summary>R and R · γ by turns.</summary>
    private static readonly short[] Gammas = WithQuotients([.. Enumerable.Range(0, MlKemRing.N).Select(i => i % 2 == 0 ? One : MlKemRing.Gamma(i / 2))]);

    /// <summary>R modulo q, which stands for 1.</summary>
    private const short One = -1044;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transform(Span<short> polynomial)
    {
        ref var p = ref Check(polynomial);
        var zetaIndex = 1;
        for (var length = 128; length >= VectorLength; length /= 2)
        {
            for (var start = 0; start < MlKemRing.N; start += 2 * length)
            {
                var zeta = Vector256.Create(MlKemRing.Zetas[zetaIndex++]);
                var zetaQ = zeta * MlKemRing.QInverse;
                for (var i = start; i < start + length; i += VectorLength)
                {
                    var low = Vector256.LoadUnsafe(ref p, (nuint)i);
                    var product = Multiply(Vector256.LoadUnsafe(ref p, (nuint)(i + length)), zeta, zetaQ);
                    (low + product).StoreUnsafe(ref p, (nuint)i);
                    (low - product).StoreUnsafe(ref p, (nuint)(i + length));
                }
            }
        }

        ref var roots = ref MemoryMarshal.GetArrayDataReference(ForwardRoots);
        for (var i = 0; i < MlKemRing.N; i += 2 * VectorLength)
        {
            var first = Vector256.LoadUnsafe(ref p, (nuint)i);
            var second = Vector256.LoadUnsafe(ref p, (nuint)(i + VectorLength));
            Interleave8(ref first, ref second);
            Butterfly(ref first, ref second, ref roots, RootsOfLength8 + (i / 2));
            Interleave8(ref first, ref second);
            Interleave4(ref first, ref second);
            Butterfly(ref first, ref second, ref roots, RootsOfLength4 + (i / 2));
            Interleave4(ref first, ref second);
            Interleave2(ref first, ref second);
            Butterfly(ref first, ref second, ref roots, RootsOfLength2 + (i / 2));
            Interleave2(ref first, ref second);
            ReduceBarrett(first).StoreUnsafe(ref p, (nuint)i);
            ReduceBarrett(second).StoreUnsafe(ref p, (nuint)(i + VectorLength));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void InverseTransform(Span<short> polynomial)
    {
        ref var p = ref Check(polynomial);
        ref var roots = ref MemoryMarshal.GetArrayDataReference(InverseRoots);
        for (var i = 0; i < MlKemRing.N; i += 2 * VectorLength)
        {
            var first = Vector256.LoadUnsafe(ref p, (nuint)i);
            var second = Vector256.LoadUnsafe(ref p, (nuint)(i + VectorLength));
            Interleave2(ref first, ref second);
            InverseButterfly(ref first, ref second, ref roots, RootsOfLength2 + (i / 2));
            Interleave2(ref first, ref second);
            Interleave4(ref first, ref second);
            InverseButterfly(ref first, ref second, ref roots, RootsOfLength4 + (i / 2));
            Interleave4(ref first, ref second);
            Interleave8(ref first, ref second);
            InverseButterfly(ref first, ref second, ref roots, RootsOfLength8 + (i / 2));
            Interleave8(ref first, ref second);
            first.StoreUnsafe(ref p, (nuint)i);
            second.StoreUnsafe(ref p, (nuint)(i + VectorLength));
        }

        for (var length = VectorLength; length <= 128; length *= 2)
        {
            var zetaIndex = MlKemRing.N / length;
            for (var start = 0; start < MlKemRing.N; start += 2 * length)
            {
                var zeta = Vector256.Create(MlKemRing.Zetas[--zetaIndex]);
                var zetaQ = zeta * MlKemRing.QInverse;
                for (var i = start; i < start + length; i += VectorLength)
                {
                    var low = Vector256.LoadUnsafe(ref p, (nuint)i);
                    var high = Vector256.LoadUnsafe(ref p, (nuint)(i + length));
                    ReduceBarrett(low + high).StoreUnsafe(ref p, (nuint)i);
                    Multiply(high - low, zeta, zetaQ).StoreUnsafe(ref p, (nuint)(i + length));
                }
            }
        }

        var factor = Vector256.Create(MlKemRing.InverseFactor);
        var factorQ = factor * MlKemRing.QInverse;
        for (var i = 0; i < MlKemRing.N; i += VectorLength)
            Multiply(Vector256.LoadUnsafe(ref p, (nuint)i), factor, factorQ).StoreUnsafe(ref p, (nuint)i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Twist(ReadOnlySpan<short> polynomial, Span<short> twisted)
    {
        ref var p = ref Check(polynomial);
        ref var t = ref Check(twisted);
        ref var gammas = ref MemoryMarshal.GetArrayDataReference(Gammas);
        for (nuint i = 0; i < MlKemRing.N; i += VectorLength)
            Multiply(Vector256.LoadUnsafe(ref p, i), Vector256.LoadUnsafe(ref gammas, i), Vector256.LoadUnsafe(ref gammas, i + MlKemRing.N)).StoreUnsafe(ref t, i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void InnerProduct(ReadOnlySpan<short> a, int stride, ReadOnlySpan<short> b, ReadOnlySpan<short> twisted, int count, Span<short> sum)
    {
        ref var aStart = ref Check(a, ((count - 1) * stride) + MlKemRing.N);
        ref var bStart = ref Check(b, count * MlKemRing.N);
        ref var twistedStart = ref Check(twisted, count * MlKemRing.N);
        ref var sumStart = ref Check(sum);
        for (nuint i = 0; i < MlKemRing.N; i += VectorLength)
        {
            var (even, odd) = (Vector256<int>.Zero, Vector256<int>.Zero);
            for (var j = 0; j < count; j++)
            {
                var factor = Vector256.LoadUnsafe(ref aStart, (nuint)(j * stride) + i);
                var pairs = Vector256.LoadUnsafe(ref bStart, (nuint)(j * MlKemRing.N) + i).AsUInt32();
                even += Avx2.MultiplyAddAdjacent(factor, Vector256.LoadUnsafe(ref twistedStart, (nuint)(j * MlKemRing.N) + i));
                odd += Avx2.MultiplyAddAdjacent(factor, ((pairs << 16) | (pairs >>> 16)).AsInt16());
            }
            ((ReduceToHighHalf(even).AsUInt32() >>> 16) | ReduceToHighHalf(odd).AsUInt32()).AsInt16().StoreUnsafe(ref sumStart, i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ToMontgomery(Span<short> polynomials)
    {
        ref var p = ref Check(polynomials);
        var factor = Vector256.Create(MlKemRing.RSquared);
        var factorQ = factor * MlKemRing.QInverse;
        for (nuint i = 0; i < (nuint)polynomials.Length; i += VectorLength)
            Multiply(Vector256.LoadUnsafe(ref p, i), factor, factorQ).StoreUnsafe(ref p, i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Normalize(Span<short> polynomials)
    {
        ref var p = ref Check(polynomials);
        var q = Vector256.Create(MlKemRing.Q);
        for (nuint i = 0; i < (nuint)polynomials.Length; i += VectorLength)
        {
            var reduced = ReduceBarrett(Vector256.LoadUnsafe(ref p, i)) - q;
            (reduced + ((reduced >> 15) & q)).StoreUnsafe(ref p, i);
        }
    }

    /// <summary>Montgomery's product of each pair of lanes. <paramref name="factorQ"/> is factor / q modulo 2^16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Multiply(Vector256<short> value, Vector256<short> factor, Vector256<short> factorQ) =>
        Avx2.MultiplyHigh(value, factor) - Avx2.MultiplyHigh(value * factorQ, Vector256.Create(MlKemRing.Q));

    /// <summary>Montgomery's reduction of 32-bit sums. The result is in the high half, the low half is zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> ReduceToHighHalf(Vector256<int> value)
    {
        var quotient = value.AsInt16() * Vector256.Create(MlKemRing.QInverse & 0xFFFF).AsInt16();
        return value - Avx2.MultiplyAddAdjacent(quotient, Vector256.Create((int)MlKemRing.Q).AsInt16());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> ReduceBarrett(Vector256<short> value)
    {
        var quotient = Avx2.MultiplyHigh(value, Vector256.Create(MlKemRing.BarrettFactor)) >> (MlKemRing.BarrettShift - 16);
        return value - (quotient * Vector256.Create(MlKemRing.Q));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Butterfly(ref Vector256<short> low, ref Vector256<short> high, ref short roots, int position)
    {
        var product = Multiply(high, Vector256.LoadUnsafe(ref roots, (nuint)position), Vector256.LoadUnsafe(ref roots, (nuint)(position + Butterflies)));
        high = low - product;
        low += product;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void InverseButterfly(ref Vector256<short> low, ref Vector256<short> high, ref short roots, int position)
    {
        var difference = high - low;
        low = ReduceBarrett(low + high);
        high = Multiply(difference, Vector256.LoadUnsafe(ref roots, (nuint)position), Vector256.LoadUnsafe(ref roots, (nuint)(position + Butterflies)));
    }

    /// <summary>Two vectors of blocks of 16 become the blocks' low halves and their high halves, and back.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Interleave8(ref Vector256<short> first, ref Vector256<short> second) =>
        (first, second) = (Avx2.Permute2x128(first, second, 0x20), Avx2.Permute2x128(first, second, 0x31));

    /// <summary>The same for blocks of 8.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Interleave4(ref Vector256<short> first, ref Vector256<short> second)
    {
        var (a, b) = (first.AsInt64(), second.AsInt64());
        (first, second) = (Avx2.UnpackLow(a, b).AsInt16(), Avx2.UnpackHigh(a, b).AsInt16());
    }

    /// <summary>The same for blocks of 4.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Interleave2(ref Vector256<short> first, ref Vector256<short> second)
    {
        var (a, b) = (first.AsUInt64(), second.AsUInt64());
        first = Avx2.Blend(a.AsInt32(), (b << 32).AsInt32(), 0b10101010).AsInt16();
        second = Avx2.Blend((a >>> 32).AsInt32(), b.AsInt32(), 0b10101010).AsInt16();
    }

    private static short[] MakeInnerRoots(bool inverse) =>
    [
        .. MakeRoots(8, [0, 1], inverse),
        .. MakeRoots(4, [0, 2, 1, 3], inverse),
        .. MakeRoots(2, [0, 4, 1, 5, 2, 6, 3, 7], inverse),
    ];

    /// <param name="length">Half of a block.</param>
    /// <param name="order">The order in which two vectors' blocks lie in a vector of low halves.</param>
    /// <param name="inverse">The inverse transform takes the roots of a layer backwards.</param>
    private static short[] MakeRoots(int length, int[] order, bool inverse)
    {
        var blocks = Butterflies / length;
        var roots = new List<short>();
        for (var pair = 0; pair < blocks; pair += order.Length)
            foreach (var position in order)
                roots.AddRange(Enumerable.Repeat(MlKemRing.Zetas[inverse ? (2 * blocks) - 1 - pair - position : blocks + pair + position], length));
        return WithQuotients(roots);
    }

    private static short[] WithQuotients(List<short> factors) => [.. factors, .. factors.Select(factor => (short)(factor * MlKemRing.QInverse))];

    private static ref short Check(ReadOnlySpan<short> polynomials, int length = MlKemRing.N)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(polynomials.Length, length);
        return ref MemoryMarshal.GetReference(polynomials);
    }
}
