using System.Runtime.CompilerServices;

namespace LucidTls.Cryptography;

/// <summary>
/// The permutation Keccak-f[1600] (FIPS 202 §3) of one state or of several at once: ML-KEM hashes many short inputs that do not depend
/// on each other. The states lie interleaved: word i of state j is at i · <see cref="IKeccakLanes{TSelf}.Width"/> + j.
/// <para>Constant time: it has no branches but the count of rounds, and no lookups but the round constants.</para>
/// </summary>
internal static class Keccak
{
    /// <summary>64-bit words of a state.</summary>
    public const int StateWords = 25;

    private const int Rounds = 24;

    private static ReadOnlySpan<ulong> RoundConstants =>
    [
        0x0000000000000001, 0x0000000000008082, 0x800000000000808A, 0x8000000080008000,
        0x000000000000808B, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
        0x000000000000008A, 0x0000000000000088, 0x0000000080008009, 0x000000008000000A,
        0x000000008000808B, 0x800000000000008B, 0x8000000000008089, 0x8000000000008003,
        0x8000000000008002, 0x8000000000000080, 0x000000000000800A, 0x800000008000000A,
        0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
    ];

    /// <summary>Permutes one state.</summary>
    public static void Permute(Span<ulong> state)
    {
        if (VectorWidth.Has512)
            Permute<KeccakLanes1Avx512>(state);
        else
            Permute<KeccakLanes1>(state);
    }

    /// <summary>Permutes <see cref="IKeccakLanes{TSelf}.Width"/> states.</summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Permute<TLanes>(Span<ulong> state) where TLanes : struct, IKeccakLanes<TLanes>
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(state.Length, StateWords * TLanes.Width);
        var a00 = TLanes.Load(ref state[0 * TLanes.Width]);
        var a01 = TLanes.Load(ref state[1 * TLanes.Width]);
        var a02 = TLanes.Load(ref state[2 * TLanes.Width]);
        var a03 = TLanes.Load(ref state[3 * TLanes.Width]);
        var a04 = TLanes.Load(ref state[4 * TLanes.Width]);
        var a05 = TLanes.Load(ref state[5 * TLanes.Width]);
        var a06 = TLanes.Load(ref state[6 * TLanes.Width]);
        var a07 = TLanes.Load(ref state[7 * TLanes.Width]);
        var a08 = TLanes.Load(ref state[8 * TLanes.Width]);
        var a09 = TLanes.Load(ref state[9 * TLanes.Width]);
        var a10 = TLanes.Load(ref state[10 * TLanes.Width]);
        var a11 = TLanes.Load(ref state[11 * TLanes.Width]);
        var a12 = TLanes.Load(ref state[12 * TLanes.Width]);
        var a13 = TLanes.Load(ref state[13 * TLanes.Width]);
        var a14 = TLanes.Load(ref state[14 * TLanes.Width]);
        var a15 = TLanes.Load(ref state[15 * TLanes.Width]);
        var a16 = TLanes.Load(ref state[16 * TLanes.Width]);
        var a17 = TLanes.Load(ref state[17 * TLanes.Width]);
        var a18 = TLanes.Load(ref state[18 * TLanes.Width]);
        var a19 = TLanes.Load(ref state[19 * TLanes.Width]);
        var a20 = TLanes.Load(ref state[20 * TLanes.Width]);
        var a21 = TLanes.Load(ref state[21 * TLanes.Width]);
        var a22 = TLanes.Load(ref state[22 * TLanes.Width]);
        var a23 = TLanes.Load(ref state[23 * TLanes.Width]);
        var a24 = TLanes.Load(ref state[24 * TLanes.Width]);
        for (var round = 0; round < Rounds; round++)
        {
            // θ
            var c0 = TLanes.Xor5(a00, a05, a10, a15, a20);
            var c1 = TLanes.Xor5(a01, a06, a11, a16, a21);
            var c2 = TLanes.Xor5(a02, a07, a12, a17, a22);
            var c3 = TLanes.Xor5(a03, a08, a13, a18, a23);
            var c4 = TLanes.Xor5(a04, a09, a14, a19, a24);
            var d0 = TLanes.XorRotated(c4, c1);
            var d1 = TLanes.XorRotated(c0, c2);
            var d2 = TLanes.XorRotated(c1, c3);
            var d3 = TLanes.XorRotated(c2, c4);
            var d4 = TLanes.XorRotated(c3, c0);
            // ρ and π
            var b00 = TLanes.Xor(a00, d0);
            var b01 = TLanes.RotateLeft(TLanes.Xor(a06, d1), 44);
            var b02 = TLanes.RotateLeft(TLanes.Xor(a12, d2), 43);
            var b03 = TLanes.RotateLeft(TLanes.Xor(a18, d3), 21);
            var b04 = TLanes.RotateLeft(TLanes.Xor(a24, d4), 14);
            var b05 = TLanes.RotateLeft(TLanes.Xor(a03, d3), 28);
            var b06 = TLanes.RotateLeft(TLanes.Xor(a09, d4), 20);
            var b07 = TLanes.RotateLeft(TLanes.Xor(a10, d0), 3);
            var b08 = TLanes.RotateLeft(TLanes.Xor(a16, d1), 45);
            var b09 = TLanes.RotateLeft(TLanes.Xor(a22, d2), 61);
            var b10 = TLanes.RotateLeft(TLanes.Xor(a01, d1), 1);
            var b11 = TLanes.RotateLeft(TLanes.Xor(a07, d2), 6);
            var b12 = TLanes.RotateLeft(TLanes.Xor(a13, d3), 25);
            var b13 = TLanes.RotateLeft(TLanes.Xor(a19, d4), 8);
            var b14 = TLanes.RotateLeft(TLanes.Xor(a20, d0), 18);
            var b15 = TLanes.RotateLeft(TLanes.Xor(a04, d4), 27);
            var b16 = TLanes.RotateLeft(TLanes.Xor(a05, d0), 36);
            var b17 = TLanes.RotateLeft(TLanes.Xor(a11, d1), 10);
            var b18 = TLanes.RotateLeft(TLanes.Xor(a17, d2), 15);
            var b19 = TLanes.RotateLeft(TLanes.Xor(a23, d3), 56);
            var b20 = TLanes.RotateLeft(TLanes.Xor(a02, d2), 62);
            var b21 = TLanes.RotateLeft(TLanes.Xor(a08, d3), 55);
            var b22 = TLanes.RotateLeft(TLanes.Xor(a14, d4), 39);
            var b23 = TLanes.RotateLeft(TLanes.Xor(a15, d0), 41);
            var b24 = TLanes.RotateLeft(TLanes.Xor(a21, d1), 2);
            // χ and ι
            a00 = TLanes.Chi(b00, b01, b02);
            a01 = TLanes.Chi(b01, b02, b03);
            a02 = TLanes.Chi(b02, b03, b04);
            a03 = TLanes.Chi(b03, b04, b00);
            a04 = TLanes.Chi(b04, b00, b01);
            a05 = TLanes.Chi(b05, b06, b07);
            a06 = TLanes.Chi(b06, b07, b08);
            a07 = TLanes.Chi(b07, b08, b09);
            a08 = TLanes.Chi(b08, b09, b05);
            a09 = TLanes.Chi(b09, b05, b06);
            a10 = TLanes.Chi(b10, b11, b12);
            a11 = TLanes.Chi(b11, b12, b13);
            a12 = TLanes.Chi(b12, b13, b14);
            a13 = TLanes.Chi(b13, b14, b10);
            a14 = TLanes.Chi(b14, b10, b11);
            a15 = TLanes.Chi(b15, b16, b17);
            a16 = TLanes.Chi(b16, b17, b18);
            a17 = TLanes.Chi(b17, b18, b19);
            a18 = TLanes.Chi(b18, b19, b15);
            a19 = TLanes.Chi(b19, b15, b16);
            a20 = TLanes.Chi(b20, b21, b22);
            a21 = TLanes.Chi(b21, b22, b23);
            a22 = TLanes.Chi(b22, b23, b24);
            a23 = TLanes.Chi(b23, b24, b20);
            a24 = TLanes.Chi(b24, b20, b21);
            a00 = TLanes.Xor(a00, TLanes.Broadcast(RoundConstants[round]));
        }
        a00.Store(ref state[0 * TLanes.Width]);
        a01.Store(ref state[1 * TLanes.Width]);
        a02.Store(ref state[2 * TLanes.Width]);
        a03.Store(ref state[3 * TLanes.Width]);
        a04.Store(ref state[4 * TLanes.Width]);
        a05.Store(ref state[5 * TLanes.Width]);
        a06.Store(ref state[6 * TLanes.Width]);
        a07.Store(ref state[7 * TLanes.Width]);
        a08.Store(ref state[8 * TLanes.Width]);
        a09.Store(ref state[9 * TLanes.Width]);
        a10.Store(ref state[10 * TLanes.Width]);
        a11.Store(ref state[11 * TLanes.Width]);
        a12.Store(ref state[12 * TLanes.Width]);
        a13.Store(ref state[13 * TLanes.Width]);
        a14.Store(ref state[14 * TLanes.Width]);
        a15.Store(ref state[15 * TLanes.Width]);
        a16.Store(ref state[16 * TLanes.Width]);
        a17.Store(ref state[17 * TLanes.Width]);
        a18.Store(ref state[18 * TLanes.Width]);
        a19.Store(ref state[19 * TLanes.Width]);
        a20.Store(ref state[20 * TLanes.Width]);
        a21.Store(ref state[21 * TLanes.Width]);
        a22.Store(ref state[22 * TLanes.Width]);
        a23.Store(ref state[23 * TLanes.Width]);
        a24.Store(ref state[24 * TLanes.Width]);
    }
}
