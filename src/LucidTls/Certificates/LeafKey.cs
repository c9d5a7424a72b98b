using LucidTls.Cryptography;

namespace LucidTls.Certificates;

/// <summary>The public key of a peer's own certificate, for checking its handshake signature.</summary>
internal static class LeafKey
{
    /// <summary>The key, or null when the certificate is malformed, its key cannot be used, or its key usage forbids signatures (RFC 8446 §4.4.2.2).</summary>
    public static VerificationKey? Of(ReadOnlyMemory<byte> der)
    {
        if (Certificate.TryParse(der) is not { } certificate)
            return null;
        return certificate.Facts.KeyUsage is { } usage && (usage & KeyUsages.DigitalSignature) == 0 ? null : certificate.PublicKey;
    }
}
