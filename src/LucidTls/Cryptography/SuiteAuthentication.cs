namespace LucidTls.Cryptography;

/// <summary>What a cipher suite says of the server's key.</summary>
internal enum SuiteAuthentication
{
    /// <summary>Nothing: TLS 1.3.</summary>
    Any,
    /// <summary>An EC or Ed25519 key (RFC 8422 §2).</summary>
    Ecdsa,
    /// <summary>An RSA key.</summary>
    Rsa,
}
