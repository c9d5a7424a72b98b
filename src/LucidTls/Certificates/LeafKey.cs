using System.Formats.Asn1;
using LucidTls.Cryptography;

namespace LucidTls.Certificates;

/// <summary>The public key of a peer's own certificate, for checking its handshake signature.</summary>
internal static class LeafKey
{
    /// <summary>The key, or null when the certificate is malformed, its key cannot be used, or its key usage forbids signatures.</summary>
    public static VerificationKey? Of(ReadOnlyMemory<byte> certificate) => throw new NotSupportedException($"{certificate.Length}{AsnEncodingRules.DER}");
}
