using System.Security.Cryptography;
using System.Text;
using LucidTls.Cryptography;

namespace LucidTls.Certificates.Parsing;

/// <summary>How PKCS#12 makes keys from passwords (RFC 7292 §B.2).</summary>
internal static class Pkcs12Kdf
{
    // RFC 7292 §B.3: what the bytes are for.
    public const byte Key = 1;
    public const byte InitialVector = 2;
    public const byte Mac = 3;

    /// <summary>RFC 7292 §B.1: a BMPString with a zero character at its end.</summary>
    public static byte[] Password(string password) => Encoding.BigEndianUnicode.GetBytes(password + '\0');

    public static byte[] Derive(HashAlgorithmName hash, byte purpose, ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, int iterations, int length)
    {
        using var hasher = IncrementalHash.CreateHash(hash);
        // v and u, in bytes: the hash's block and its output.
        var block = hash == HashAlgorithmName.SHA384 || hash == HashAlgorithmName.SHA512 ? 128 : 64;
        var diversifier = new byte[block];
        diversifier.AsSpan().Fill(purpose);
        var repeated = Repeat(password, block);
        byte[] input = [.. Repeat(salt, block), .. repeated];
        using var wipingPassword = new Wiping(repeated);
        using var wipingInput = new Wiping(input);
        var output = new byte[length];
        for (var done = 0; done < length;)
        {
            hasher.AppendData(diversifier);
            hasher.AppendData(input);
            var round = hasher.GetHashAndReset();
            for (var i = 1; i < iterations; i++)
            {
                hasher.AppendData(round);
                hasher.GetHashAndReset(round);
            }
            var taken = Math.Min(round.Length, length - done);
            round.AsSpan(0, taken).CopyTo(output.AsSpan(done));
            done += taken;
            // I_j = (I_j + B + 1) mod 2^v, for each block of the input.
            var addend = Repeat(round, block, block);
            for (var start = 0; start < input.Length; start += block)
            {
                var carry = 1;
                for (var i = block - 1; i >= 0; i--)
                {
                    carry += input[start + i] + addend[i];
                    input[start + i] = (byte)carry;
                    carry >>= 8;
                }
            }
        }
        return output;
    }

    // As often as fills whole blocks; nothing stays nothing.
    private static byte[] Repeat(ReadOnlySpan<byte> bytes, int block, int? length = null)
    {
        var repeated = new byte[length ?? (bytes.Length + block - 1) / block * block];
        for (var i = 0; i < repeated.Length; i++)
            repeated[i] = bytes[i % bytes.Length];
        return repeated;
    }
}
