using LucidTls.Certificates.Parsing;
using LucidTls.Certificates.Paths;
using LucidTls.Cryptography;

namespace LucidTls.Certificates;

/// <summary>The public key of a peer's own certificate, for checking its handshake signature.</summary>
internal static class LeafKey
{
    /// <summary>The key, or null when the certificate is malformed, its key cannot be used, or its key usage forbids signatures (RFC 8446 §4.4.2.2).</summary>
    public static VerificationKey? Of(ReadOnlyMemory<byte> der)
    {
        if (!LinkCache.Shared.TryGet(der.Span, out var certificate) && (certificate = Certificate.TryParse(der)) == null)
            return null;
        var facts = certificate.Facts;
        return facts.Malformation != null || (facts.KeyUsage is { } usage && (usage & KeyUsages.DigitalSignature) == 0) ? null : certificate.PublicKey;
    }
}
