using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>
/// The Montgomery ladder with the four coordinates side by side in vectors of 256 bits, in which a step's ten multiplications take the time of
/// four: (X2, Z2, X3, Z3), with all its variables in one place, so that they can be wiped at once. Names as in RFC 7748 §5.
/// </summary>
internal struct X25519VectorLadder
{
    private Field25519x4 _v;
    private Field25519x4 _left;
    private Field25519x4 _right;
    private Field25519x4 _x1;

    /// <summary>The u-coordinate of k · P as <paramref name="x"/>/<paramref name="z"/>.</summary>
    public static void Run(ReadOnlySpan<byte> clampedScalar, in Field25519 u, out Field25519 x, out Field25519 z)
    {
        var ladder = new X25519VectorLadder
        {
            _v = Field25519x4.Create(Field25519.One, default, u, Field25519.One),
            _x1 = Field25519x4.Create(Field25519.One, Field25519.One, Field25519.One, u),
        };
        ladder.Run(clampedScalar);
        // A clamped scalar ends in zeros, so that no exchange is left to be done.
        (x, z) = (ladder._v.Get(0), ladder._v.Get(1));
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(new Span<X25519VectorLadder>(ref ladder)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Run(ReadOnlySpan<byte> clampedScalar)
    {
        var swap = 0UL;
        for (var word = 3; word >= 0; word--)
        {
            var bits = BinaryPrimitives.ReadUInt64LittleEndian(clampedScalar[(8 * word)..]);
            for (var position = word == 3 ? 62 : 63; position >= 0; position--)
            {
                var bit = (bits >> position) & 1;
                Step((uint)(swap ^ bit));
                swap = bit;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Step(uint swap)
    {
        Field25519x4.SumsAndDifferences(_v, Order(0, 1, 2, 3, swap), Order(0, 1, 1, 0, swap), out _left, out _right); // A, B, C, D and A, B, B, A
        Field25519x4.Multiply(_left, _right, out _v); // AA, BB, CB, DA
        Field25519x4.DifferencesAndSums(_v, X25519.A24, out _left, out _right); // AA, E, CB + DA, CB - DA and BB, AA + a24 E, CB + DA, CB - DA
        Field25519x4.Multiply(_left, _right, out _v);
        Field25519x4.Multiply(_v, _x1, out _v);
    }

    /// <summary>An order of the four lanes as 32-bit words, both halves exchanged when <paramref name="swap"/> is 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Order(uint a, uint b, uint c, uint d, uint swap) =>
        Vector256.Create(2 * a, (2 * a) + 1, 2 * b, (2 * b) + 1, 2 * c, (2 * c) + 1, 2 * d, (2 * d) + 1) ^ Vector256.Create(4 * swap);
}
