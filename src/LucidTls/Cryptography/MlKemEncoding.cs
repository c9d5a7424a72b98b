using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace LucidTls.Cryptography;

/// <summary>
/// ML-KEM's polynomials as bytes, whole or compressed (FIPS 203 §4.2.1). Coefficients are from 0 to q - 1.
/// <para>Constant time: quotients are products with a reciprocal, never divisions, whose time may depend on the operands.</para>
/// </summary>
internal static class MlKemEncoding
{
    /// <summary>Bits of a coefficient that is not compressed.</summary>
    public const int WholeBits = 12;

    /// <summary>Bytes of a polynomial that is not compressed.</summary>
    public const int WholeLength = MlKemRing.N * WholeBits / 8;

    /// <summary>2^36/q, rounded up: the product with n, shifted right by 36, is n/q rounded down for all n below 2^25.</summary>
    private const ulong Reciprocal = 20_642_679;
    private const int ReciprocalShift = 36;

    /// <summary>ByteEncode (algorithm 5) of one or several polynomials.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Encode(ReadOnlySpan<short> polynomials, int bits, Span<byte> bytes)
    {
        var (pending, pendingBits) = (0UL, 0);
        foreach (var coefficient in polynomials)
        {
            pending |= (ulong)coefficient << pendingBits;
            pendingBits += bits;
            if (pendingBits < 32)
                continue;
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)pending);
            bytes = bytes[sizeof(uint)..];
            pending >>= 32;
            pendingBits -= 32;
        }
    }

    /// <summary>ByteDecode (algorithm 6) of one or several polynomials; with 12 bits the coefficients may come out above q - 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Decode(ReadOnlySpan<byte> bytes, int bits, Span<short> polynomials)
    {
        var (pending, pendingBits, mask) = (0UL, 0, (1UL << bits) - 1);
        foreach (ref var coefficient in polynomials)
        {
            if (pendingBits < bits)
            {
                pending |= (ulong)BinaryPrimitives.ReadUInt32LittleEndian(bytes) << pendingBits;
                bytes = bytes[sizeof(uint)..];
                pendingBits += 32;
            }
            coefficient = (short)(pending & mask);
            pending >>= bits;
            pendingBits -= bits;
        }
    }

    /// <summary>Compress (equation 4.7): to <paramref name="bits"/> bits, rounded.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Compress(Span<short> polynomial, int bits)
    {
        var mask = (1UL << bits) - 1;
        foreach (ref var coefficient in polynomial)
            coefficient = (short)((((((ulong)coefficient << bits) + (MlKemRing.Q / 2)) * Reciprocal) >> ReciprocalShift) & mask);
    }

    /// <summary>Decompress (equation 4.8).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Decompress(Span<short> polynomial, int bits)
    {
        foreach (ref var coefficient in polynomial)
            coefficient = (short)(((coefficient * MlKemRing.Q) + (1 << (bits - 1))) >> bits);
    }

    /// <summary>Whether all coefficients are below q: the modulus check of FIPS 203 §7.2. Only for public keys.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool IsReduced(ReadOnlySpan<short> polynomials)
    {
        foreach (var coefficient in polynomials)
            if (coefficient >= MlKemRing.Q)
                return false;
        return true;
    }
}
