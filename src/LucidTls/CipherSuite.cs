namespace LucidTls;

/// <summary>A cipher suite's code point (IANA "TLS Cipher Suites"; RFC 8446 §B.4, RFC 5246 §A.5).</summary>
public readonly record struct CipherSuite(ushort Value)
{
    /// <summary>AES-128-GCM with SHA-256 (0x1301).</summary>
    public static readonly CipherSuite Aes128GcmSha256 = new(0x1301);

    /// <summary>AES-256-GCM with SHA-384 (0x1302).</summary>
    public static readonly CipherSuite Aes256GcmSha384 = new(0x1302);

    /// <summary>ChaCha20-Poly1305 with SHA-256 (0x1303).</summary>
    public static readonly CipherSuite ChaCha20Poly1305Sha256 = new(0x1303);

    /// <summary>ECDHE with an ECDSA or Ed25519 key and AES-128-GCM, for TLS 1.2 (0xC02B, RFC 5289).</summary>
    public static readonly CipherSuite EcdheEcdsaAes128GcmSha256 = new(0xC02B);

    /// <summary>ECDHE with an ECDSA or Ed25519 key and AES-256-GCM, for TLS 1.2 (0xC02C, RFC 5289).</summary>
    public static readonly CipherSuite EcdheEcdsaAes256GcmSha384 = new(0xC02C);

    /// <summary>ECDHE with an RSA key and AES-128-GCM, for TLS 1.2 (0xC02F, RFC 5289).</summary>
    public static readonly CipherSuite EcdheRsaAes128GcmSha256 = new(0xC02F);

    /// <summary>ECDHE with an RSA key and AES-256-GCM, for TLS 1.2 (0xC030, RFC 5289).</summary>
    public static readonly CipherSuite EcdheRsaAes256GcmSha384 = new(0xC030);

    /// <summary>ECDHE with an RSA key and ChaCha20-Poly1305, for TLS 1.2 (0xCCA8, RFC 7905).</summary>
    public static readonly CipherSuite EcdheRsaChaCha20Poly1305Sha256 = new(0xCCA8);

    /// <summary>ECDHE with an ECDSA or Ed25519 key and ChaCha20-Poly1305, for TLS 1.2 (0xCCA9, RFC 7905).</summary>
    public static readonly CipherSuite EcdheEcdsaChaCha20Poly1305Sha256 = new(0xCCA9);

    /// <summary>TLS_FALLBACK_SCSV, no suite but a client's word that it tried a newer version before (RFC 7507).</summary>
    internal static readonly CipherSuite FallbackScsv = new(0x5600);

    /// <summary>TLS_EMPTY_RENEGOTIATION_INFO_SCSV, no suite but an empty renegotiation_info (RFC 5746 §3.3).</summary>
    internal static readonly CipherSuite EmptyRenegotiationInfoScsv = new(0x00FF);

    /// <summary>RFC 8446 §B.4: suites of TLS 1.3 begin with 0x13; TLS 1.3 uses no others.</summary>
    internal TlsVersion Version => Value >> 8 == 0x13 ? TlsVersion.Tls13 : TlsVersion.Tls12;

    /// <summary>The IANA name, or the code point in hexadecimal when it has none here; common suites that this library does not speak are named as well.</summary>
    public override string ToString() => Value switch
    {
        0x1301 => "TLS_AES_128_GCM_SHA256",
        0x1302 => "TLS_AES_256_GCM_SHA384",
        0x1303 => "TLS_CHACHA20_POLY1305_SHA256",
        0x0004 => "TLS_RSA_WITH_RC4_128_MD5",
        0x0005 => "TLS_RSA_WITH_RC4_128_SHA",
        0x000A => "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
        0x0016 => "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA",
        0x002F => "TLS_RSA_WITH_AES_128_CBC_SHA",
        0x0033 => "TLS_DHE_RSA_WITH_AES_128_CBC_SHA",
        0x0035 => "TLS_RSA_WITH_AES_256_CBC_SHA",
        0x0039 => "TLS_DHE_RSA_WITH_AES_256_CBC_SHA",
        0x003C => "TLS_RSA_WITH_AES_128_CBC_SHA256",
        0x003D => "TLS_RSA_WITH_AES_256_CBC_SHA256",
        0x0067 => "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256",
        0x006B => "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256",
        0x009C => "TLS_RSA_WITH_AES_128_GCM_SHA256",
        0x009D => "TLS_RSA_WITH_AES_256_GCM_SHA384",
        0x009E => "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
        0x009F => "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
        0xC009 => "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
        0xC00A => "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
        0xC012 => "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
        0xC013 => "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
        0xC014 => "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
        0xC023 => "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
        0xC024 => "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
        0xC027 => "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
        0xC028 => "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
        0xC02B => "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        0xC02C => "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        0xC02F => "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        0xC030 => "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        0xCCA8 => "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        0xCCA9 => "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        0xCCAA => "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        0x5600 => "TLS_FALLBACK_SCSV",
        0x00FF => "TLS_EMPTY_RENEGOTIATION_INFO_SCSV",
        _ => $"0x{Value:X4}",
    };
}
