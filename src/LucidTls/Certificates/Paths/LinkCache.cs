using System.Diagnostics.CodeAnalysis;
using LucidTls.Certificates.Parsing;
using LucidTls.Cryptography;

namespace LucidTls.Certificates.Paths;

/// <summary>
/// Keeps the certificates of accepted paths, by their bytes, taken apart and with the keys that were found to have signed them. Nothing that
/// depends on time, name, purpose or revocation is kept, and nothing of chains that were refused.
/// </summary>
internal sealed class LinkCache(int capacity)
{
    private readonly BytesCache<Certificate> _certificates = new(capacity);

    /// <summary>Some hundreds of authorities and the peers of the day: about ten megabytes when full.</summary>
    public static LinkCache Shared { get; } = new(2048);

    public bool TryGet(ReadOnlySpan<byte> der, [NotNullWhen(true)] out Certificate? certificate) => _certificates.TryGet(der, out certificate);

    public void Add(Certificate certificate)
    {
        if (!TryGet(certificate.Der.Span, out _))
            _certificates.Add(certificate.Der.Span, certificate);
    }

    /// <summary>Forgets everything, as after a start of the process.</summary>
    public void Clear() => _certificates.Clear();
}
