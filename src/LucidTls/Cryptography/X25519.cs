using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>
/// X25519 (RFC 7748 §5), which .NET does not offer.
/// <para>
/// Constant time: the ladder does the same field operations for each of the 255 bits, the bit only becomes the mask of a swap, and
/// the field arithmetic neither branches nor looks up by its values (see <see cref="Field25519"/>). The working
/// variables are wiped; what the compiler spilled to the stack inside an operation is not.
/// </para>
/// </summary>
internal static class X25519
{
    /// <summary>Bytes of a scalar, of a u-coordinate and of a result.</summary>
    public const int Length = 32;

    /// <summary>(486662 - 2) / 4, RFC 7748 §5.</summary>
    private const ulong A24 = 121665;

    /// <summary>The public key of a private one: 32 random bytes are a private key.</summary>
    public static void DerivePublicKey(ReadOnlySpan<byte> scalar, Span<byte> publicKey)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(scalar.Length, Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(publicKey.Length, Length);
        Span<byte> clamped = stackalloc byte[Length];
        Clamp(scalar, clamped);
        Edwards25519.MultiplyBase(clamped, publicKey);
        CryptographicOperations.ZeroMemory(clamped);
    }

    /// <summary>The function X25519(k, u). False when the result is all zeros, which RFC 8446 §7.4.2 demands to refuse.</summary>
    public static bool ScalarMultiply(ReadOnlySpan<byte> scalar, ReadOnlySpan<byte> u, Span<byte> result)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(scalar.Length, Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(u.Length, Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(result.Length, Length);

        var ladder = new Ladder();
        Span<byte> clamped = stackalloc byte[Length];
        try
        {
            Clamp(scalar, clamped);
            ladder.Run(clamped, Field25519.Read(u));
            ladder.WriteResult(result);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(clamped);
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(new Span<Ladder>(ref ladder)));
        }

        var anyBit = 0;
        foreach (var b in result)
            anyBit |= b;
        return anyBit != 0;
    }

    private static void Clamp(ReadOnlySpan<byte> scalar, Span<byte> clamped)
    {
        scalar.CopyTo(clamped);
        clamped[0] &= 248;
        clamped[31] = (byte)((clamped[31] & 127) | 64);
    }

    /// <summary>The Montgomery ladder with all its variables in one place, so that they can be wiped at once. Names as in RFC 7748 §5.</summary>
    private struct Ladder
    {
        private Field25519 _x1, _x2, _z2, _x3, _z3;
        private Field25519 _a, _b, _c, _d, _e, _aa, _bb, _t;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run(ReadOnlySpan<byte> clampedScalar, in Field25519 u)
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

        public void WriteResult(Span<byte> result)
        {
            Field25519.Invert(_z2, out _t);
            Field25519.Multiply(_x2, _t, out _t);
            _t.Write(result);
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
            Field25519.MultiplySmall(_e, A24, out _t);
            Field25519.Add(_aa, _t, out _t);
            Field25519.Multiply(_e, _t, out _z2);
        }
    }
}
