using System.Runtime.CompilerServices;
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
        var work = default(Work);
        try
        {
            Clamp(scalar, ref work);
            MultiplyBase(ref work);
            Field25519.Invert(work.PublicZ, out work.Inverse);
            Field25519.Multiply(work.PublicX, work.Inverse, out work.PublicX);
            work.PublicX.Write(publicKey);
        }
        finally
        {
            Wipe(ref work);
        }
    }

    /// <summary>The function X25519(k, u). False when the result is all zeros, which RFC 8446 §7.4.2 demands to refuse.</summary>
    public static bool ScalarMultiply(ReadOnlySpan<byte> scalar, ReadOnlySpan<byte> u, Span<byte> result)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(scalar.Length, Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(u.Length, Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(result.Length, Length);
        var work = default(Work);
        try
        {
            Clamp(scalar, ref work);
            Multiply(u, ref work);
            Field25519.Invert(work.SharedZ, out work.Inverse);
            Field25519.Multiply(work.SharedX, work.Inverse, out work.SharedX);
            work.SharedX.Write(result);
        }
        finally
        {
            Wipe(ref work);
        }
        return HasAnyBit(result);
    }

    /// <summary>
    /// <see cref="DerivePublicKey"/> and <see cref="ScalarMultiply"/> of one private key, which share the inversion. False when the shared secret is all zeros; then there is no public key either.
    /// </summary>
    public static bool Respond(ReadOnlySpan<byte> scalar, ReadOnlySpan<byte> u, Span<byte> publicKey, Span<byte> sharedSecret)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(scalar.Length, Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(u.Length, Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(publicKey.Length, Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(sharedSecret.Length, Length);
        var work = default(Work);
        try
        {
            Clamp(scalar, ref work);
            MultiplyBase(ref work);
            Multiply(u, ref work);
            // 1/a is b/(ab).
            Field25519.Multiply(work.PublicZ, work.SharedZ, out work.Inverse);
            Field25519.Invert(work.Inverse, out work.Inverse);
            Field25519.Multiply(work.PublicX, work.SharedZ, out work.PublicX);
            Field25519.Multiply(work.PublicX, work.Inverse, out work.PublicX);
            Field25519.Multiply(work.PublicZ, work.SharedX, out work.SharedX);
            Field25519.Multiply(work.SharedX, work.Inverse, out work.SharedX);
            work.PublicX.Write(publicKey);
            work.SharedX.Write(sharedSecret);
        }
        finally
        {
            Wipe(ref work);
        }
        return HasAnyBit(sharedSecret);
    }

    private static void MultiplyBase(ref Work work)
    {
        if (VectorWidth.Has256)
            Edwards25519x4.MultiplyBase(work.Scalar, out work.PublicX, out work.PublicZ);
        else
            Edwards25519.MultiplyBase(work.Scalar, out work.PublicX, out work.PublicZ);
    }

    private static void Multiply(ReadOnlySpan<byte> u, ref Work work)
    {
        if (VectorWidth.Has256)
            X25519VectorLadder.Run(work.Scalar, Field25519.Read(u), out work.SharedX, out work.SharedZ);
        else
            X25519Ladder.Run(work.Scalar, Field25519.Read(u), out work.SharedX, out work.SharedZ);
    }

    private static void Clamp(ReadOnlySpan<byte> scalar, ref Work work)
    {
        scalar.CopyTo(work.Scalar);
        work.Scalar[0] &= 248;
        work.Scalar[31] = (byte)((work.Scalar[31] & 127) | 64);
    }

    private static bool HasAnyBit(ReadOnlySpan<byte> result)
    {
        var anyBit = 0;
        foreach (var b in result)
            anyBit |= b;
        return anyBit != 0;
    }

    private static void Wipe(ref Work work) => CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(new Span<Work>(ref work)));

    [InlineArray(Length)]
    private struct Scalar
    {
        private byte _first;
    }

    /// <summary>What holds secrets: the clamped scalar, and u-coordinates as X/Z.</summary>
    private struct Work
    {
        public Scalar Scalar;
        public Field25519 PublicX, PublicZ, SharedX, SharedZ, Inverse;
    }
}
