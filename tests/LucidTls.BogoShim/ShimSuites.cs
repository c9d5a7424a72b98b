namespace LucidTls.BogoShim;

/// <summary>Lists of cipher suites in the words of OpenSSL, as far as tests write them.</summary>
internal static class ShimSuites
{
    private static readonly CipherSuite[] Tls13 = [CipherSuite.Aes128GcmSha256, CipherSuite.Aes256GcmSha384, CipherSuite.ChaCha20Poly1305Sha256];

    private static readonly Dictionary<string, CipherSuite> Names = new()
    {
        ["ECDHE-ECDSA-AES128-GCM-SHA256"] = CipherSuite.EcdheEcdsaAes128GcmSha256,
        ["ECDHE-ECDSA-AES256-GCM-SHA384"] = CipherSuite.EcdheEcdsaAes256GcmSha384,
        ["ECDHE-ECDSA-CHACHA20-POLY1305"] = CipherSuite.EcdheEcdsaChaCha20Poly1305Sha256,
        ["ECDHE-RSA-AES128-GCM-SHA256"] = CipherSuite.EcdheRsaAes128GcmSha256,
        ["ECDHE-RSA-AES256-GCM-SHA384"] = CipherSuite.EcdheRsaAes256GcmSha384,
        ["ECDHE-RSA-CHACHA20-POLY1305"] = CipherSuite.EcdheRsaChaCha20Poly1305Sha256,
    };

    /// <summary>The suites of TLS 1.2 that the list names, after those of TLS 1.3, which it does not concern.</summary>
    /// <exception cref="UnknownFlagException">It names something else.</exception>
    public static IReadOnlyList<CipherSuite> Parse(string list) => list is "DEFAULT" or "ALL"
        ? Defaults.CipherSuites
        : [.. Tls13, .. list.Split(':').Select(name => Names.TryGetValue(name, out var suite) ? suite : throw new UnknownFlagException($"-cipher {name}"))];
}
