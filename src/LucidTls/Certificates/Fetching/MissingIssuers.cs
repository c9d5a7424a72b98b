using LucidTls.Certificates.Parsing;
using LucidTls.Certificates.Paths;

namespace LucidTls.Certificates.Fetching;

/// <summary>The missing certificates of one verification: what was asked for, what came, and the limits on both.</summary>
internal sealed class MissingIssuers(IssuerFetcher fetcher, List<Certificate> known) : IDisposable
{
    private readonly Dictionary<string, string?> _outcomes = new(StringComparer.Ordinal);
    private Patience? _patience;
    private int _depth;

    /// <summary>Why nothing came from an address, in words.</summary>
    public string? ProblemAt(string address) => _outcomes.GetValueOrDefault(address);

    /// <summary>Gets the issuers at which the paths ended.</summary>
    /// <param name="paths">What the search found: no path to a trust anchor.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether there are certificates that the search did not know.</returns>
    public async ValueTask<bool> FetchAsync(IReadOnlyList<CandidatePath> paths, CancellationToken cancellationToken)
    {
        if (_depth++ == fetcher.MaxDepth || paths.Any(path => path.Anchor != null))
            return false;
        _patience ??= new Patience(fetcher.Deadline, fetcher.TimeProvider, cancellationToken);
        var count = known.Count;
        var isNews = false;
        foreach (var last in paths.Where(path => path.Problems is [{ Rule: CertificateRule.TrustAnchor }]).Select(path => path.Certificates[^1]).Where(last => !last.IsSelfIssued).Distinct())
        {
            foreach (var text in last.Facts.IssuerAddresses)
            {
                if (_outcomes.Count == fetcher.MaxFetches || _outcomes.ContainsKey(text))
                    continue;
                isNews = true;
                _outcomes[text] = await FetchAsync(text, last, _patience).ConfigureAwait(false);
                if (_outcomes[text] == null)
                    break;
            }
        }
        // What failed is news too: the verdict shall say it.
        return isNews || known.Count > count;
    }

    public void Dispose() => _patience?.Dispose();

    private async ValueTask<string?> FetchAsync(string address, Certificate certificate, Patience patience)
    {
        var (certificates, problem) = await fetcher.GetAsync(address, patience).ConfigureAwait(false);
        if (problem != null)
            return problem;
        if (!certificates.Any(one => one.Subject.Equals(certificate.Issuer)))
            return $"what is there is the certificate of {certificates[0]}";
        known.AddRange(certificates.Where(one => !known.Exists(other => other.Der.Span.SequenceEqual(one.Der.Span))));
        return null;
    }
}
