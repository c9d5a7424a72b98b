using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates.Revocation;

/// <summary>A complete revocation list, with the delta list that brings it up to date if there is one (RFC 5280 §5.2.4).</summary>
internal readonly record struct UpdatedList(CertificateRevocationList Complete, CertificateRevocationList? Delta)
{
    // RFC 5280 §5.2.4: a combined list has the times of the delta list.
    public DateTimeOffset ThisUpdate => (Delta ?? Complete).ThisUpdate;

    public DateTimeOffset NextUpdate => (Delta ?? Complete).NextUpdate!.Value;

    /// <summary>The certificate's entry, and the list that has it; null when it is not listed (RFC 5280 §6.3.3 (i) to (k)).</summary>
    public (RevokedEntry Entry, CertificateRevocationList List)? Find(Certificate certificate)
    {
        var serial = certificate.Serial.Span;
        if (Delta?.Find(serial, certificate.Issuer) is { } changed)
            return changed.Reason == RevocationReason.RemoveFromCrl ? null : (changed, Delta);
        return Complete.Find(serial, certificate.Issuer) is { } entry ? (entry, Complete) : null;
    }

    /// <summary>For people.</summary>
    public override string ToString() =>
        $"the revocation list of \"{Complete.Issuer}\" of {RevocationText.Time(Complete.ThisUpdate)}{(Delta == null ? "" : $" with its delta list of {RevocationText.Time(Delta.ThisUpdate)}")}";
}
