using System.Security.Cryptography;
using LucidTls.Cryptography;

namespace LucidTls.Handshake;

/// <summary>The proof that whoever sent this ClientHello holds the pre-shared key (RFC 8446 §4.2.11.2).</summary>
internal static class PskBinder
{
    /// <param name="suite">The suite whose hash goes with the key.</param>
    /// <param name="early">The stage made from the key.</param>
    /// <param name="kind">Where the key comes from.</param>
    /// <param name="before">What the transcript holds before this ClientHello: nothing, or message_hash and HelloRetryRequest.</param>
    /// <param name="truncatedHello">The ClientHello message up to its binders.</param>
    /// <param name="binder">Where the binder goes; a hash long.</param>
    public static void Compute(SuiteAlgorithm suite, EarlyStage early, PskKind kind, ReadOnlySpan<byte> before, ReadOnlySpan<byte> truncatedHello, Span<byte> binder)
    {
        using var hash = IncrementalHash.CreateHash(suite.Hash);
        hash.AppendData(before);
        hash.AppendData(truncatedHello);
        Span<byte> transcript = stackalloc byte[64];
        var length = hash.GetHashAndReset(transcript);
        using var key = early.BinderKey(kind);
        FinishedProof.Compute(suite, key, transcript[..length], binder);
    }

    /// <summary>Checks a client's binder, as a server must before it takes the key (RFC 8446 §4.2.11).</summary>
    /// <exception cref="TlsException">It does not match.</exception>
    public static void Demand(SuiteAlgorithm suite, Secret preSharedKey, PskKind kind, ReadOnlySpan<byte> before, ReadOnlySpan<byte> truncatedHello, ReadOnlySpan<byte> binder)
    {
        Span<byte> expected = stackalloc byte[64];
        expected = expected[..suite.HashLength];
        using var early = EarlyStage.Create(suite, preSharedKey.Span);
        Compute(suite, early, kind, before, truncatedHello, expected);
        if (!CryptographicOperations.FixedTimeEquals(expected, binder))
            throw new TlsException(TlsError.BadBinder);
    }
}
