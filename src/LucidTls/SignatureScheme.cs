namespace LucidTls;

/// <summary>A signature scheme's code point (RFC 8446 §4.2.3).</summary>
public readonly record struct SignatureScheme(ushort Value)
{
    /// <summary>RSA PKCS#1 v1.5 with SHA-256; in TLS 1.3 only for signatures inside certificates.</summary>
    public static readonly SignatureScheme RsaPkcs1Sha256 = new(0x0401);

    /// <summary>RSA PKCS#1 v1.5 with SHA-384; in TLS 1.3 only for signatures inside certificates.</summary>
    public static readonly SignatureScheme RsaPkcs1Sha384 = new(0x0501);

    /// <summary>RSA PKCS#1 v1.5 with SHA-512; in TLS 1.3 only for signatures inside certificates.</summary>
    public static readonly SignatureScheme RsaPkcs1Sha512 = new(0x0601);

    /// <summary>ECDSA on P-256 with SHA-256.</summary>
    public static readonly SignatureScheme EcdsaSecp256r1Sha256 = new(0x0403);

    /// <summary>ECDSA on P-384 with SHA-384.</summary>
    public static readonly SignatureScheme EcdsaSecp384r1Sha384 = new(0x0503);

    /// <summary>ECDSA on P-521 with SHA-512.</summary>
    public static readonly SignatureScheme EcdsaSecp521r1Sha512 = new(0x0603);

    /// <summary>RSA-PSS with SHA-256 and a key of type rsaEncryption.</summary>
    public static readonly SignatureScheme RsaPssRsaeSha256 = new(0x0804);

    /// <summary>RSA-PSS with SHA-384 and a key of type rsaEncryption.</summary>
    public static readonly SignatureScheme RsaPssRsaeSha384 = new(0x0805);

    /// <summary>RSA-PSS with SHA-512 and a key of type rsaEncryption.</summary>
    public static readonly SignatureScheme RsaPssRsaeSha512 = new(0x0806);

    /// <summary>Ed25519 (RFC 8032).</summary>
    public static readonly SignatureScheme Ed25519 = new(0x0807);

    /// <summary>RSA-PSS with SHA-256 and a key of type RSASSA-PSS.</summary>
    public static readonly SignatureScheme RsaPssPssSha256 = new(0x0809);

    /// <summary>RSA-PSS with SHA-384 and a key of type RSASSA-PSS.</summary>
    public static readonly SignatureScheme RsaPssPssSha384 = new(0x080A);

    /// <summary>RSA-PSS with SHA-512 and a key of type RSASSA-PSS.</summary>
    public static readonly SignatureScheme RsaPssPssSha512 = new(0x080B);

    // Inside certificates only, RFC 9881; the code points are those that IANA has for handshakes.
    internal static readonly SignatureScheme MlDsa44 = new(0x0904);
    internal static readonly SignatureScheme MlDsa65 = new(0x0905);
    internal static readonly SignatureScheme MlDsa87 = new(0x0906);

    /// <summary>The IANA name, or the code point in hexadecimal when this library does not know it.</summary>
    public override string ToString() => Value switch
    {
        0x0201 => "rsa_pkcs1_sha1",
        0x0203 => "ecdsa_sha1",
        0x0401 => "rsa_pkcs1_sha256",
        0x0501 => "rsa_pkcs1_sha384",
        0x0601 => "rsa_pkcs1_sha512",
        0x0403 => "ecdsa_secp256r1_sha256",
        0x0503 => "ecdsa_secp384r1_sha384",
        0x0603 => "ecdsa_secp521r1_sha512",
        0x0804 => "rsa_pss_rsae_sha256",
        0x0805 => "rsa_pss_rsae_sha384",
        0x0806 => "rsa_pss_rsae_sha512",
        0x0807 => "ed25519",
        0x0808 => "ed448",
        0x0904 => "mldsa44",
        0x0905 => "mldsa65",
        0x0906 => "mldsa87",
        0x0809 => "rsa_pss_pss_sha256",
        0x080A => "rsa_pss_pss_sha384",
        0x080B => "rsa_pss_pss_sha512",
        _ => $"0x{Value:X4}",
    };
}
