using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Cryptography;

namespace LucidTls.Certificates;

/// <summary>The public key of a peer's own certificate, for checking its handshake signature.</summary>
internal static class LeafKey
{
    /// <summary>The key, or null when the certificate is malformed, its key cannot be used, or its key usage forbids signatures (RFC 8446 §4.4.2.2).</summary>
    public static VerificationKey? Of(ReadOnlyMemory<byte> certificate)
    {
        try
        {
            using var parsed = X509CertificateLoader.LoadCertificate(certificate.Span);
            var usage = parsed.Extensions.OfType<X509KeyUsageExtension>().SingleOrDefault();
            if (usage != null && (usage.KeyUsages & X509KeyUsageFlags.DigitalSignature) == 0)
                return null;
            return VerificationKey.Import(parsed.PublicKey.ExportSubjectPublicKeyInfo());
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
