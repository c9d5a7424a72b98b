using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LucidTls.Cryptography;

/// <summary>AES's round keys (FIPS 197 §5.2) by the processor's AES instructions, which do not look up tables.</summary>
internal static class AesKeySchedule
{
    public const int BlockLength = 16;

    /// <summary>10 rounds for a key of 16 bytes, 14 for one of 32.</summary>
    public static int Rounds(int keyLength) => (keyLength / 4) + 6;

    /// <summary>Bytes of the schedule: a round key more than there are rounds.</summary>
    public static int Length(int rounds) => (rounds + 1) * BlockLength;

    /// <summary>Writes the round keys of a key of 16 or 32 bytes.</summary>
    public static void Expand(ReadOnlySpan<byte> key, Span<byte> roundKeys)
    {
        var keys = MemoryMarshal.Cast<byte, Vector128<byte>>(roundKeys)[..(Rounds(key.Length) + 1)];
        if (key.Length == BlockLength)
            Expand128(key, keys);
        else
            Expand256(key, keys);
    }

    private static void Expand128(ReadOnlySpan<byte> key, Span<Vector128<byte>> keys)
    {
        keys[0] = Vector128.Create(key);
        var roundConstant = 1u;
        for (var i = 1; i < keys.Length; i++)
        {
            keys[i] = Chain(keys[i - 1]) ^ RotatedSubstitutedWord(keys[i - 1], roundConstant);
            roundConstant = Double(roundConstant);
        }
    }

    private static void Expand256(ReadOnlySpan<byte> key, Span<Vector128<byte>> keys)
    {
        keys[0] = Vector128.Create(key);
        keys[1] = Vector128.Create(key[BlockLength..]);
        var roundConstant = 1u;
        for (var i = 2; i < keys.Length; i++)
        {
            if (i % 2 == 0)
            {
                keys[i] = Chain(keys[i - 2]) ^ RotatedSubstitutedWord(keys[i - 1], roundConstant);
                roundConstant = Double(roundConstant);
            }
            else
            {
                keys[i] = Chain(keys[i - 2]) ^ SubstitutedWord(keys[i - 1]);
            }
        }
    }

    /// <summary>Word i becomes the sum of the words 0 to i.</summary>
    private static Vector128<byte> Chain(Vector128<byte> words)
    {
        words ^= Sse2.ShiftLeftLogical128BitLane(words, 4);
        return words ^ Sse2.ShiftLeftLogical128BitLane(words, 8);
    }

    /// <summary>RotWord(SubWord(the last word)) and the round constant, in every word.</summary>
    private static Vector128<byte> RotatedSubstitutedWord(Vector128<byte> words, uint roundConstant) =>
        (Vector128.Create(Aes.KeygenAssist(words, 0).AsUInt32()[3]) ^ Vector128.Create(roundConstant)).AsByte();

    /// <summary>SubWord(the last word), in every word.</summary>
    private static Vector128<byte> SubstitutedWord(Vector128<byte> words) => Vector128.Create(Aes.KeygenAssist(words, 0).AsUInt32()[2]).AsByte();

    /// <summary>Times x modulo x^8 + x^4 + x^3 + x + 1. The round constants are no secret.</summary>
    private static uint Double(uint roundConstant) => (roundConstant << 1) ^ ((roundConstant >> 7) * 0x11B);
}
