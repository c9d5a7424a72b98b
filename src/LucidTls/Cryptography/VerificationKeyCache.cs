using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>
/// Keeps imported public keys by their SubjectPublicKeyInfo, since importing costs more than verifying. Bounded and safe for
/// any number of threads; nothing that is judged about a key is kept.
/// </summary>
internal sealed class VerificationKeyCache(int capacity)
{
    private readonly BytesCache<VerificationKey> _keys = new(capacity);

    /// <summary>A few hundred issuers and the leaves of the peers of the day: about two megabytes when full.</summary>
    public static VerificationKeyCache Shared { get; } = new(capacity: 1024);

    /// <summary>The key, imported now when it is not known.</summary>
    /// <exception cref="CryptographicException">As <see cref="VerificationKey.Import"/>; such a key is not kept.</exception>
    public VerificationKey GetOrImport(ReadOnlySpan<byte> subjectPublicKeyInfo)
    {
        if (_keys.TryGet(subjectPublicKeyInfo, out var key))
            return key;
        key = VerificationKey.Import(subjectPublicKeyInfo);
        _keys.Add(subjectPublicKeyInfo, key);
        return key;
    }

    /// <summary>Forgets everything, as after a start of the process.</summary>
    public void Clear() => _keys.Clear();
}
