using LucidTls.Certificates.Parsing;
using LucidTls.Certificates.Trust;

namespace LucidTls.Certificates.Paths;

/// <summary>
/// Looks for paths from a leaf to the trust anchors, depth first, nearest first (RFC 4158): by name, then by key identifier, and only over
/// signatures that verify. Each one found is judged; the caller goes on until one is good. Work is bounded by the <see cref="SearchBudget"/>.
/// </summary>
internal sealed class PathSearch
{
    /// <summary>Certificates in a path, self-issued ones included. Real ones have five at most.</summary>
    private const int LongestPath = 16;

    private readonly TrustAnchors _anchors;
    private readonly IReadOnlyList<Certificate> _surplus;
    private readonly DateTimeOffset _now;
    private readonly Func<string, string?> _fetchProblem;
    private readonly SearchBudget _budget;
    private readonly PathJudge _judge;
    private readonly List<Certificate> _path = [];
    private readonly Stack<Step> _steps = new();
    private readonly Certificate _leaf;
    private bool _isStarted;

    public PathSearch(Certificate leaf, IReadOnlyList<Certificate> surplus, TrustAnchors anchors, VerificationPolicy policy, SearchBudget budget)
    {
        _leaf = leaf;
        _surplus = surplus;
        _anchors = anchors;
        _now = policy.Now;
        _fetchProblem = policy.FetchProblem;
        _budget = budget;
        _judge = new PathJudge(policy, budget);
    }

    /// <summary>The next path, judged; null when there is none left.</summary>
    public CandidatePath? Next()
    {
        try
        {
            return Find();
        }
        catch (SearchBudgetException exhausted)
        {
            _steps.Clear();
            return new CandidatePath([.. _path.Take(1)], null, [new PathProblem(CertificateRule.SearchBudget, 0, $"after {exhausted.Message} no path to a trust anchor was found")]);
        }
    }

    private CandidatePath? Find()
    {
        if (!_isStarted)
        {
            _isStarted = true;
            _path.Add(_leaf);
            _steps.Push(new Step(Candidates(_leaf)));
            // The leaf may be a trust anchor by itself; then it is a path of its own, with an issuer or without.
            if (_anchors.Find(_leaf) is { } anchor)
            {
                _steps.Peek().IsDeadEnd = false;
                return Complete(anchor);
            }
        }
        while (_steps.TryPeek(out var step))
        {
            if (step.Next == step.Candidates.Count)
            {
                _steps.Pop();
                var deadEnd = step.IsDeadEnd ? DeadEnd(step) : null;
                _path.RemoveAt(_path.Count - 1);
                if (deadEnd != null)
                    return deadEnd;
                continue;
            }
            var candidate = step.Candidates[step.Next++];
            _budget.ChargeCandidate();
            if (IsLoop(candidate.Certificate) || !IsSigner(_path[^1], candidate.Certificate, step))
                continue;
            step.IsDeadEnd = false;
            if (candidate.Anchor is { } reached)
            {
                _path.Add(candidate.Certificate);
                var complete = Complete(reached);
                _path.RemoveAt(_path.Count - 1);
                return complete;
            }
            if (_path.Count + 1 >= LongestPath)
            {
                step.IsTooLong = step.IsDeadEnd = true;
                continue;
            }
            _path.Add(candidate.Certificate);
            _steps.Push(new Step(Candidates(candidate.Certificate)));
        }
        return null;
    }

    private CandidatePath Complete(TrustAnchor anchor)
    {
        _budget.ChargePath();
        Certificate[] path = [.. _path];
        return new CandidatePath(path, anchor, _judge.Judge(path, anchor));
    }

    /// <summary>Who may have issued the certificate, most promising first: anchors, then by key identifier, validity, and the latest.</summary>
    private List<Candidate> Candidates(Certificate certificate)
    {
        var candidates = new List<Candidate>(2);
        foreach (var anchor in _anchors.BySubject(certificate.Issuer))
            candidates.Add(new Candidate(anchor.Certificate, anchor));
        foreach (var other in _surplus)
        {
            if (other.Subject.Equals(certificate.Issuer) && !candidates.Exists(known => known.Certificate.Der.Span.SequenceEqual(other.Der.Span)))
                candidates.Add(new Candidate(other, null));
        }
        if (candidates.Count > 1)
        {
            candidates = [.. candidates
                .OrderBy(candidate => candidate.Anchor == null)
                .ThenBy(candidate => KeyFit(certificate, candidate.Certificate))
                .ThenBy(candidate => _now < candidate.Certificate.NotBefore || _now > candidate.Certificate.NotAfter)
                .ThenByDescending(candidate => candidate.Certificate.NotBefore)];
        }
        return candidates;
    }

    // RFC 4158 §3.5.12: matching key identifiers first, missing ones next, different ones last.
    private static int KeyFit(Certificate certificate, Certificate issuer)
    {
        var wanted = certificate.Facts.AuthorityKeyIdentifier;
        var there = issuer.Facts.SubjectKeyIdentifier;
        return wanted.IsEmpty || there.IsEmpty ? 1 : wanted.Span.SequenceEqual(there.Span) ? 0 : 2;
    }

    // A loop never helps: the same name with the same key stands in a path once (RFC 4158 §2.4.1).
    private bool IsLoop(Certificate candidate)
    {
        foreach (var certificate in _path)
        {
            if (certificate.Subject.Equals(candidate.Subject) && certificate.SubjectPublicKeyInfo.Span.SequenceEqual(candidate.SubjectPublicKeyInfo.Span))
                return true;
        }
        return false;
    }

    private bool IsSigner(Certificate certificate, Certificate issuer, Step step)
    {
        if (CertificateSignature.SchemeOf(certificate.SignatureAlgorithm) is not { } scheme)
        {
            step.Refusal = new PathProblem(CertificateRule.SignatureAlgorithm, _path.Count - 1, $"{certificate} is signed with {CertificateSignature.Describe(certificate.SignatureAlgorithm)}");
            return false;
        }
        if (!certificate.IsKnownToBeSignedBy(issuer.SubjectPublicKeyInfo.Span))
            _budget.ChargeSignature();
        if (CertificateSignature.Verifies(certificate, issuer, scheme))
            return true;
        step.Refusal ??= NotSignedBy(certificate, issuer);
        return false;
    }

    // Where the key identifiers agree the signature is broken; otherwise it is just another authority of the same name.
    private PathProblem NotSignedBy(Certificate certificate, Certificate issuer)
    {
        if (issuer.KeyFacts.Kind == PublicKeyKind.Unknown)
            return new PathProblem(CertificateRule.KeyStrength, _path.Count - 1, $"{issuer}, which issued {certificate}, has {issuer.KeyFacts.Text}, which cannot be used");
        return KeyFit(certificate, issuer) == 0
            ? new PathProblem(CertificateRule.Signature, _path.Count - 1, $"the signature of {certificate} was not made by the key of {issuer}")
            : new PathProblem(CertificateRule.TrustAnchor, _path.Count - 1, $"the issuer of {certificate}, \"{certificate.Issuer}\", is not a trust anchor: there is one of that name, with another key");
    }

    private CandidatePath? DeadEnd(Step step)
    {
        var last = _path[^1];
        if (step.IsTooLong)
            return Ended(new PathProblem(CertificateRule.SearchBudget, _path.Count - 1, $"the path is longer than {LongestPath} certificates"));
        return Ended(step.Refusal ?? UnknownIssuer(last));
    }

    private CandidatePath Ended(PathProblem problem) => new([.. _path], null, [problem]);

    private PathProblem UnknownIssuer(Certificate last)
    {
        var index = _path.Count - 1;
        if (last.IsSelfIssued)
        {
            return index == 0
                ? new PathProblem(CertificateRule.TrustAnchor, 0, $"the issuer of {last}, \"{last.Issuer}\", is not a trust anchor; it is signed by itself", CertificateMender.Peer, "Trust this very certificate on this end if you know that it is the server's; otherwise the server needs one from an authority that is trusted here.")
                : new PathProblem(CertificateRule.TrustAnchor, index, $"the chain ends in the root {last}, which is not a trust anchor", CertificateMender.ThisEnd, "Trust this root on this end if you mean to; otherwise the server needs a certificate from an authority that is trusted here.");
        }
        var sent = _surplus.Count == 0 ? "the peer sent only its own certificate; " : "";
        var address = last.Facts.IssuerAddresses is [var first, ..] ? $"; {(index == 0 ? "the certificate" : "it")} says that its issuer can be had at {X501Name.Printable(first)}{(_fetchProblem(first) is { } problem ? $", but {problem}" : "")}" : "";
        return new PathProblem(CertificateRule.TrustAnchor, index, $"{sent}the issuer of {last}, \"{last.Issuer}\", is not a trust anchor{address}");
    }

    private readonly record struct Candidate(Certificate Certificate, TrustAnchor? Anchor);

    /// <summary>One certificate of the path and who may be above it.</summary>
    private sealed class Step(List<Candidate> candidates)
    {
        public List<Candidate> Candidates { get; } = candidates;
        public int Next { get; set; }
        public bool IsDeadEnd { get; set; } = true;
        public bool IsTooLong { get; set; }

        /// <summary>Why the first candidate of the name was not the issuer.</summary>
        public PathProblem? Refusal { get; set; }
    }
}
