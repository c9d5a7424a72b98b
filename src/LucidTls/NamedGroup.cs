namespace LucidTls;

/// <summary>A key-exchange group's code point (RFC 8446 §4.2.7).</summary>
public readonly record struct NamedGroup(ushort Value)
{
    /// <summary>ECDH on P-256.</summary>
    public static readonly NamedGroup Secp256r1 = new(0x0017);

    /// <summary>ECDH on P-384.</summary>
    public static readonly NamedGroup Secp384r1 = new(0x0018);

    /// <summary>ECDH on P-521.</summary>
    public static readonly NamedGroup Secp521r1 = new(0x0019);

    /// <summary>X25519 (RFC 7748).</summary>
    public static readonly NamedGroup X25519 = new(0x001D);

    /// <summary>ECDH on P-256 together with ML-KEM-768.</summary>
    public static readonly NamedGroup SecP256r1MLKEM768 = new(0x11EB);

    /// <summary>ML-KEM-768 together with X25519, secure against an attacker who records today and has a quantum computer later.</summary>
    public static readonly NamedGroup X25519MLKEM768 = new(0x11EC);

    /// <summary>ECDH on P-384 together with ML-KEM-1024.</summary>
    public static readonly NamedGroup SecP384r1MLKEM1024 = new(0x11ED);

    /// <summary>Whether TLS 1.2 knows the group: the hybrids are of TLS 1.3 alone (RFC 8422 §5.1.1).</summary>
    internal bool IsForTls12 => this == X25519 || this == Secp256r1 || this == Secp384r1 || this == Secp521r1;

    /// <summary>The IANA name, or the code point in hexadecimal when this library does not know it.</summary>
    public override string ToString() => Value switch
    {
        0x0017 => "secp256r1",
        0x0018 => "secp384r1",
        0x0019 => "secp521r1",
        0x001D => "x25519",
        0x001E => "x448",
        0x0100 => "ffdhe2048",
        0x11EB => "SecP256r1MLKEM768",
        0x11EC => "X25519MLKEM768",
        0x11ED => "SecP384r1MLKEM1024",
        _ => $"0x{Value:X4}",
    };
}
