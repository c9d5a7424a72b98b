using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace LucidTls.Cryptography;

/// <summary>
/// The ring of ML-KEM, polynomials of 256 coefficients modulo q = 3329 (FIPS 203 §4.3), as spans of 256 signed 16-bit numbers that stand for
/// their value modulo q. Products carry a factor 1/R with R = 2^16 (Montgomery), as said at each operation.
/// <para>
/// Constant time: additions, multiplications and shifts on the coefficients, no branch and no index depends on them.
/// </para>
/// This is the portable form; <see cref="MlKemRingAvx2"/> does the same sixteen coefficients at a time.
/// </summary>
internal static class MlKemRing
{
    /// <summary>Coefficients of a polynomial.</summary>
    public const int N = 256;

    public const short Q = 3329;

    /// <summary>1/q modulo 2^16.</summary>
    public const short QInverse = -3327;

    /// <summary>2^26/q, rounded.</summary>
    public const short BarrettFactor = 20159;
    public const int BarrettShift = 26;

    /// <summary>R² modulo q: a Montgomery product with it multiplies with R.</summary>
    public const short RSquared = 1353;

    /// <summary>R²/128 modulo q: what the inverse transform multiplies with at its end, so that its result carries a factor R.</summary>
    public const short InverseFactor = 1441;

    /// <summary>17 is a 256th root of unity modulo q (FIPS 203 §4.3).</summary>
    private const int Zeta = 17;

    /// <summary>R · 17^BitRev7(i) modulo q, between -q/2 and q/2.</summary>
    internal static readonly short[] Zetas = MakeZetas();

    /// <summary>NTT (FIPS 203 algorithm 9). Takes coefficients between -q and q, gives coefficients from 0 to q.</summary>
    public static void Transform(Span<short> polynomial)
    {
        if (VectorWidth.Has256)
            MlKemRingAvx2.Transform(polynomial);
        else
            TransformPortably(polynomial);
    }

    /// <summary>NTT⁻¹ (FIPS 203 algorithm 10) times R. Takes coefficients between -q and q, gives coefficients between -q and q.</summary>
    public static void InverseTransform(Span<short> polynomial)
    {
        if (VectorWidth.Has256)
            MlKemRingAvx2.InverseTransform(polynomial);
        else
            InverseTransformPortably(polynomial);
    }

    /// <summary>
    /// Prepares a transformed polynomial as the second factor of <see cref="InnerProduct"/>: the odd coefficient of each pair is multiplied with the
    /// pair's γ = 17^(2 BitRev7(i) + 1), for which X² stands there (FIPS 203 algorithm 12).
    /// </summary>
    public static void Twist(ReadOnlySpan<short> polynomial, Span<short> twisted)
    {
        if (VectorWidth.Has256)
            MlKemRingAvx2.Twist(polynomial, twisted);
        else
            TwistPortably(polynomial, twisted);
    }

    /// <summary>
    /// The sum of the products a_j ∘ b_j of <paramref name="count"/> (at most 4) transformed polynomials, divided by R (FIPS 203 algorithm 11).
    /// </summary>
    /// <param name="a">The first factors, <paramref name="stride"/> coefficients apart, from 0 to q.</param>
    /// <param name="stride">The distance of one a_j to the next.</param>
    /// <param name="b">The second factors, one after the other, between -q and q.</param>
    /// <param name="twisted">The same after <see cref="Twist"/>.</param>
    /// <param name="count">How many products.</param>
    /// <param name="sum">The result, between -q and q.</param>
    public static void InnerProduct(ReadOnlySpan<short> a, int stride, ReadOnlySpan<short> b, ReadOnlySpan<short> twisted, int count, Span<short> sum)
    {
        if (VectorWidth.Has256)
            MlKemRingAvx2.InnerProduct(a, stride, b, twisted, count, sum);
        else
            InnerProductPortably(a, stride, b, twisted, count, sum);
    }

    /// <summary>Multiplies each coefficient with R.</summary>
    public static void ToMontgomery(Span<short> polynomial)
    {
        if (VectorWidth.Has256)
            MlKemRingAvx2.ToMontgomery(polynomial);
        else
            ToMontgomeryPortably(polynomial);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void ToMontgomeryPortably(Span<short> polynomial)
    {
        for (var i = 0; i < polynomial.Length; i++)
            polynomial[i] = MultiplyMontgomery(polynomial[i], RSquared);
    }

    /// <summary>The representatives from 0 to q - 1, of any coefficients.</summary>
    public static void Normalize(Span<short> polynomial)
    {
        if (VectorWidth.Has256)
            MlKemRingAvx2.Normalize(polynomial);
        else
            NormalizePortably(polynomial);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void NormalizePortably(Span<short> polynomial)
    {
        for (var i = 0; i < polynomial.Length; i++)
        {
            var reduced = ReduceBarrett(polynomial[i]) - Q;
            polynomial[i] = (short)(reduced + ((reduced >> 31) & Q));
        }
    }

    /// <summary>Adds without reducing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(Span<short> polynomials, ReadOnlySpan<short> addends)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(addends.Length, polynomials.Length);
        ref var p = ref MemoryMarshal.GetReference(polynomials);
        ref var a = ref MemoryMarshal.GetReference(addends);
        for (nuint i = 0; i < (nuint)polynomials.Length; i += (nuint)Vector256<short>.Count)
            (Vector256.LoadUnsafe(ref p, i) + Vector256.LoadUnsafe(ref a, i)).StoreUnsafe(ref p, i);
    }

    /// <summary>Subtracts without reducing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Subtract(Span<short> polynomials, ReadOnlySpan<short> subtrahends)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(subtrahends.Length, polynomials.Length);
        ref var p = ref MemoryMarshal.GetReference(polynomials);
        ref var s = ref MemoryMarshal.GetReference(subtrahends);
        for (nuint i = 0; i < (nuint)polynomials.Length; i += (nuint)Vector256<short>.Count)
            (Vector256.LoadUnsafe(ref p, i) - Vector256.LoadUnsafe(ref s, i)).StoreUnsafe(ref p, i);
    }

    /// <summary>a · b / R, between -q and q, for |a · b| up to q · 2^15.</summary>
    internal static short MultiplyMontgomery(short a, short b) => ReduceMontgomery(a * b);

    internal static short ReduceMontgomery(int value) => (short)((value - ((short)(value * QInverse) * Q)) >> 16);

    /// <summary>Congruent and from 0 to q.</summary>
    internal static short ReduceBarrett(short value) => (short)(value - (((value * BarrettFactor) >> BarrettShift) * Q));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void TransformPortably(Span<short> polynomial)
    {
        var zetaIndex = 1;
        for (var length = N / 2; length >= 2; length /= 2)
        {
            for (var start = 0; start < N; start += 2 * length)
            {
                var zeta = Zetas[zetaIndex++];
                for (var i = start; i < start + length; i++)
                {
                    var product = MultiplyMontgomery(polynomial[i + length], zeta);
                    polynomial[i + length] = (short)(polynomial[i] - product);
                    polynomial[i] += product;
                }
            }
        }
        for (var i = 0; i < N; i++)
            polynomial[i] = ReduceBarrett(polynomial[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void InverseTransformPortably(Span<short> polynomial)
    {
        var zetaIndex = (N / 2) - 1;
        for (var length = 2; length <= N / 2; length *= 2)
        {
            for (var start = 0; start < N; start += 2 * length)
            {
                var zeta = Zetas[zetaIndex--];
                for (var i = start; i < start + length; i++)
                {
                    var (low, high) = (polynomial[i], polynomial[i + length]);
                    polynomial[i] = ReduceBarrett((short)(low + high));
                    polynomial[i + length] = MultiplyMontgomery((short)(high - low), zeta);
                }
            }
        }
        for (var i = 0; i < N; i++)
            polynomial[i] = MultiplyMontgomery(polynomial[i], InverseFactor);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void TwistPortably(ReadOnlySpan<short> polynomial, Span<short> twisted)
    {
        for (var i = 0; i < N; i += 2)
        {
            twisted[i] = polynomial[i];
            twisted[i + 1] = MultiplyMontgomery(polynomial[i + 1], Gamma(i / 2));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void InnerProductPortably(ReadOnlySpan<short> a, int stride, ReadOnlySpan<short> b, ReadOnlySpan<short> twisted, int count, Span<short> sum)
    {
        for (var i = 0; i < N; i += 2)
        {
            var (even, odd) = (0, 0);
            for (var j = 0; j < count; j++)
            {
                var (a0, a1) = (a[(j * stride) + i], a[(j * stride) + i + 1]);
                even += (a0 * twisted[(j * N) + i]) + (a1 * twisted[(j * N) + i + 1]);
                odd += (a0 * b[(j * N) + i + 1]) + (a1 * b[(j * N) + i]);
            }
            sum[i] = ReduceMontgomery(even);
            sum[i + 1] = ReduceMontgomery(odd);
        }
    }

    /// <summary>R · γ of pair i: the root of the last layer and its negative by turns.</summary>
    internal static short Gamma(int pair) => (pair & 1) == 0 ? Zetas[64 + (pair / 2)] : (short)-Zetas[64 + (pair / 2)];

    private static short[] MakeZetas()
    {
        var zetas = new short[N / 2];
        for (var i = 0; i < zetas.Length; i++)
        {
            var exponent = 0;
            for (var bit = 0; bit < 7; bit++)
                exponent |= ((i >> bit) & 1) << (6 - bit);
            var value = (1 << 16) % Q;
            for (; exponent > 0; exponent--)
                value = value * Zeta % Q;
            zetas[i] = (short)(value > Q / 2 ? value - Q : value);
        }
        return zetas;
    }
}
