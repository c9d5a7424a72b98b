using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>The Montgomery ladder with all its variables in one place, so that they can be wiped at once. Names as in RFC 7748 §5.</summary>
internal struct X25519Ladder
{
    private Field25519 _x1, _x2, _z2, _x3, _z3;
    private Field25519 _a, _b, _c, _d, _e, _aa, _bb, _t;

    /// <summary>The u-coordinate of k · P as <paramref name="x"/>/<paramref name="z"/>.</summary>
    public static void Run(ReadOnlySpan<byte> clampedScalar, in Field25519 u, out Field25519 x, out Field25519 z)
    {
        var ladder = new X25519Ladder();
        ladder.Run(clampedScalar, u);
        (x, z) = (ladder._x2, ladder._z2);
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(new Span<X25519Ladder>(ref ladder)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Run(ReadOnlySpan<byte> clampedScalar, in Field25519 u)
    {
        _x1 = u;
        _x2 = Field25519.One;
        _z2 = default;
        _x3 = u;
        _z3 = Field25519.One;
        var swap = 0UL;
        for (var word = 3; word >= 0; word--)
        {
            var bits = BinaryPrimitives.ReadUInt64LittleEndian(clampedScalar[(8 * word)..]);
            for (var position = word == 3 ? 62 : 63; position >= 0; position--)
            {
                var bit = (bits >> position) & 1;
                swap ^= bit;
                Field25519.Swap(swap, ref _x2, ref _x3);
                Field25519.Swap(swap, ref _z2, ref _z3);
                swap = bit;
                Step();
            }
        }
        Field25519.Swap(swap, ref _x2, ref _x3);
        Field25519.Swap(swap, ref _z2, ref _z3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Step()
    {
        Field25519.Add(_x2, _z2, out _a);
        Field25519.Subtract(_x2, _z2, out _b);
        Field25519.Add(_x3, _z3, out _c);
        Field25519.Subtract(_x3, _z3, out _d);
        Field25519.Square(_a, out _aa);
        Field25519.Square(_b, out _bb);
        Field25519.Multiply(_d, _a, out _a); // DA
        Field25519.Multiply(_c, _b, out _b); // CB
        Field25519.Subtract(_aa, _bb, out _e);
        Field25519.Add(_a, _b, out _c);
        Field25519.Subtract(_a, _b, out _d);
        Field25519.Square(_c, out _x3);
        Field25519.Square(_d, out _t);
        Field25519.Multiply(_x1, _t, out _z3);
        Field25519.Multiply(_aa, _bb, out _x2);
        Field25519.MultiplySmall(_e, X25519.A24, out _t);
        Field25519.Add(_aa, _t, out _t);
        Field25519.Multiply(_e, _t, out _z2);
    }
}
