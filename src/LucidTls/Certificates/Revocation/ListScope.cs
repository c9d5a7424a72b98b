using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates.Revocation;

/// <summary>Of which certificates a revocation list speaks, and for which reasons (RFC 5280 §6.3.3 (b) and (d)).</summary>
internal static class ListScope
{
    /// <summary>The reasons, by bit; none when the list does not speak of the certificate.</summary>
    public static uint ReasonsOf(CertificateRevocationList list, Certificate certificate)
    {
        if (list.Scope?.IsForKindOf(certificate) == false)
            return 0;
        var reasons = 0u;
        foreach (var point in certificate.Facts.CrlDistributionPoints)
        {
            if (IsFor(list, point, certificate))
                reasons |= point.Reasons ?? IssuingDistributionPoint.AllReasons;
        }
        // RFC 5280 §6.3.3, at its end: for lists of the certificate's issuer a point is assumed with the issuer's names, for all reasons.
        if (IsOf(list, certificate) && IsAt(list, [new GeneralName(GeneralName.DirectoryName, certificate.Issuer.Encoded), .. certificate.Facts.IssuerAlternativeNames]))
            reasons = IssuingDistributionPoint.AllReasons;
        return reasons & (list.Scope?.Reasons ?? IssuingDistributionPoint.AllReasons);
    }

    private static bool IsFor(CertificateRevocationList list, DistributionPoint point, Certificate certificate)
    {
        // RFC 5280 §6.3.3 (b)(1): a point with a cRLIssuer is for that one's indirect lists, any other for those of the certificate's issuer.
        if (point.CrlIssuers.Count > 0 ? !(list.Scope is { IsIndirect: true } && point.CrlIssuers.Any(new GeneralName(GeneralName.DirectoryName, list.IssuerName.Encoded).Is)) : !IsOf(list, certificate))
            return false;
        var names = point.NamesBelow(list.IssuerName);
        return IsAt(list, names.Count > 0 ? names : point.CrlIssuers);
    }

    private static bool IsOf(CertificateRevocationList list, Certificate certificate) => list.IssuerName.Equals(certificate.Issuer);

    private static bool IsAt(CertificateRevocationList list, IEnumerable<GeneralName> names) => list.Scope?.IsAt(names, list.IssuerName) != false;
}
