namespace LucidTls.Certificates.Paths;

/// <summary>The work allowed for one verification is used up.</summary>
internal sealed class SearchBudgetException(string what) : Exception(what);

/// <summary>
/// Bounds the work that one verification may cost, whatever the peer sends. The numbers of rustls' webpki are 100 signatures,
/// 200,000 candidates and 250,000 comparisons of names; real chains need 3, 5 and none or a dozen.
/// </summary>
internal sealed class SearchBudget
{
    public const int MostSignatures = 100;
    public const int MostCandidates = 5_000;
    public const int MostPaths = 64;
    public const int MostComparisons = 250_000;

    private int _signatures;
    private int _candidates;
    private int _paths;
    private long _comparisons;

    /// <summary>What was used up, in words; null while all is well.</summary>
    public string? Exhausted { get; private set; }

    public void ChargeSignature() => Charge(++_signatures > MostSignatures, $"{MostSignatures} signature checks");

    public void ChargeCandidate() => Charge(++_candidates > MostCandidates, $"{MostCandidates} candidates");

    public void ChargePath() => Charge(++_paths > MostPaths, $"{MostPaths} paths");

    public void ChargeComparisons(long count) => Charge((_comparisons += count) > MostComparisons, $"{MostComparisons} comparisons of names with name constraints");

    private void Charge(bool isOver, string what)
    {
        if (!isOver)
            return;
        Exhausted = what;
        throw new SearchBudgetException(what);
    }
}
