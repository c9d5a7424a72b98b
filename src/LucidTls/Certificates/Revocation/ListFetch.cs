using LucidTls.Certificates.Fetching;
using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates.Revocation;

/// <summary>Gets the revocation lists that speak of one certificate over the network.</summary>
/// <param name="fetcher">Who gets them.</param>
/// <param name="judge">Who knows whether a list is from somebody who may be believed.</param>
/// <param name="certificate">The certificate.</param>
/// <param name="issuer">Who issued it, in the path that is judged.</param>
/// <param name="now">The time of validation.</param>
/// <param name="patience">How long to wait.</param>
/// <param name="report">Takes what goes wrong.</param>
internal sealed class ListFetch(RevocationFetcher fetcher, ListJudge judge, Certificate certificate, Certificate issuer, DateTimeOffset now, Patience patience, Action<CertificateStatus> report)
{
    /// <summary>Where complete lists are.</summary>
    public IReadOnlyList<string> Addresses { get; } = HttpAddresses(certificate.Facts.CrlDistributionPoints.SelectMany(point => point.Addresses));

    /// <summary>The list at one of <see cref="Addresses"/>; null when it cannot be had.</summary>
    public ValueTask<CertificateRevocationList?> CompleteAsync(string address) => FetchAsync("revocation list", address);

    /// <summary>The delta lists to the complete ones among those, got from where the certificate or they say (RFC 5280 §6.3.3 (a)).</summary>
    public async ValueTask<IReadOnlyList<CertificateRevocationList>> DeltasAsync(IEnumerable<CertificateRevocationList> lists)
    {
        var deltas = new List<CertificateRevocationList>();
        // Nobody but the issuer may make us ask anywhere.
        var complete = lists.Where(list => !list.IsDelta && ListScope.ReasonsOf(list, certificate) != 0 && judge.IsSigned(list, issuer)).ToList();
        if (complete.Count == 0)
            return deltas;
        foreach (var address in HttpAddresses([.. certificate.Facts.FreshestCrl.SelectMany(point => point.Addresses), .. complete.SelectMany(list => list.DeltaAddresses)]))
        {
            if (await FetchAsync("delta list", address).ConfigureAwait(false) is { } delta)
                deltas.Add(delta);
        }
        return deltas;
    }

    private async ValueTask<CertificateRevocationList?> FetchAsync(string what, string address)
    {
        var answer = await fetcher.ListAsync(address, list => list.Unusable == null && now <= list.NextUpdate && judge.IsSigned(list, issuer), patience).ConfigureAwait(false);
        if (answer.Value == null)
            report(CertificateStatus.Unknown(CertificateStatusSource.FetchedList, $"the {what} {X501Name.Printable(address)} could not be fetched: {answer.Problem}"));
        return answer.Value;
    }

    private static string[] HttpAddresses(IEnumerable<string> addresses) =>
        [.. addresses.Where(address => address.StartsWith("http:", StringComparison.OrdinalIgnoreCase)).Distinct(StringComparer.Ordinal).Take(RevocationJudge.MostAddresses)];
}
