using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates.Revocation;

/// <summary>Revocation lists by their issuer.</summary>
internal sealed class RevocationLists
{
    private readonly Dictionary<X501Name, List<CertificateRevocationList>> _lists = [];

    public RevocationLists(IReadOnlyList<CertificateRevocationList> lists)
    {
        foreach (var list in lists)
        {
            if (!_lists.TryGetValue(list.IssuerName, out var sameIssuer))
                _lists.Add(list.IssuerName, sameIssuer = []);
            sameIssuer.Add(list);
        }
    }

    public bool IsEmpty => _lists.Count == 0;

    public IReadOnlyList<CertificateRevocationList> Of(X501Name issuer) => _lists.TryGetValue(issuer, out var lists) ? lists : [];

    /// <summary>Those of the certificate's issuer, and of others that it says sign lists for it (cRLIssuer, RFC 5280 §4.2.1.13).</summary>
    public IReadOnlyList<CertificateRevocationList> For(Certificate certificate)
    {
        var others = certificate.Facts.CrlDistributionPoints.SelectMany(point => point.CrlIssuers).Where(name => name.Kind == GeneralName.DirectoryName).Select(name => new X501Name(name.Value)).Distinct().Where(name => !name.Equals(certificate.Issuer)).ToList();
        return others.Count == 0 ? Of(certificate.Issuer) : [.. Of(certificate.Issuer), .. others.SelectMany(Of)];
    }
}
