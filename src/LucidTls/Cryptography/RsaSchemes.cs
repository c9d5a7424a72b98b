using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>Which RSA schemes TLS has for a key, by its kind and the hash that its parameters may bind it to (RFC 8446 §4.2.3).</summary>
internal static class RsaSchemes
{
    private static readonly SignatureScheme[] Rsae = [SignatureScheme.RsaPssRsaeSha256, SignatureScheme.RsaPssRsaeSha384, SignatureScheme.RsaPssRsaeSha512];
    private static readonly SignatureScheme[] Pss = [SignatureScheme.RsaPssPssSha256, SignatureScheme.RsaPssPssSha384, SignatureScheme.RsaPssPssSha512];
    private static readonly SignatureScheme[] Pkcs1 = [SignatureScheme.RsaPkcs1Sha256, SignatureScheme.RsaPkcs1Sha384, SignatureScheme.RsaPkcs1Sha512];

    /// <summary>In TLS 1.2 PKCS#1 is allowed as well, under keys that are not for RSASSA-PSS alone.</summary>
    public static SignatureScheme[] ForTls12(bool isPssKey, SignatureScheme[] tls13) => isPssKey ? tls13 : [.. tls13, .. Pkcs1];

    /// <param name="isPssKey">Whether the key's algorithm is RSASSA-PSS and not rsaEncryption.</param>
    /// <param name="onlyHash">The hash that an RSASSA-PSS key's parameters bind it to, or null.</param>
    /// <param name="modulusBits">RFC 8017 §9.1.1: the encoded message must hold the hash, a salt as long and two bytes more.</param>
    public static SignatureScheme[] For(bool isPssKey, HashAlgorithmName? onlyHash, int modulusBits) =>
        Array.FindAll(isPssKey ? Pss : Rsae, scheme =>
        {
            var hash = SchemeAlgorithm.Of(scheme)!.Value.Hash;
            var hashLength = hash == HashAlgorithmName.SHA256 ? 32 : hash == HashAlgorithmName.SHA384 ? 48 : 64;
            return (onlyHash is null || onlyHash == hash) && (modulusBits + 6) / 8 >= (2 * hashLength) + 2;
        });
}
