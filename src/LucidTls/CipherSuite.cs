namespace LucidTls;

/// <summary>A cipher suite's code point (IANA "TLS Cipher Suites"; RFC 8446 §B.4).</summary>
public readonly record struct CipherSuite(ushort Value)
{
    /// <summary>AES-128-GCM with SHA-256 (0x1301).</summary>
    public static readonly CipherSuite Aes128GcmSha256 = new(0x1301);

    /// <summary>AES-256-GCM with SHA-384 (0x1302).</summary>
    public static readonly CipherSuite Aes256GcmSha384 = new(0x1302);

    /// <summary>ChaCha20-Poly1305 with SHA-256 (0x1303).</summary>
    public static readonly CipherSuite ChaCha20Poly1305Sha256 = new(0x1303);

    /// <summary>The IANA name, or the code point in hexadecimal when this library does not know it.</summary>
    public override string ToString() => Value switch
    {
        0x1301 => "TLS_AES_128_GCM_SHA256",
        0x1302 => "TLS_AES_256_GCM_SHA384",
        0x1303 => "TLS_CHACHA20_POLY1305_SHA256",
        0x5600 => "TLS_FALLBACK_SCSV",
        0x00FF => "TLS_EMPTY_RENEGOTIATION_INFO_SCSV",
        _ => $"0x{Value:X4}",
    };
}
