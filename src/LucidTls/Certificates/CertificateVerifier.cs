namespace LucidTls.Certificates;

/// <summary>
/// Decides whether a peer's certificate chain proves that the peer is who we asked for, by the rules of RFC 5280 §6 and RFC 9525.
/// Safe for use by several threads at once.
/// </summary>
public sealed class CertificateVerifier
{
    private const int MostCertificates = 64;

    private readonly Lazy<TrustAnchors> _anchors;
    private readonly TimeProvider _time;

    private CertificateVerifier(Func<TrustAnchors> anchors, TimeProvider? time = null)
    {
        _anchors = new Lazy<TrustAnchors>(anchors);
        _time = time ?? TimeProvider.System;
    }

    /// <summary>Verifies against the system's trust store, which is read when it is first needed.</summary>
    public static CertificateVerifier System { get; } = new(TrustAnchors.FromSystem);

    /// <summary>Verifies against the roots in a PEM file.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="FormatException">The file holds no certificate, or one that cannot be read.</exception>
    public static CertificateVerifier FromPemFile(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return FromRoots(PemReader.Certificates(File.ReadAllText(path)));
    }

    /// <summary>Verifies against given roots, each in DER.</summary>
    /// <param name="roots">The certificates that are trusted; an intermediate or a leaf may be among them.</param>
    /// <param name="time">The clock that decides about validity; null for the system's.</param>
    /// <exception cref="FormatException">One of them is no certificate.</exception>
    public static CertificateVerifier FromRoots(IEnumerable<ReadOnlyMemory<byte>> roots, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(roots);
        var anchors = new TrustAnchors([.. roots.Select(root => Certificate.TryParse(root) ?? throw new FormatException("A root is no certificate in DER."))]);
        return new CertificateVerifier(() => anchors, time);
    }

    /// <summary>Verifies <paramref name="chain"/> (DER, leaf first; the others in any order).</summary>
    /// <param name="chain">The peer's certificates, leaf first.</param>
    /// <param name="name">The DNS name or IP address asked for, or null to skip the name (clients' certificates).</param>
    /// <param name="purpose">What the leaf must be good for.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The verdict; a bad certificate is a refusal and never an exception.</returns>
    public ValueTask<CertificateVerdict> VerifyAsync(IReadOnlyList<ReadOnlyMemory<byte>> chain, string? name, CertificatePurpose purpose, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(chain);
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(Verify(chain, name, purpose));
    }

    private CertificateVerdict Verify(IReadOnlyList<ReadOnlyMemory<byte>> chain, string? name, CertificatePurpose purpose)
    {
        if (chain.Count is 0 or > MostCertificates)
            return new CertificateVerdict(CertificateFailure.Malformed, chain.Count == 0 ? "there is no certificate" : $"there are more than {MostCertificates} certificates");
        if (Certificate.TryParse(chain[0]) is not { } leaf)
            return new CertificateVerdict(CertificateFailure.Malformed, "the certificate is not well-formed DER by RFC 5280");
        // What cannot be read helps no path, and need not hinder one.
        var surplus = chain.Skip(1).Select(Certificate.TryParse).OfType<Certificate>().ToArray();
        return new PathSearch(_anchors.Value, surplus, purpose, WholeSeconds(_time.GetUtcNow())).Run(leaf, name);
    }

    // RFC 5280 §4.1.2.5: certificates know no fractions, so the whole second of notAfter is still valid.
    private static DateTimeOffset WholeSeconds(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerSecond));
}
