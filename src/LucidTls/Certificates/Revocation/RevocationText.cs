using System.Globalization;

namespace LucidTls.Certificates.Revocation;

/// <summary>Words that several sentences about revocation share.</summary>
internal static class RevocationText
{
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    public static string Reason(RevocationReason reason) => reason switch
    {
        RevocationReason.Unspecified => "no reason given",
        RevocationReason.KeyCompromise => "its key was compromised",
        RevocationReason.CACompromise => "the authority's key was compromised",
        RevocationReason.AffiliationChanged => "the subject's affiliation changed",
        RevocationReason.Superseded => "it was superseded",
        RevocationReason.CessationOfOperation => "it is no longer used",
        RevocationReason.CertificateHold => "it is on hold",
        RevocationReason.RemoveFromCrl => "it was removed from the list",
        RevocationReason.PrivilegeWithdrawn => "a privilege was withdrawn",
        RevocationReason.AACompromise => "the attribute authority's key was compromised",
    };
}
