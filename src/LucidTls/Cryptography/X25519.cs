using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>
/// X25519 (RFC 7748 §5), which .NET does not offer.
/// <para>
/// Constant time: the ladder does the same field operations for each of the 255 bits, the bit only becomes the mask of a swap or an order of words in registers, and
/// the field arithmetic neither branches nor looks up by its values (see <see cref="Field25519"/>). The working
/// variables are wiped; what the compiler spilled to the stack inside an operation is not.
/// </para>
/// </summary>
internal static class X25519
{
    /// <summary>Bytes of a scalar, of a u-coordinate and of a result.</summary>
    public const int Length = 32;

    /// <summary>(486662 - 2) / 4, RFC 7748 §5.</summary>
    public const ulong A24 = 121665;

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

        Span<byte> clamped = stackalloc byte[Length];
        var quotient = default(Quotient);
        try
        {
            Clamp(scalar, clamped);
            if (VectorWidth.Has256)
                X25519VectorLadder.Run(clamped, Field25519.Read(u), out quotient.X, out quotient.Z);
            else
                X25519Ladder.Run(clamped, Field25519.Read(u), out quotient.X, out quotient.Z);
            Field25519.Invert(quotient.Z, out quotient.Z);
            Field25519.Multiply(quotient.X, quotient.Z, out quotient.X);
            quotient.X.Write(result);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(clamped);
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(new Span<Quotient>(ref quotient)));
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

    /// <summary>A u-coordinate as X/Z.</summary>
    private struct Quotient
    {
        public Field25519 X, Z;
    }
}
