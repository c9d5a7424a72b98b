using System.Security.Cryptography;
using LucidTls.Cryptography;

namespace LucidTls.Certificates.Transparency;

/// <summary>Signatures of logs. Good ones are kept (bounded), as those of authorities are: they depend on nothing that changes.</summary>
internal static class TimestampSignature
{
    private static readonly BytesCache<object> Good = new(capacity: 2048);
    private static readonly object Present = new();

    public static bool Verifies(SignedCertificateTimestamp timestamp, CtLog log, ReadOnlySpan<byte> signed)
    {
        Span<byte> key = stackalloc byte[SHA256.HashSizeInBytes];
        using (var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256))
        {
            // All parts but the last have fixed sizes.
            hash.AppendData(log.Id.Span);
            hash.AppendData([(byte)(timestamp.Scheme.Value >> 8), (byte)timestamp.Scheme.Value]);
            hash.AppendData(SHA256.HashData(timestamp.Signature.Span));
            hash.AppendData(signed);
            hash.GetHashAndReset(key);
        }
        if (Good.TryGet(key, out _))
            return true;
        if (!log.VerificationKey.Verify(timestamp.Scheme, signed, timestamp.Signature.Span))
            return false;
        Good.Add(key, Present);
        return true;
    }
}
