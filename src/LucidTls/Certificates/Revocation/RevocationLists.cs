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
}
