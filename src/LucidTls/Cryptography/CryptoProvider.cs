using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace LucidTls.Cryptography;

/// <summary>
/// The suites and groups that this machine can really do, each in its fastest correct implementation here.
/// An algorithm is tried once, when it is first asked for, and is left out when that fails.
/// </summary>
internal sealed class CryptoProvider
{
    private readonly FrozenDictionary<CipherSuite, Lazy<SuiteAlgorithm?>> _suites;
    private readonly FrozenDictionary<NamedGroup, Lazy<KeyExchangeGroup?>> _groups;

    private CryptoProvider()
    {
        _suites = new Dictionary<CipherSuite, Lazy<SuiteAlgorithm?>>
        {
            [CipherSuite.Aes128GcmSha256] = new(() => AesGcmSuite.TryCreateAes128(CipherSuite.Aes128GcmSha256)),
            [CipherSuite.Aes256GcmSha384] = new(() => AesGcmSuite.TryCreateAes256(CipherSuite.Aes256GcmSha384)),
            [CipherSuite.ChaCha20Poly1305Sha256] = new(() => new ChaCha20Poly1305Suite(CipherSuite.ChaCha20Poly1305Sha256)),
            [CipherSuite.EcdheEcdsaAes128GcmSha256] = new(() => AesGcmSuite.TryCreateAes128(CipherSuite.EcdheEcdsaAes128GcmSha256, SuiteAuthentication.Ecdsa)),
            [CipherSuite.EcdheEcdsaAes256GcmSha384] = new(() => AesGcmSuite.TryCreateAes256(CipherSuite.EcdheEcdsaAes256GcmSha384, SuiteAuthentication.Ecdsa)),
            [CipherSuite.EcdheEcdsaChaCha20Poly1305Sha256] = new(() => new ChaCha20Poly1305Suite(CipherSuite.EcdheEcdsaChaCha20Poly1305Sha256) { Authentication = SuiteAuthentication.Ecdsa }),
            [CipherSuite.EcdheRsaAes128GcmSha256] = new(() => AesGcmSuite.TryCreateAes128(CipherSuite.EcdheRsaAes128GcmSha256, SuiteAuthentication.Rsa)),
            [CipherSuite.EcdheRsaAes256GcmSha384] = new(() => AesGcmSuite.TryCreateAes256(CipherSuite.EcdheRsaAes256GcmSha384, SuiteAuthentication.Rsa)),
            [CipherSuite.EcdheRsaChaCha20Poly1305Sha256] = new(() => new ChaCha20Poly1305Suite(CipherSuite.EcdheRsaChaCha20Poly1305Sha256) { Authentication = SuiteAuthentication.Rsa }),
        }.ToFrozenDictionary();

        Lazy<KeyExchangeGroup?> x25519 = new(() => new X25519Group());
        Lazy<KeyExchangeGroup?> p256 = new(EcdhGroup.TryCreateP256);
        Lazy<KeyExchangeGroup?> p384 = new(EcdhGroup.TryCreateP384);
        _groups = new Dictionary<NamedGroup, Lazy<KeyExchangeGroup?>>
        {
            [NamedGroup.X25519] = x25519,
            [NamedGroup.Secp256r1] = p256,
            [NamedGroup.Secp384r1] = p384,
            [NamedGroup.Secp521r1] = new(EcdhGroup.TryCreateP521),
            [NamedGroup.X25519MLKEM768] = Hybrid(NamedGroup.X25519MLKEM768, MlKem.TryCreate768, x25519, isKemFirst: true),
            [NamedGroup.SecP256r1MLKEM768] = Hybrid(NamedGroup.SecP256r1MLKEM768, MlKem.TryCreate768, p256, isKemFirst: false),
            [NamedGroup.SecP384r1MLKEM1024] = Hybrid(NamedGroup.SecP384r1MLKEM1024, MlKem.TryCreate1024, p384, isKemFirst: false),
        }.ToFrozenDictionary();
    }

    public static CryptoProvider Default { get; } = new();

    public bool TryGetSuite(CipherSuite id, [NotNullWhen(true)] out SuiteAlgorithm? suite)
    {
        suite = _suites.TryGetValue(id, out var lazy) ? lazy.Value : null;
        return suite is not null;
    }

    public bool TryGetGroup(NamedGroup id, [NotNullWhen(true)] out KeyExchangeGroup? group)
    {
        group = _groups.TryGetValue(id, out var lazy) ? lazy.Value : null;
        return group is not null;
    }

    private static Lazy<KeyExchangeGroup?> Hybrid(NamedGroup id, Func<MlKem?> kem, Lazy<KeyExchangeGroup?> classical, bool isKemFirst) =>
        new(() => classical.Value is { } group && kem() is { } mlKem ? new HybridGroup(id, mlKem, group, isKemFirst) : null);
}
