using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates.Revocation;

/// <summary>Finds the status of a certificate in revocation lists (RFC 5280 §6.3.3).</summary>
/// <param name="now">The time of validation.</param>
/// <param name="skew">By how much clocks may differ.</param>
/// <param name="signerOf">Who signed a list of another issuer than the certificate's, if that one may be believed.</param>
internal sealed class ListJudge(DateTimeOffset now, TimeSpan skew, Func<CertificateRevocationList, Certificate?> signerOf)
{
    /// <param name="certificate">The certificate.</param>
    /// <param name="issuer">Who issued it, in the path that is judged.</param>
    /// <param name="lists">Lists that may speak of it.</param>
    /// <param name="source">Where they are from.</param>
    /// <returns>The status; unknown when no list speaks of the certificate, or not for all reasons.</returns>
    public CertificateStatus Judge(Certificate certificate, Certificate issuer, IReadOnlyList<CertificateRevocationList> lists, CertificateStatusSource source)
    {
        var reasons = 0u;
        UpdatedList? oldest = null;
        string? refusal = null;
        foreach (var list in lists)
        {
            // RFC 5280 §6.3.3 (b): what is not for this certificate at all is passed over without a word.
            var covered = ListScope.ReasonsOf(list, certificate);
            if (covered == 0 || !MayBeFrom(list, issuer))
                continue;
            if (Refusal(list, issuer) is { } found)
            {
                refusal ??= found;
                continue;
            }
            if (list.IsDelta)
            {
                if (!lists.Any(list.Updates))
                    refusal ??= $"is a delta list, and the complete one that it changes, number {list.BaseNumber} or later, is not there";
                continue;
            }
            var updated = new UpdatedList(list, DeltaOf(list, issuer, lists));
            // A delta list may be out of date before its complete one is.
            if (!IsCurrent(updated) && IsCurrent(list) && RevocationIn(updated, certificate) == null)
                updated = new UpdatedList(list, null);
            if (RevocationIn(updated, certificate) is { } revoked)
                return Revoked(certificate, revoked.List, revoked.Entry, source);
            if (!IsCurrent(updated))
            {
                refusal ??= $"was to be replaced on {RevocationText.Time(updated.NextUpdate)}";
                continue;
            }
            reasons |= covered;
            if (oldest == null || updated.NextUpdate < oldest.Value.NextUpdate)
                oldest = updated;
        }
        if (reasons == IssuingDistributionPoint.AllReasons)
            return Good(certificate, oldest!.Value, source);
        return Unknown(refusal, isPartial: reasons != 0, source);
    }

    private bool IsCurrent(CertificateRevocationList list) => now <= list.NextUpdate + skew;

    private bool IsCurrent(UpdatedList list) => IsCurrent(list.Delta ?? list.Complete);

    /// <summary>Who is revoked stays so, and an old list is enough to know it; only a hold may have been lifted since.</summary>
    private (RevokedEntry Entry, CertificateRevocationList List)? RevocationIn(UpdatedList list, Certificate certificate) =>
        list.Find(certificate) is { } found && (IsCurrent(list) || found.Entry.Reason != RevocationReason.CertificateHold) ? found : null;

    /// <summary>The delta list that brings a complete list up to date: the latest that is current, or the latest of the old ones; null when there is none.</summary>
    private CertificateRevocationList? DeltaOf(CertificateRevocationList complete, Certificate issuer, IReadOnlyList<CertificateRevocationList> lists) =>
        lists.Where(list => list.Updates(complete) && MayBeFrom(list, issuer) && Refusal(list, issuer) == null).MaxBy(delta => (IsCurrent(delta), delta.Number));

    /// <summary>Whether the list is signed by somebody who may be believed.</summary>
    public bool IsSigned(CertificateRevocationList list, Certificate issuer) => SignerOf(list, issuer) is { } signer && list.IsSignedBy(signer);

    // RFC 5280 §6.3.3 (f) and (g)
    private Certificate? SignerOf(CertificateRevocationList list, Certificate issuer) => list.IssuerName.Equals(issuer.Subject) ? issuer : signerOf(list);

    private string? Refusal(CertificateRevocationList list, Certificate issuer)
    {
        if (list.Unusable is { } unusable)
            return unusable;
        if (SignerOf(list, issuer) is not { } signer)
            return $"is an indirect one of \"{list.Issuer}\", of whom there is no certificate that fits its signature and leads to the same trust anchor";
        // RFC 5280 §6.3.3 (f)
        if (signer.Facts.KeyUsage is { } usage && !usage.HasFlag(KeyUsages.CrlSign))
            return $"cannot be from {signer}, whose key usage does not allow signing lists";
        if (CertificateSignature.SchemeOf(list.SignatureAlgorithm) == null)
            return $"is signed with {CertificateSignature.Describe(list.SignatureAlgorithm)}";
        if (list.ThisUpdate > now + skew)
            return $"is from the future, {RevocationText.Time(list.ThisUpdate)}; the clock says {RevocationText.Time(now)}";
        return list.IsSignedBy(signer) ? null : $"is not signed by the key of {signer}";
    }

    // An authority that changed its key has two lists under one name.
    private static bool MayBeFrom(CertificateRevocationList list, Certificate issuer) =>
        !list.IssuerName.Equals(issuer.Subject) || list.AuthorityKeyIdentifier.IsEmpty || issuer.Facts.SubjectKeyIdentifier.IsEmpty || list.AuthorityKeyIdentifier.Span.SequenceEqual(issuer.Facts.SubjectKeyIdentifier.Span);

    private static CertificateStatus Revoked(Certificate certificate, CertificateRevocationList list, RevokedEntry entry, CertificateStatusSource source) =>
        new(CertificateStatusKind.Revoked, source, $"{certificate} was revoked on {RevocationText.Time(entry.RevokedAt)} ({RevocationText.Reason(entry.Reason)}), says the {(list.IsDelta ? "delta " : "")}revocation list of \"{list.Issuer}\" of {RevocationText.Time(list.ThisUpdate)}")
        {
            ThisUpdate = list.ThisUpdate,
            NextUpdate = list.NextUpdate,
            RevokedAt = entry.RevokedAt,
            Reason = entry.Reason,
        };

    private static CertificateStatus Good(Certificate certificate, UpdatedList list, CertificateStatusSource source) =>
        new(CertificateStatusKind.Good, source, $"{certificate} is not on {list}")
        {
            ThisUpdate = list.ThisUpdate,
            NextUpdate = list.NextUpdate,
        };

    private static CertificateStatus Unknown(string? refusal, bool isPartial, CertificateStatusSource source)
    {
        var kind = source == CertificateStatusSource.GivenList ? "given" : "fetched";
        return CertificateStatus.Unknown(source, refusal != null ? $"the revocation list {kind} {refusal}"
            : isPartial ? $"the revocation lists {kind} do not speak for all reasons"
            : $"none of the revocation lists {kind} speaks of it");
    }
}
