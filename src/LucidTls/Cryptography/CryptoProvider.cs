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
            [CipherSuite.Aes128GcmSha256] = new(AesGcmSuite.TryCreateAes128),
            [CipherSuite.Aes256GcmSha384] = new(AesGcmSuite.TryCreateAes256),
            [CipherSuite.ChaCha20Poly1305Sha256] = new(() => new ChaCha20Poly1305Suite()),
        }.ToFrozenDictionary();
        _groups = new Dictionary<NamedGroup, Lazy<KeyExchangeGroup?>>
        {
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
}
