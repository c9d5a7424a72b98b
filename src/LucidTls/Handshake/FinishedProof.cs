using System.Security.Cryptography;
using LucidTls.Cryptography;
using LucidTls.Protocol;

namespace LucidTls.Handshake;

/// <summary>The Finished messages (RFC 8446 §4.4.4).</summary>
internal static class FinishedProof
{
    public static Finished Make(SuiteAlgorithm suite, Secret trafficSecret, ReadOnlySpan<byte> transcriptHash)
    {
        var verifyData = new byte[suite.HashLength];
        Compute(suite, trafficSecret, transcriptHash, verifyData);
        return new Finished { VerifyData = verifyData };
    }

    public static void Compute(SuiteAlgorithm suite, Secret trafficSecret, ReadOnlySpan<byte> transcriptHash, Span<byte> verifyData)
    {
        using var key = new Secret(suite.HashLength);
        Hkdf.ExpandLabel(suite.Hash, trafficSecret, "finished"u8, default, key.Span);
        Hmac.HashData(suite.Hash, key, transcriptHash, verifyData);
    }
}

/// <summary>The evidence that the peer's Finished matched. There is no other way to one than the check.</summary>
internal sealed class VerifiedFinished
{
    private VerifiedFinished()
    {
    }

    /// <summary>The same in TLS 1.2.</summary>
    /// <exception cref="TlsException">It does not match.</exception>
    public static VerifiedFinished CheckTls12(Tls12KeySchedule schedule, bool ofServer, ReadOnlySpan<byte> transcriptHash, ReadOnlyMemory<byte> body)
    {
        var received = Finished.Parse(body, Tls12KeySchedule.VerifyDataLength);
        return CryptographicOperations.FixedTimeEquals(schedule.VerifyData(ofServer, transcriptHash), received.VerifyData.Span)
            ? new VerifiedFinished()
            : throw new TlsException(TlsError.BadFinished);
    }

    /// <exception cref="TlsException">It does not match.</exception>
    public static VerifiedFinished Check(SuiteAlgorithm suite, Secret peerTrafficSecret, ReadOnlySpan<byte> transcriptHash, ReadOnlyMemory<byte> body)
    {
        var received = Finished.Parse(body, suite.HashLength);
        Span<byte> expected = stackalloc byte[64];
        expected = expected[..suite.HashLength];
        FinishedProof.Compute(suite, peerTrafficSecret, transcriptHash, expected);
        return CryptographicOperations.FixedTimeEquals(expected, received.VerifyData.Span)
            ? new VerifiedFinished()
            : throw new TlsException(TlsError.BadFinished);
    }
}
