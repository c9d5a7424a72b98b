using System.Buffers.Binary;
using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>HKDF (RFC 5869) and the labelled form that TLS 1.3 derives everything with (RFC 8446 §7.1).</summary>
internal static class Hkdf
{
    private const int MaxLabelLength = 255;
    private const int MaxContextLength = 255;

    private static ReadOnlySpan<byte> LabelPrefix => "tls13 "u8;

    /// <summary>The salt of HKDF-Extract where there is none (RFC 5869 §2.2).</summary>
    public static Secret NoSalt { get; } = new(Hmac.MaxLength);

    /// <summary>HKDF-Extract: a key of the hash's length from a salt and input keying material. Zeros stand for no salt.</summary>
    public static void Extract(HashAlgorithmName hash, Secret salt, ReadOnlySpan<byte> inputKeyingMaterial, Secret pseudorandomKey)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(pseudorandomKey.Length, Hmac.LengthOf(hash));
        Hmac.HashData(hash, salt, inputKeyingMaterial, pseudorandomKey.Span);
    }

    /// <summary>HKDF-Expand (RFC 5869 §2.3): at most 255 times the hash's length.</summary>
    public static void Expand(HashAlgorithmName hash, Secret secret, ReadOnlySpan<byte> info, Span<byte> output)
    {
        Span<byte> infoAndCounter = info.Length <= 512 ? stackalloc byte[info.Length + 1] : new byte[info.Length + 1];
        info.CopyTo(infoAndCounter);
        ExpandBlocks(hash, secret, infoAndCounter, output);
    }

    /// <summary>HKDF-Expand-Label, with a label that does not carry "tls13 " yet.</summary>
    public static void ExpandLabel(HashAlgorithmName hash, Secret secret, ReadOnlySpan<byte> label, ReadOnlySpan<byte> context, Span<byte> output)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(label.Length, MaxLabelLength - LabelPrefix.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(context.Length, MaxContextLength);
        Span<byte> infoAndCounter = stackalloc byte[2 + 1 + LabelPrefix.Length + label.Length + 1 + context.Length + 1];
        BinaryPrimitives.WriteUInt16BigEndian(infoAndCounter, checked((ushort)output.Length));
        infoAndCounter[2] = (byte)(LabelPrefix.Length + label.Length);
        LabelPrefix.CopyTo(infoAndCounter[3..]);
        label.CopyTo(infoAndCounter[(3 + LabelPrefix.Length)..]);
        var rest = infoAndCounter[(3 + LabelPrefix.Length + label.Length)..];
        rest[0] = (byte)context.Length;
        context.CopyTo(rest[1..]);
        ExpandBlocks(hash, secret, infoAndCounter, output);
    }

    /// <summary>T(i) = HMAC(secret, T(i-1) | info | i). The last byte of <paramref name="infoAndCounter"/> is the counter's place.</summary>
    private static void ExpandBlocks(HashAlgorithmName hash, Secret secret, Span<byte> infoAndCounter, Span<byte> output)
    {
        var hashLength = Hmac.LengthOf(hash);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(output.Length, 255 * hashLength);
        if (output.IsEmpty)
            return;

        infoAndCounter[^1] = 1;
        Span<byte> block = stackalloc byte[Hmac.MaxLength];
        block = block[..hashLength];
        Hmac.HashData(hash, secret, infoAndCounter, block);
        // Nearly every output of TLS fits in one block; only exporters go on.
        if (output.Length > hashLength)
            ExpandFurtherBlocks(hash, secret, infoAndCounter, block, output);
        else
            block[..output.Length].CopyTo(output);
        CryptographicOperations.ZeroMemory(block);
    }

    private static void ExpandFurtherBlocks(HashAlgorithmName hash, Secret secret, ReadOnlySpan<byte> infoAndCounter, Span<byte> block, Span<byte> output)
    {
        var length = block.Length + infoAndCounter.Length;
        Span<byte> message = length <= 640 ? stackalloc byte[length] : new byte[length];
        infoAndCounter.CopyTo(message[block.Length..]);
        for (; output.Length > block.Length; output = output[block.Length..])
        {
            block.CopyTo(output);
            block.CopyTo(message);
            message[^1]++;
            Hmac.HashData(hash, secret, message, block);
        }
        block[..output.Length].CopyTo(output);
        CryptographicOperations.ZeroMemory(message);
    }
}
