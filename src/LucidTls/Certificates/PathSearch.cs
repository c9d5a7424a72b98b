namespace LucidTls.Certificates;

/// <summary>
/// Looks for a path from a leaf to a trust anchor, depth first, and judges each one found. Bounded: a path has at most 10
/// certificates, and one search does at most 100 signature checks and looks at 10,000 candidates (the numbers of webpki are 100 and 200,000).
/// </summary>
internal sealed class PathSearch(TrustAnchors anchors, IReadOnlyList<Certificate> surplus, CertificatePurpose purpose, DateTimeOffset now)
{
    private const int LongestPath = 10;
    private const int MostSignatures = 100;
    private const int MostCandidates = 10_000;

    private readonly List<Certificate> _path = [];
    private BrokenRule? _worst;
    private int _worstDepth = -1;
    private int _signatures;
    private int _candidates;

    public CertificateVerdict Run(Certificate leaf, string? name)
    {
        _path.Add(leaf);
        if (!TryExtend())
            return Refusal(_worst ?? Unknown(leaf));
        return PathRules.Leaf(leaf, name, purpose, now) is { } broken
            ? Refusal(broken)
            : new CertificateVerdict([.. _path.Select(certificate => certificate.Der)]);
    }

    private static CertificateVerdict Refusal(BrokenRule broken) => new(broken.Failure, broken.Sentence);

    /// <summary>Tries all issuers of the last certificate of the path; true with the whole path in hand.</summary>
    private bool TryExtend()
    {
        var last = _path[^1];
        // An intermediate, or even the leaf, may be a trust anchor by itself.
        if (anchors.Contains(last))
            return true;
        if (_path.Count == LongestPath)
            return false;
        foreach (var anchor in anchors.BySubject(last.Issuer))
        {
            if (!MayTry(anchor) || Judge(last, anchor, isAnchor: true) is { } broken && Note(broken))
                continue;
            _path.Add(anchor);
            return true;
        }
        foreach (var candidate in surplus)
        {
            if (!candidate.Subject.Span.SequenceEqual(last.Issuer.Span) || !MayTry(candidate))
                continue;
            if (Judge(last, candidate, isAnchor: false) is { } broken && Note(broken))
                continue;
            _path.Add(candidate);
            if (TryExtend())
                return true;
            _path.RemoveAt(_path.Count - 1);
        }
        return false;
    }

    // A loop never helps: the same name with the same key stands in a path once.
    private bool MayTry(Certificate candidate)
    {
        if (++_candidates > MostCandidates)
            return false;
        foreach (var certificate in _path)
        {
            if (certificate.Subject.Span.SequenceEqual(candidate.Subject.Span) && certificate.SubjectPublicKeyInfo.Span.SequenceEqual(candidate.SubjectPublicKeyInfo.Span))
                return false;
        }
        return true;
    }

    private BrokenRule? Judge(Certificate child, Certificate issuer, bool isAnchor)
    {
        if (child.SignatureScheme is not { } scheme)
            return new BrokenRule(CertificateFailure.Unsuitable, $"{child} is signed with {CertificateSignature.Describe(child.SignatureAlgorithm)}");
        if (++_signatures > MostSignatures)
            return new BrokenRule(CertificateFailure.UnknownIssuer, $"after {MostSignatures} signature checks no path to a trust anchor was found");
        if (!CertificateSignature.Verifies(child, issuer, scheme))
            return NotSignedBy(child, issuer);
        var intermediates = 0;
        for (var i = 1; i < _path.Count; i++)
            intermediates += _path[i].IsSelfIssued ? 0 : 1;
        return (isAnchor ? PathRules.Anchor(issuer, intermediates, purpose, now) : PathRules.Issuer(issuer, intermediates, purpose, now))
            ?? PathRules.NameConstraints(issuer, _path);
    }

    // Where the key identifiers agree the signature is broken; otherwise it is just another authority of the same name.
    private static BrokenRule NotSignedBy(Certificate child, Certificate issuer) =>
        child.Facts.AuthorityKeyIdentifier is { } wanted && issuer.Facts.SubjectKeyIdentifier is { } there && wanted.Span.SequenceEqual(there.Span)
            ? new BrokenRule(CertificateFailure.Malformed, $"the signature of {child} was not made by the key of {issuer}")
            : new BrokenRule(CertificateFailure.UnknownIssuer, $"the issuer of {child}, \"{DistinguishedName.ToText(child.Issuer)}\", is not a trust anchor: there is one of that name, with another key");

    // The failure of the path that came farthest says most.
    private bool Note(BrokenRule broken)
    {
        if (_path.Count > _worstDepth)
        {
            _worst = broken;
            _worstDepth = _path.Count;
        }
        return true;
    }

    private BrokenRule Unknown(Certificate leaf)
    {
        var hint = leaf.IsSelfIssued ? "; it is signed by itself"
            : surplus.Count == 0 ? "; the peer sent only its own certificate"
            : "";
        var last = leaf;
        // Follow the names as far as they lead, to say whose certificate is missing.
        for (var steps = 0; steps < LongestPath; steps++)
        {
            var next = surplus.FirstOrDefault(candidate => candidate.Subject.Span.SequenceEqual(last.Issuer.Span) && !candidate.IsSelfIssued);
            if (next == null || next == last)
                break;
            last = next;
        }
        return new BrokenRule(CertificateFailure.UnknownIssuer, $"the issuer of {last}, \"{DistinguishedName.ToText(last.Issuer)}\", is not a trust anchor{hint}");
    }
}
