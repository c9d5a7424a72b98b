using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>
/// SHA-256 (FIPS 180-4 §6.2), block by block, for the short messages of key derivation, as <see cref="Sha384"/>.
/// <para>
/// Constant time: additions, rotations and bitwise operations on the message alone; what is looked up is found by the number of the round.
/// </para>
/// </summary>
internal struct Sha256 : IBlockHash<Sha256>
{
    private Sha256Words _state;

    public static int BlockLength => 64;

    public static int HashLength => 32;

    private static ReadOnlySpan<uint> RoundConstants =>
    [
        0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5, 0x3956C25B, 0x59F111F1, 0x923F82A4, 0xAB1C5ED5,
        0xD807AA98, 0x12835B01, 0x243185BE, 0x550C7DC3, 0x72BE5D74, 0x80DEB1FE, 0x9BDC06A7, 0xC19BF174,
        0xE49B69C1, 0xEFBE4786, 0x0FC19DC6, 0x240CA1CC, 0x2DE92C6F, 0x4A7484AA, 0x5CB0A9DC, 0x76F988DA,
        0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7, 0xC6E00BF3, 0xD5A79147, 0x06CA6351, 0x14292967,
        0x27B70A85, 0x2E1B2138, 0x4D2C6DFC, 0x53380D13, 0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85,
        0xA2BFE8A1, 0xA81A664B, 0xC24B8B70, 0xC76C51A3, 0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070,
        0x19A4C116, 0x1E376C08, 0x2748774C, 0x34B0BCB5, 0x391C0CB3, 0x4ED8AA4A, 0x5B9CCA4F, 0x682E6FF3,
        0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208, 0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2,
    ];

    public static Sha256 Start()
    {
        var hash = default(Sha256);
        ReadOnlySpan<uint> initial = [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19];
        initial.CopyTo(hash._state);
        return hash;
    }

    public readonly void Write(Span<byte> hash)
    {
        for (var i = 0; i < HashLength / sizeof(uint); i++)
            BinaryPrimitives.WriteUInt32BigEndian(hash[(i * sizeof(uint))..], _state[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Compress(ReadOnlySpan<byte> block)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(block.Length, BlockLength);
        // The message schedule, four words a vector: the sixteen words that the next rounds take.
        ref var bytes = ref MemoryMarshal.GetReference(block);
        var (x0, x1, x2, x3) = (Load(ref bytes, 0), Load(ref bytes, 1), Load(ref bytes, 2), Load(ref bytes, 3));
        Unsafe.SkipInit(out Sha256Inputs inputs);
        ref var w = ref Unsafe.As<Sha256Inputs, uint>(ref inputs);
        ref var k = ref MemoryMarshal.GetReference(RoundConstants);
        var (a, b, c, d) = (_state[0], _state[1], _state[2], _state[3]);
        var (e, f, g, h) = (_state[4], _state[5], _state[6], _state[7]);
        unchecked
        {
            for (var i = 0; i < 64; i += 16)
            {
                (x0 + Vector128.LoadUnsafe(ref k, (nuint)i)).StoreUnsafe(ref w);
                (x1 + Vector128.LoadUnsafe(ref k, (nuint)i + 4)).StoreUnsafe(ref w, 4);
                (x2 + Vector128.LoadUnsafe(ref k, (nuint)i + 8)).StoreUnsafe(ref w, 8);
                (x3 + Vector128.LoadUnsafe(ref k, (nuint)i + 12)).StoreUnsafe(ref w, 12);
                x0 = Next(x0, x1, x2, x3);
                x1 = Next(x1, x2, x3, x0);
                x2 = Next(x2, x3, x0, x1);
                x3 = Next(x3, x0, x1, x2);
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
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(new Span<Sha256Inputs>(ref inputs)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Load(ref byte bytes, int four)
    {
        var words = Vector128.LoadUnsafe(ref bytes, (nuint)(four * Vector128<byte>.Count));
        return Vector128.Shuffle(words, Vector128.Create((byte)3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12)).AsUInt32();
    }

    /// <summary>W(t) to W(t + 3) from the sixteen words before them. The last two need the first two, so the second sigma is taken in halves: that of 0 is 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Next(Vector128<uint> w16, Vector128<uint> w12, Vector128<uint> w8, Vector128<uint> w4)
    {
        var w15 = Straddle(w16, w12);
        var next = w16 + (RotateRight(w15, 7) ^ RotateRight(w15, 18) ^ (w15 >>> 3)) + Straddle(w8, w4);
        next += SmallSigma1(Vector128.Shuffle(w4, Vector128.Create(2u, 3, 4, 4)));
        return next + SmallSigma1(Vector128.Shuffle(next, Vector128.Create(4u, 4, 0, 1)));
    }

    /// <summary>The four words that begin at the second of <paramref name="first"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Straddle(Vector128<uint> first, Vector128<uint> second) =>
        Ssse3.IsSupported ? Ssse3.AlignRight(second, first, sizeof(uint))
        : Vector128.Shuffle(first, Vector128.Create(1u, 2, 3, 4)) | Vector128.Shuffle(second, Vector128.Create(4u, 4, 4, 0));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> SmallSigma1(Vector128<uint> x) => RotateRight(x, 17) ^ RotateRight(x, 19) ^ (x >>> 10);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> RotateRight(Vector128<uint> x, [ConstantExpected] byte count) =>
        VectorWidth.Has512 ? Avx512F.VL.RotateRight(x, count) : (x >>> count) | (x << (32 - count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Choose(uint x, uint y, uint z) => z ^ (x & (y ^ z));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Majority(uint x, uint y, uint z) => (x & y) | (z & (x | y));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint BigSigma0(uint x) => uint.RotateRight(x, 2) ^ uint.RotateRight(x, 13) ^ uint.RotateRight(x, 22);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint BigSigma1(uint x) => uint.RotateRight(x, 6) ^ uint.RotateRight(x, 11) ^ uint.RotateRight(x, 25);

    [InlineArray(8)]
    private struct Sha256Words
    {
        private uint _first;
    }

    /// <summary>What sixteen rounds add: W(t) + K(t).</summary>
    [InlineArray(16)]
    private struct Sha256Inputs
    {
        private uint _first;
    }
}
