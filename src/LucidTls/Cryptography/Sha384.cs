using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>
/// SHA-384 (FIPS 180-4 §6.5), block by block, for the short messages of key derivation. A call of the platform costs more than a short message is worth; long messages are the platform's.
/// <para>
/// Constant time: additions, rotations and bitwise operations on the message alone; what is looked up is found by the number of the round.
/// </para>
/// </summary>
internal struct Sha384 : IBlockHash<Sha384>
{
    private Sha384Words _state;

    public static int BlockLength => 128;

    public static int HashLength => 48;

    private static ReadOnlySpan<ulong> RoundConstants =>
    [
        0x428A2F98D728AE22, 0x7137449123EF65CD, 0xB5C0FBCFEC4D3B2F, 0xE9B5DBA58189DBBC,
        0x3956C25BF348B538, 0x59F111F1B605D019, 0x923F82A4AF194F9B, 0xAB1C5ED5DA6D8118,
        0xD807AA98A3030242, 0x12835B0145706FBE, 0x243185BE4EE4B28C, 0x550C7DC3D5FFB4E2,
        0x72BE5D74F27B896F, 0x80DEB1FE3B1696B1, 0x9BDC06A725C71235, 0xC19BF174CF692694,
        0xE49B69C19EF14AD2, 0xEFBE4786384F25E3, 0x0FC19DC68B8CD5B5, 0x240CA1CC77AC9C65,
        0x2DE92C6F592B0275, 0x4A7484AA6EA6E483, 0x5CB0A9DCBD41FBD4, 0x76F988DA831153B5,
        0x983E5152EE66DFAB, 0xA831C66D2DB43210, 0xB00327C898FB213F, 0xBF597FC7BEEF0EE4,
        0xC6E00BF33DA88FC2, 0xD5A79147930AA725, 0x06CA6351E003826F, 0x142929670A0E6E70,
        0x27B70A8546D22FFC, 0x2E1B21385C26C926, 0x4D2C6DFC5AC42AED, 0x53380D139D95B3DF,
        0x650A73548BAF63DE, 0x766A0ABB3C77B2A8, 0x81C2C92E47EDAEE6, 0x92722C851482353B,
        0xA2BFE8A14CF10364, 0xA81A664BBC423001, 0xC24B8B70D0F89791, 0xC76C51A30654BE30,
        0xD192E819D6EF5218, 0xD69906245565A910, 0xF40E35855771202A, 0x106AA07032BBD1B8,
        0x19A4C116B8D2D0C8, 0x1E376C085141AB53, 0x2748774CDF8EEB99, 0x34B0BCB5E19B48A8,
        0x391C0CB3C5C95A63, 0x4ED8AA4AE3418ACB, 0x5B9CCA4F7763E373, 0x682E6FF3D6B2B8A3,
        0x748F82EE5DEFB2FC, 0x78A5636F43172F60, 0x84C87814A1F0AB72, 0x8CC702081A6439EC,
        0x90BEFFFA23631E28, 0xA4506CEBDE82BDE9, 0xBEF9A3F7B2C67915, 0xC67178F2E372532B,
        0xCA273ECEEA26619C, 0xD186B8C721C0C207, 0xEADA7DD6CDE0EB1E, 0xF57D4F7FEE6ED178,
        0x06F067AA72176FBA, 0x0A637DC5A2C898A6, 0x113F9804BEF90DAE, 0x1B710B35131C471B,
        0x28DB77F523047D84, 0x32CAAB7B40C72493, 0x3C9EBE0A15C9BEBC, 0x431D67C49C100D4C,
        0x4CC5D4BECB3E42B6, 0x597F299CFC657E2A, 0x5FCB6FAB3AD6FAEC, 0x6C44198C4A475817,
    ];

    public static Sha384 Start()
    {
        var hash = default(Sha384);
        ReadOnlySpan<ulong> initial = [0xCBBB9D5DC1059ED8, 0x629A292A367CD507, 0x9159015A3070DD17, 0x152FECD8F70E5939, 0x67332667FFC00B31, 0x8EB44A8768581511, 0xDB0C2E0D64F98FA7, 0x47B5481DBEFA4FA4];
        initial.CopyTo(hash._state);
        return hash;
    }

    public readonly void Write(Span<byte> hash)
    {
        for (var i = 0; i < HashLength / sizeof(ulong); i++)
            BinaryPrimitives.WriteUInt64BigEndian(hash[(i * sizeof(ulong))..], _state[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Compress(ReadOnlySpan<byte> block)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(block.Length, BlockLength);
        // The message schedule, two words a vector: the sixteen words that the next rounds take.
        ref var bytes = ref MemoryMarshal.GetReference(block);
        var (x0, x1, x2, x3) = (Load(ref bytes, 0), Load(ref bytes, 1), Load(ref bytes, 2), Load(ref bytes, 3));
        var (x4, x5, x6, x7) = (Load(ref bytes, 4), Load(ref bytes, 5), Load(ref bytes, 6), Load(ref bytes, 7));
        Unsafe.SkipInit(out Sha384Inputs inputs);
        ref var w = ref Unsafe.As<Sha384Inputs, ulong>(ref inputs);
        ref var k = ref MemoryMarshal.GetReference(RoundConstants);
        var (a, b, c, d) = (_state[0], _state[1], _state[2], _state[3]);
        var (e, f, g, h) = (_state[4], _state[5], _state[6], _state[7]);
        unchecked
        {
            for (var i = 0; i < 80; i += 16)
            {
                (x0 + Vector128.LoadUnsafe(ref k, (nuint)i)).StoreUnsafe(ref w);
                (x1 + Vector128.LoadUnsafe(ref k, (nuint)i + 2)).StoreUnsafe(ref w, 2);
                (x2 + Vector128.LoadUnsafe(ref k, (nuint)i + 4)).StoreUnsafe(ref w, 4);
                (x3 + Vector128.LoadUnsafe(ref k, (nuint)i + 6)).StoreUnsafe(ref w, 6);
                (x4 + Vector128.LoadUnsafe(ref k, (nuint)i + 8)).StoreUnsafe(ref w, 8);
                (x5 + Vector128.LoadUnsafe(ref k, (nuint)i + 10)).StoreUnsafe(ref w, 10);
                (x6 + Vector128.LoadUnsafe(ref k, (nuint)i + 12)).StoreUnsafe(ref w, 12);
                (x7 + Vector128.LoadUnsafe(ref k, (nuint)i + 14)).StoreUnsafe(ref w, 14);
                x0 = Next(x0, x1, x4, x5, x7);
                x1 = Next(x1, x2, x5, x6, x0);
                x2 = Next(x2, x3, x6, x7, x1);
                x3 = Next(x3, x4, x7, x0, x2);
                x4 = Next(x4, x5, x0, x1, x3);
                x5 = Next(x5, x6, x1, x2, x4);
                x6 = Next(x6, x7, x2, x3, x5);
                x7 = Next(x7, x0, x3, x4, x6);
                for (var j = 0; j < 16; j += 8)
                {
                    // The variables' names turn instead of their values.
                    h += BigSigma1(e) + Choose(e, f, g) + Unsafe.Add(ref w, j + 0);
                    d += h;
                    h += BigSigma0(a) + Majority(a, b, c);
                    g += BigSigma1(d) + Choose(d, e, f) + Unsafe.Add(ref w, j + 1);
                    c += g;
                    g += BigSigma0(h) + Majority(h, a, b);
                    f += BigSigma1(c) + Choose(c, d, e) + Unsafe.Add(ref w, j + 2);
                    b += f;
                    f += BigSigma0(g) + Majority(g, h, a);
                    e += BigSigma1(b) + Choose(b, c, d) + Unsafe.Add(ref w, j + 3);
                    a += e;
                    e += BigSigma0(f) + Majority(f, g, h);
                    d += BigSigma1(a) + Choose(a, b, c) + Unsafe.Add(ref w, j + 4);
                    h += d;
                    d += BigSigma0(e) + Majority(e, f, g);
                    c += BigSigma1(h) + Choose(h, a, b) + Unsafe.Add(ref w, j + 5);
                    g += c;
                    c += BigSigma0(d) + Majority(d, e, f);
                    b += BigSigma1(g) + Choose(g, h, a) + Unsafe.Add(ref w, j + 6);
                    f += b;
                    b += BigSigma0(c) + Majority(c, d, e);
                    a += BigSigma1(f) + Choose(f, g, h) + Unsafe.Add(ref w, j + 7);
                    e += a;
                    a += BigSigma0(b) + Majority(b, c, d);
                }
            }
            _state[0] += a;
            _state[1] += b;
            _state[2] += c;
            _state[3] += d;
            _state[4] += e;
            _state[5] += f;
            _state[6] += g;
            _state[7] += h;
        }
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(new Span<Sha384Inputs>(ref inputs)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Load(ref byte bytes, int pair)
    {
        var words = Vector128.LoadUnsafe(ref bytes, (nuint)(pair * Vector128<byte>.Count));
        return Vector128.Shuffle(words, Vector128.Create((byte)7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8)).AsUInt64();
    }

    /// <summary>W(t) and W(t + 1) from the pairs of t - 16, t - 14, t - 8, t - 6 and t - 2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Next(Vector128<ulong> w16, Vector128<ulong> w14, Vector128<ulong> w8, Vector128<ulong> w6, Vector128<ulong> w2)
    {
        var w15 = Straddle(w16, w14);
        var sigma0 = RotateRight(w15, 1) ^ RotateRight(w15, 8) ^ (w15 >>> 7);
        var sigma1 = RotateRight(w2, 19) ^ RotateRight(w2, 61) ^ (w2 >>> 6);
        return w16 + sigma0 + Straddle(w8, w6) + sigma1;
    }

    /// <summary>The pair that begins in the middle of <paramref name="first"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Straddle(Vector128<ulong> first, Vector128<ulong> second) =>
        Sse2.IsSupported ? Sse2.Shuffle(first.AsDouble(), second.AsDouble(), 0b01).AsUInt64()
        : AdvSimd.IsSupported ? AdvSimd.ExtractVector128(first, second, 1)
        : Vector128.Create(first[1], second[0]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> RotateRight(Vector128<ulong> x, [ConstantExpected] byte count) =>
        VectorWidth.Has512 ? Avx512F.VL.RotateRight(x, count) : (x >>> count) | (x << (64 - count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Choose(ulong x, ulong y, ulong z) => z ^ (x & (y ^ z));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Majority(ulong x, ulong y, ulong z) => (x & y) | (z & (x | y));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong BigSigma0(ulong x) => ulong.RotateRight(x, 28) ^ ulong.RotateRight(x, 34) ^ ulong.RotateRight(x, 39);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong BigSigma1(ulong x) => ulong.RotateRight(x, 14) ^ ulong.RotateRight(x, 18) ^ ulong.RotateRight(x, 41);

    [InlineArray(8)]
    private struct Sha384Words
    {
        private ulong _first;
    }

    /// <summary>What sixteen rounds add: W(t) + K(t).</summary>
    [InlineArray(16)]
    private struct Sha384Inputs
    {
        private ulong _first;
    }
}
