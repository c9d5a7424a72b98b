namespace LucidTls;

/// <summary>A version of TLS as it stands on the wire, for example 0x0304 for TLS 1.3 (RFC 8446 §4.2.1).</summary>
public readonly record struct TlsVersion(ushort Value)
{
    /// <summary>SSL 3.0 (RFC 6101), named so that a refusal can say what the peer offered.</summary>
    public static readonly TlsVersion Ssl30 = new(0x0300);

    /// <summary>TLS 1.0 (RFC 2246), deprecated by RFC 8996 and never negotiated.</summary>
    public static readonly TlsVersion Tls10 = new(0x0301);

    /// <summary>TLS 1.1 (RFC 4346), deprecated by RFC 8996 and never negotiated.</summary>
    public static readonly TlsVersion Tls11 = new(0x0302);

    /// <summary>TLS 1.2 (RFC 5246).</summary>
    public static readonly TlsVersion Tls12 = new(0x0303);

    /// <summary>TLS 1.3 (RFC 8446).</summary>
    public static readonly TlsVersion Tls13 = new(0x0304);

    /// <summary>The name people use, or the code point in hexadecimal when it has none.</summary>
    public override string ToString() => Value switch
    {
        0x0300 => "SSL 3.0",
        0x0301 => "TLS 1.0",
        0x0302 => "TLS 1.1",
        0x0303 => "TLS 1.2",
        0x0304 => "TLS 1.3",
        _ => $"0x{Value:X4}",
    };
}
