namespace LucidTls;

/// <summary>The only place that says what is offered and accepted when nobody says otherwise.</summary>
internal static class Defaults
{
    public static readonly TlsVersion MinimumVersion = TlsVersion.Tls12;

    public static readonly TlsVersion MaximumVersion = TlsVersion.Tls13;

    public static readonly CipherSuite[] CipherSuites =
    [
        CipherSuite.Aes128GcmSha256,
        CipherSuite.Aes256GcmSha384,
        CipherSuite.ChaCha20Poly1305Sha256,
        CipherSuite.EcdheEcdsaAes128GcmSha256,
        CipherSuite.EcdheRsaAes128GcmSha256,
        CipherSuite.EcdheEcdsaAes256GcmSha384,
        CipherSuite.EcdheRsaAes256GcmSha384,
        CipherSuite.EcdheEcdsaChaCha20Poly1305Sha256,
        CipherSuite.EcdheRsaChaCha20Poly1305Sha256,
    ];

    public static readonly NamedGroup[] Groups =
    [
        NamedGroup.X25519MLKEM768,
        NamedGroup.X25519,
        NamedGroup.Secp256r1,
        NamedGroup.Secp384r1,
        NamedGroup.Secp521r1,
        NamedGroup.SecP256r1MLKEM768,
        NamedGroup.SecP384r1MLKEM1024,
    ];

    public static readonly NamedGroup[] KeyShareGroups = [NamedGroup.X25519MLKEM768, NamedGroup.X25519];

    public static readonly SignatureScheme[] SignatureSchemes =
    [
        SignatureScheme.EcdsaSecp256r1Sha256,
        SignatureScheme.Ed25519,
        SignatureScheme.RsaPssRsaeSha256,
        SignatureScheme.RsaPssPssSha256,
        SignatureScheme.EcdsaSecp384r1Sha384,
        SignatureScheme.RsaPssRsaeSha384,
        SignatureScheme.RsaPssPssSha384,
        SignatureScheme.EcdsaSecp521r1Sha512,
        SignatureScheme.RsaPssRsaeSha512,
        SignatureScheme.RsaPssPssSha512,
        SignatureScheme.RsaPkcs1Sha256,
        SignatureScheme.RsaPkcs1Sha384,
        SignatureScheme.RsaPkcs1Sha512,
    ];

    public const int TicketCount = 2;

    public static readonly TimeSpan TicketLifetime = TimeSpan.FromDays(1);

    public static readonly TimeSpan EarlyDataFreshness = TimeSpan.FromSeconds(10);

    public static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(10);
}
