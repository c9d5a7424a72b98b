using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>
/// Makes ML-KEM's polynomials out of seeds (FIPS 203 §4.2.2), as many Keccak states at once as the processor has lanes for.
/// <para>
/// The matrix is public and its sampling takes as long as it takes; the noise is secret, and its sampling has neither branches nor
/// lookups that depend on it.
/// </para>
/// </summary>
internal static class MlKemSampler
{
    private const int Shake128RateWords = 21;
    private const int Shake256RateWords = 17;
    private const int SeedWords = 4;
    private const ulong ShakeSuffix = 0x1F;
    private const ulong LastBitOfRate = 1UL << 63;

    private const int CandidatesPerBlock = Shake128RateWords * 64 / 12;

    /// <summary>The matrix Â of <paramref name="rank"/>² transformed polynomials, row by row, coefficients from 0 to q - 1.</summary>
    public static void ExpandMatrix(ReadOnlySpan<byte> rho, int rank, Span<short> matrix)
    {
        if (VectorWidth.Has512)
            ExpandMatrix<KeccakLanes8>(rho, rank, matrix);
        else if (VectorWidth.Has256)
            ExpandMatrix<KeccakLanes4>(rho, rank, matrix);
        else
            ExpandMatrix<KeccakLanes1>(rho, rank, matrix);
    }

    /// <summary>
    /// Noise polynomials of the centered binomial distribution with η = 2 (FIPS 203 algorithm 8), one for each nonce from
    /// <paramref name="firstNonce"/> on; coefficients from -2 to 2.
    /// </summary>
    public static void SampleNoise(ReadOnlySpan<byte> seed, int firstNonce, Span<short> polynomials)
    {
        if (VectorWidth.Has512)
            SampleNoise<KeccakLanes8>(seed, firstNonce, polynomials);
        else if (VectorWidth.Has256)
            SampleNoise<KeccakLanes4>(seed, firstNonce, polynomials);
        else
            SampleNoise<KeccakLanes1>(seed, firstNonce, polynomials);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void ExpandMatrix<TLanes>(ReadOnlySpan<byte> rho, int rank, Span<short> matrix) where TLanes : struct, IKeccakLanes<TLanes>
    {
        Span<ulong> states = stackalloc ulong[Keccak.StateWords * TLanes.Width];
        Span<int> filled = stackalloc int[TLanes.Width];
        for (var first = 0; first < rank * rank; first += TLanes.Width)
        {
            var count = Math.Min(TLanes.Width, (rank * rank) - first);
            AbsorbSeed(states, TLanes.Width, rho);
            for (var lane = 0; lane < count; lane++)
            {
                // FIPS 203 algorithm 13: the column is absorbed before the row.
                var (row, column) = Math.DivRem(first + lane, rank);
                states[(SeedWords * TLanes.Width) + lane] = (uint)column | ((uint)row << 8) | (ShakeSuffix << 16);
                states[((Shake128RateWords - 1) * TLanes.Width) + lane] = LastBitOfRate;
            }
            filled.Clear();
            do
            {
                Keccak.Permute<TLanes>(states);
                for (var lane = 0; lane < count; lane++)
                    filled[lane] = TakeCoefficients(states, lane, TLanes.Width, matrix.Slice((first + lane) * MlKemRing.N, MlKemRing.N), filled[lane]);
            }
            while (filled[..count].IndexOfAnyExcept(MlKemRing.N) >= 0);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void SampleNoise<TLanes>(ReadOnlySpan<byte> seed, int firstNonce, Span<short> polynomials) where TLanes : struct, IKeccakLanes<TLanes>
    {
        Span<ulong> states = stackalloc ulong[Keccak.StateWords * TLanes.Width];
        var total = polynomials.Length / MlKemRing.N;
        for (var first = 0; first < total; first += TLanes.Width)
        {
            AbsorbSeed(states, TLanes.Width, seed);
            for (var lane = 0; lane < TLanes.Width; lane++)
            {
                states[(SeedWords * TLanes.Width) + lane] = (ulong)(byte)(firstNonce + first + lane) | (ShakeSuffix << 8);
                states[((Shake256RateWords - 1) * TLanes.Width) + lane] = LastBitOfRate;
            }
            Keccak.Permute<TLanes>(states);
            for (var lane = 0; lane < Math.Min(TLanes.Width, total - first); lane++)
                CenterBinomially(states, lane, TLanes.Width, polynomials.Slice((first + lane) * MlKemRing.N, MlKemRing.N));
        }
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(states));
    }

    private static void AbsorbSeed(Span<ulong> states, int width, ReadOnlySpan<byte> seed)
    {
        states.Clear();
        var words = MemoryMarshal.Cast<byte, ulong>(seed[..(SeedWords * sizeof(ulong))]);
        for (var i = 0; i < SeedWords; i++)
            states.Slice(i * width, width).Fill(words[i]);
    }

    /// <summary>Rejection sampling (FIPS 203 algorithm 7) from one block: twelve bits are a coefficient when they are below q.</summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int TakeCoefficients(ReadOnlySpan<ulong> states, int lane, int width, Span<short> polynomial, int filled)
    {
        // Each candidate is written to the next place, which moves on when it was good: no branch to predict.
        Span<short> taken = stackalloc short[CandidatesPerBlock + 1];
        ref var next = ref MemoryMarshal.GetReference(taken);
        var count = 0;
        for (var i = 0; i < Shake128RateWords; i += 3)
        {
            var (w0, w1, w2) = (states[(i * width) + lane], states[((i + 1) * width) + lane], states[((i + 2) * width) + lane]);
            Offer(ref next, ref count, w0);
            Offer(ref next, ref count, w0 >> 12);
            Offer(ref next, ref count, w0 >> 24);
            Offer(ref next, ref count, w0 >> 36);
            Offer(ref next, ref count, w0 >> 48);
            Offer(ref next, ref count, (w0 >> 60) | (w1 << 4));
            Offer(ref next, ref count, w1 >> 8);
            Offer(ref next, ref count, w1 >> 20);
            Offer(ref next, ref count, w1 >> 32);
            Offer(ref next, ref count, w1 >> 44);
            Offer(ref next, ref count, (w1 >> 56) | (w2 << 8));
            Offer(ref next, ref count, w2 >> 4);
            Offer(ref next, ref count, w2 >> 16);
            Offer(ref next, ref count, w2 >> 28);
            Offer(ref next, ref count, w2 >> 40);
            Offer(ref next, ref count, w2 >> 52);
        }
        count = Math.Min(count, MlKemRing.N - filled);
        taken[..count].CopyTo(polynomial[filled..]);
        return filled + count;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Offer(ref short next, ref int count, ulong bits)
    {
        var candidate = (int)(bits & 0xFFF);
        Unsafe.Add(ref next, count) = (short)candidate;
        count += (candidate - MlKemRing.Q) >>> 31;
    }

    /// <summary>Sixteen coefficients a word, each from four bits: the first two less the last two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CenterBinomially(ReadOnlySpan<ulong> states, int lane, int width, Span<short> polynomial)
    {
        const ulong EvenBits = 0x5555_5555_5555_5555;
        var spread = Vector256.Create((byte)0, 1, 0, 1, 0, 1, 0, 1, 2, 3, 2, 3, 2, 3, 2, 3, 20, 21, 20, 21, 20, 21, 20, 21, 22, 23, 22, 23, 22, 23, 22, 23);
        // Multiplying shifts a lane's four bits to its top, each lane's by another distance.
        var toTop = Vector256.Create((ushort)4096, 256, 16, 1, 4096, 256, 16, 1, 4096, 256, 16, 1, 4096, 256, 16, 1);
        for (var i = 0; i < MlKemRing.N / 16; i++)
        {
            var word = states[(i * width) + lane];
            var sums = (word & EvenBits) + ((word >> 1) & EvenBits);
            var lanes = (Vector256.Shuffle(Vector256.Create(sums).AsByte(), spread).AsUInt16() * toTop) >>> 12;
            ((lanes & Vector256.Create((ushort)3)) - (lanes >>> 2)).AsInt16().CopyTo(polynomial[(16 * i)..]);
        }
    }
}
