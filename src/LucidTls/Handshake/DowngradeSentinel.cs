namespace LucidTls.Handshake;

/// <summary>The end of the random of a server that speaks TLS 1.3 and picked less (RFC 8446 §4.1.3).</summary>
internal static class DowngradeSentinel
{
    private const int RandomLength = 32;

    private static ReadOnlySpan<byte> Tls12 => [0x44, 0x4F, 0x57, 0x4E, 0x47, 0x52, 0x44, 0x01];

    /// <summary>Whether the random says that the server speaks TLS 1.3: it ends in "DOWNGRD" and 1 for TLS 1.2, or 0 for less.</summary>
    public static bool IsIn(ReadOnlySpan<byte> serverRandom) => serverRandom[^Tls12.Length..^1].SequenceEqual(Tls12[..^1]) && serverRandom[^1] is 0 or 1;

    /// <summary>Puts the one for TLS 1.2 there.</summary>
    public static void Put(Span<byte> serverRandom) => Tls12.CopyTo(serverRandom[(RandomLength - Tls12.Length)..]);
}
