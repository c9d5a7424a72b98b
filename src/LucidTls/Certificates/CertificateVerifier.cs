using LucidTls.Certificates.Fetching;
using LucidTls.Certificates.Names;
using LucidTls.Certificates.Parsing;
using LucidTls.Certificates.Paths;
using LucidTls.Certificates.Revocation;
using LucidTls.Certificates.Transparency;

namespace LucidTls.Certificates;

/// <summary>
/// Decides whether a peer's certificate chain proves that the peer is who we asked for, by the rules of RFC 5280 §6 and RFC 9525.
/// Safe for use by several threads at once.
/// </summary>
public sealed class CertificateVerifier
{
    private const int MostCertificates = 128;

    /// <summary>Larger ones are rare, and not worth their place.</summary>
    private const int MostBytesKept = 8 * 1024;

    private readonly CertificateProfile _profile;
    private readonly RevocationJudge _revocation;

    /// <summary>Makes a verifier.</summary>
    /// <exception cref="ArgumentException">
    /// <see cref="CertificateVerifierOptions.PeerUris"/> has an entry that is no URI, <see cref="CertificateVerifierOptions.PeerDnsNames"/> one that is no DNS name, or
    /// <see cref="RevocationOptions.ListIssuers"/> one that is no certificate.
    /// </exception>
    public CertificateVerifier(CertificateVerifierOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.PeerUris is { } uris)
            PeerUris.Demand(uris);
        if (options.PeerDnsNames is { } names)
            PeerDnsNames.Demand(names);
        Options = options;
        _profile = options.EffectiveProfile;
        _revocation = new RevocationJudge(options.Revocation);
    }

    /// <summary>Verifies against the system's trust store, which is read when it is first needed, by the rules of the web's PKI.</summary>
    public static CertificateVerifier System { get; } = new(new CertificateVerifierOptions());

    /// <summary>Whom it trusts and what it demands.</summary>
    public CertificateVerifierOptions Options { get; }

    /// <summary>Verifies against the roots in a PEM file, by the rules of RFC 5280.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="FormatException">The file holds no certificate, or one that cannot be read.</exception>
    public static CertificateVerifier FromPemFile(string path) => new(new CertificateVerifierOptions { TrustStore = TrustStore.FromPemFile(path) });

    /// <summary>Verifies against given roots, each in DER, by the rules of RFC 5280.</summary>
    /// <param name="roots">The certificates that are trusted; an intermediate or a leaf may be among them.</param>
    /// <param name="time">The clock that decides about validity; null for the system's.</param>
    /// <exception cref="FormatException">One of them is no certificate.</exception>
    public static CertificateVerifier FromRoots(IEnumerable<ReadOnlyMemory<byte>> roots, TimeProvider? time = null) =>
        new(new CertificateVerifierOptions { TrustStore = TrustStore.FromCertificates(roots), TimeProvider = time ?? TimeProvider.System });

    /// <summary>Verifies <paramref name="chain"/> (DER, leaf first; the others in any order).</summary>
    /// <param name="chain">The peer's certificates, leaf first.</param>
    /// <param name="name">The DNS name or IP address asked for, or null to skip the name (clients' certificates).</param>
    /// <param name="purpose">What the leaf must be good for.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The verdict; a bad certificate is a refusal and never an exception.</returns>
    /// <exception cref="ArgumentException">The name is neither a DNS name nor an IP address.</exception>
    public ValueTask<CertificateVerdict> VerifyAsync(IReadOnlyList<ReadOnlyMemory<byte>> chain, string? name, CertificatePurpose purpose, CancellationToken cancellationToken = default) =>
        VerifyAsync(new CertificateVerificationRequest { Chain = chain, Names = name == null ? [] : [PeerName.Parse(name)], Purpose = purpose }, cancellationToken);

    /// <summary>Answers a request.</summary>
    /// <returns>The verdict; a bad certificate is a refusal and never an exception.</returns>
    public ValueTask<CertificateVerdict> VerifyAsync(CertificateVerificationRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(request.Chain);
        cancellationToken.ThrowIfCancellationRequested();
        var chain = request.Chain;
        if (chain.Count == 0)
            return new(Refuse("there is no certificate"));
        if (chain.Count > MostCertificates)
            return new(Refuse($"there are more than {MostCertificates} certificates", CertificateRule.SearchBudget));
        if (!TryParse(chain[0], out var leaf, out var problem))
            return new(Refuse($"the peer's certificate {problem}"));
        return VerifyAsync(request, leaf!, cancellationToken);
    }

    private async ValueTask<CertificateVerdict> VerifyAsync(CertificateVerificationRequest request, Certificate leaf, CancellationToken cancellationToken)
    {
        var surplus = Surplus(request.Chain);
        using var missing = Options.IssuerFetcher is { } fetcher ? new MissingIssuers(fetcher, surplus) : null;
        var policy = new VerificationPolicy
        {
            Options = Options,
            Profile = _profile,
            Purpose = request.Purpose,
            Names = request.Names,
            Now = WholeSeconds(request.Time ?? Options.TimeProvider.GetUtcNow()),
            IsTimeGiven = request.Time != null,
            FetchProblem = missing == null ? static _ => null : missing.ProblemAt,
        };
        var budget = new SearchBudget();
        var verdict = await SearchAsync(request, leaf, surplus, policy, budget, cancellationToken).ConfigureAwait(false);
        while (!verdict.IsAccepted && missing != null && await missing.FetchAsync(verdict.Candidates, cancellationToken).ConfigureAwait(false))
            verdict = await SearchAsync(request, leaf, surplus, policy, budget, cancellationToken).ConfigureAwait(false);
        return verdict;
    }

    private async ValueTask<CertificateVerdict> SearchAsync(CertificateVerificationRequest request, Certificate leaf, List<Certificate> surplus, VerificationPolicy policy, SearchBudget budget, CancellationToken cancellationToken)
    {
        var search = new PathSearch(leaf, surplus, Options.TrustStore.Current, policy, budget);
        var candidates = new List<CandidatePath>(1);
        while (search.Next() is { } found)
        {
            var candidate = found.IsGood ? await HoldAgainstEvidenceAsync(found, request, policy, cancellationToken).ConfigureAwait(false) : found;
            candidates.Add(candidate);
            if (!candidate.IsGood)
                continue;
            Keep(candidate);
            return CertificateVerdict.Accept(candidates, candidate, _profile);
        }
        return CertificateVerdict.Refuse(candidates, _profile);
    }

    /// <summary>
    /// Holds a path that is good by itself against what others say of it: whether a certificate was revoked, whether logs vouch for it. What
    /// they say may make it a bad one; then the search goes on, and the verdict tells of it. All waiting is here; without anything to ask for there is none.
    /// </summary>
    private async ValueTask<CandidatePath> HoldAgainstEvidenceAsync(CandidatePath path, CertificateVerificationRequest request, VerificationPolicy policy, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_revocation.Concerns(path, request))
            path = await _revocation.JudgeAsync(path, request, policy.Now, cancellationToken).ConfigureAwait(false);
        return path.IsGood ? WithTransparency(path, request, policy) : path;
    }

    private CandidatePath WithTransparency(CandidatePath path, CertificateVerificationRequest request, VerificationPolicy policy)
    {
        // Authorities log servers' certificates. A leaf that is trusted by itself has no issuer, and needs nobody to vouch for it.
        if (Options.TransparencyLogs is not { } logs || policy.Purpose != CertificatePurpose.Server || path.Certificates.Count < 2 || path.Anchor!.IsExemptFromTransparency)
            return path;
        var judge = new TransparencyJudge(logs, Options.TransparencyPolicy, policy.Now);
        var problem = judge.Judge(path.Certificates[0], path.Certificates[1], request.Timestamps, path.StapledTimestamps);
        return path with { Problems = problem is { } found ? [found] : [], Timestamps = judge.Timestamps };
    }

    // What cannot be read helps no path, and need not hinder one.
    private static List<Certificate> Surplus(IReadOnlyList<ReadOnlyMemory<byte>> chain)
    {
        var surplus = new List<Certificate>(chain.Count - 1);
        for (var i = 1; i < chain.Count; i++)
        {
            if (TryParse(chain[i], out var certificate, out _))
                surplus.Add(certificate!);
        }
        return surplus;
    }

    // The bytes are copied: what is taken apart here may be kept for longer than the peer's message.
    private static bool TryParse(ReadOnlyMemory<byte> der, out Certificate? certificate, out string? problem)
    {
        problem = null;
        return LinkCache.Shared.TryGet(der.Span, out certificate) || Certificate.TryParse(der.ToArray(), out certificate, out problem);
    }

    private static void Keep(CandidatePath path)
    {
        foreach (var certificate in path.Certificates)
        {
            if (certificate != path.Anchor!.Certificate && certificate.Der.Length <= MostBytesKept)
                LinkCache.Shared.Add(certificate);
        }
    }

    private CertificateVerdict Refuse(string sentence, CertificateRule rule = CertificateRule.WellFormed) => CertificateVerdict.Refuse(rule, sentence, _profile);

    // RFC 5280 §4.1.2.5: certificates know no fractions, so the whole second of notAfter is still valid.
    private static DateTimeOffset WholeSeconds(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerSecond));
}
