using System.Security.Cryptography;

namespace LucidTls.Cryptography;

internal enum SignatureKind
{
    Ecdsa,
    RsaPkcs1,
    RsaPssRsae,
    RsaPssPss,
    Ed25519,
}

/// <summary>What a signature scheme is made of. Ed25519 has no hash to choose.</summary>
internal readonly record struct SchemeAlgorithm(SignatureKind Kind, HashAlgorithmName Hash)
{
    /// <summary>Which cipher suites of TLS 1.2 go with its keys.</summary>
    public SuiteAuthentication Authentication => Kind is SignatureKind.Ecdsa or SignatureKind.Ed25519 ? SuiteAuthentication.Ecdsa : SuiteAuthentication.Rsa;

    /// <summary>Null for a scheme that this library does not do, those with SHA-1 among them.</summary>
    public static SchemeAlgorithm? Of(SignatureScheme scheme) => scheme.Value switch
    {
        0x0401 => new(SignatureKind.RsaPkcs1, HashAlgorithmName.SHA256),
        0x0501 => new(SignatureKind.RsaPkcs1, HashAlgorithmName.SHA384),
        0x0601 => new(SignatureKind.RsaPkcs1, HashAlgorithmName.SHA512),
        0x0403 => new(SignatureKind.Ecdsa, HashAlgorithmName.SHA256),
        0x0503 => new(SignatureKind.Ecdsa, HashAlgorithmName.SHA384),
        0x0603 => new(SignatureKind.Ecdsa, HashAlgorithmName.SHA512),
        0x0804 => new(SignatureKind.RsaPssRsae, HashAlgorithmName.SHA256),
        0x0805 => new(SignatureKind.RsaPssRsae, HashAlgorithmName.SHA384),
        0x0806 => new(SignatureKind.RsaPssRsae, HashAlgorithmName.SHA512),
        0x0807 => new(SignatureKind.Ed25519, default),
        0x0809 => new(SignatureKind.RsaPssPss, HashAlgorithmName.SHA256),
        0x080A => new(SignatureKind.RsaPssPss, HashAlgorithmName.SHA384),
        0x080B => new(SignatureKind.RsaPssPss, HashAlgorithmName.SHA512),
        _ => null,
    };
}
