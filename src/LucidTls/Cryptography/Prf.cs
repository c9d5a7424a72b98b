using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>The pseudorandom function of TLS 1.2 (RFC 5246 §5) with the hash of the suite.</summary>
internal static class Prf
{
    /// <summary>PRF(secret, label, seed) = P_hash(secret, label + seed), as many bytes as <paramref name="output"/> has.</summary>
    public static void Derive(HashAlgorithmName hash, Secret secret, ReadOnlySpan<byte> label, ReadOnlySpan<byte> seed, Span<byte> output)
    {
        var hashLength = Hmac.LengthOf(hash);
        // A(i), the label and the seed beside one another: each block of output is the HMAC of the three.
        var message = new byte[hashLength + label.Length + seed.Length];
        label.CopyTo(message.AsSpan(hashLength));
        seed.CopyTo(message.AsSpan(hashLength + label.Length));
        var chain = message.AsSpan(0, hashLength);
        Span<byte> block = stackalloc byte[Hmac.MaxLength];
        block = block[..hashLength];

        Hmac.HashData(hash, secret, message.AsSpan(hashLength), chain);
        for (; output.Length > hashLength; output = output[hashLength..])
        {
            Hmac.HashData(hash, secret, message, output[..hashLength]);
            Hmac.HashData(hash, secret, chain, block);
            block.CopyTo(chain);
        }
        Hmac.HashData(hash, secret, message, block);
        block[..output.Length].CopyTo(output);
        CryptographicOperations.ZeroMemory(block);
        CryptographicOperations.ZeroMemory(message);
    }
}
