namespace LucidTls.Certificates.Revocation;

/// <summary>
/// How a verifier finds out whether certificates were revoked. Sources are looked at in the order staple, given lists, OCSP by request,
/// fetched lists, until one calls the certificate good. By default what is stapled or given counts and the network is never
/// used. Immutable; vary one with <c>with</c>.
/// </summary>
public sealed record RevocationOptions
{
    /// <summary>Nothing is looked at, not even a staple that was promised.</summary>
    public static RevocationOptions Off { get; } = new() { Stapled = RevocationMode.Off, Ocsp = RevocationMode.Off, Lists = RevocationMode.Off };

    /// <summary>
    /// OCSP responses that come with the handshake. Soft-fail by default: a certificate that promises a staple (RFC 7633, "must-staple") must come with
    /// one that calls it good, any other need not. Hard-fail demands one for every leaf.
    /// </summary>
    public RevocationMode Stapled { get; init; } = RevocationMode.SoftFail;

    /// <summary>OCSP by request; asked where there is a <see cref="Fetcher"/>. With hard-fail and no fetcher only a staple can satisfy it.</summary>
    public RevocationMode Ocsp { get; init; } = RevocationMode.SoftFail;

    /// <summary>Revocation lists, those given and, where there is a <see cref="Fetcher"/>, those that certificates point to.</summary>
    public RevocationMode Lists { get; init; } = RevocationMode.SoftFail;

    /// <summary>The revocation lists at hand; none by default. Lists of other issuers do no harm.</summary>
    public IReadOnlyList<CertificateRevocationList> GivenLists { get; init; } = [];

    /// <summary>
    /// The certificates, in DER, of those who sign lists for other issuers' certificates (indirect lists, RFC 5280 §5.2.5); none by default. They are not
    /// trusted for it: their paths must lead to the trust anchor of the certificate in question. The peer's certificates and the path are looked through as well.
    /// </summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> ListIssuers { get; init; } = [];

    /// <summary>Who asks responders and fetches lists; null, the default, to leave the network alone.</summary>
    public RevocationFetcher? Fetcher { get; init; }

    /// <summary>Which certificates are looked at; the whole path below the trust anchor by default.</summary>
    public RevocationScope Scope { get; init; } = RevocationScope.Path;

    /// <summary>By how much this machine's clock and those of responders may differ; five minutes by default.</summary>
    public TimeSpan ClockSkew { get; init; } = TimeSpan.FromMinutes(5);
}
