using LucidTls.Certificates.Parsing;
using LucidTls.Certificates.Paths;
using LucidTls.Certificates.Trust;

namespace LucidTls.Certificates.Revocation;

/// <summary>Finds who signed an indirect list, and whether that one's certificate leads to the trust anchor of the path that is judged (RFC 5280 §6.3.3 (f)).</summary>
/// <param name="path">The path.</param>
/// <param name="request">The question, with the peer's certificates.</param>
/// <param name="given">Certificates of those who sign lists for others.</param>
/// <param name="now">The time of validation.</param>
/// <param name="isListed">Whether the revocation lists at hand call a certificate of an issuer revoked.</param>
internal sealed class ListSigners(CandidatePath path, CertificateVerificationRequest request, IReadOnlyList<Certificate> given, DateTimeOffset now, Func<Certificate, Certificate, bool> isListed)
{
    /// <summary>Certificates of one name that are tried; those at hand come before the peer's.</summary>
    private const int MostCandidates = 4;

    /// <summary>Who signs lists need be no server, and sign nothing else.</summary>
    private static readonly CertificateProfile Profile = CertificateProfile.Rfc5280.Without(CertificateRule.ExtendedKeyUsage, CertificateRule.DigitalSignature);

    private readonly SearchBudget _budget = new();
    private IReadOnlyList<Certificate>? _known;

    private IReadOnlyList<Certificate> Known => _known ??= [.. path.Certificates, .. given, .. request.Chain.Select(Certificate.TryParse).OfType<Certificate>()];

    /// <summary>The certificate whose key signed the list; null when there is none that may be believed.</summary>
    public Certificate? Find(CertificateRevocationList list) =>
        Known.Where(certificate => certificate.Subject.Equals(list.IssuerName)).Take(MostCandidates).FirstOrDefault(certificate => list.IsSignedBy(certificate) && LeadsToAnchor(certificate));

    private bool LeadsToAnchor(Certificate certificate)
    {
        if (path.Certificates.Contains(certificate))
            return true;
        // RFC 5280 §6.3.3 (f): "The trust anchor for the certification path MUST be the same".
        var search = new PathSearch(certificate, Known, new TrustAnchors([path.Anchor!]), Policy(), _budget);
        while (search.Next() is { } found)
        {
            if (found.IsGood && !IsRevoked(found))
                return true;
        }
        return false;
    }

    private bool IsRevoked(CandidatePath found) => found.Certificates.Zip(found.Certificates.Skip(1)).Any(pair => isListed(pair.First, pair.Second));

    private VerificationPolicy Policy() => new()
    {
        Options = new CertificateVerifierOptions(),
        Profile = Profile,
        Purpose = request.Purpose,
        Names = [],
        Now = now,
        IsTimeGiven = request.Time != null,
    };
}
