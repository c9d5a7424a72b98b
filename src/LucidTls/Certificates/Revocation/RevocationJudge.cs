using LucidTls.Certificates.Parsing;
using LucidTls.Certificates.Paths;

namespace LucidTls.Certificates.Revocation;

/// <summary>Holds a path against the sources of revocation status, in the order and with the weight that the options give them.</summary>
internal sealed class RevocationJudge(RevocationOptions options)
{
    private readonly RevocationLists _lists = new(options.GivenLists);

    /// <summary>Whether there is anything to hold that path against, so that most paths cost nothing.</summary>
    public bool Concerns(CandidatePath path, CertificateVerificationRequest request) =>
        path.Certificates.Count > 1
        && ((options.Lists == RevocationMode.SoftFail && !_lists.IsEmpty)
            || options.Lists == RevocationMode.HardFail
            || options.Ocsp == RevocationMode.HardFail
            || options.Stapled == RevocationMode.HardFail
            || (options.Stapled == RevocationMode.SoftFail && request.Staples != null && (HasStaple(request.Staples) || path.Certificates[0].Facts.DemandsStaple)));

    /// <param name="path">A path to an anchor, good so far.</param>
    /// <param name="request">The question, with the staples.</param>
    /// <param name="now">The time of validation.</param>
    /// <returns>The path with the statuses found, and with problems where there are some.</returns>
    public CandidatePath Judge(CandidatePath path, CertificateVerificationRequest request, DateTimeOffset now)
    {
        var statuses = new List<CertificateStatus>();
        var problems = new List<PathProblem>();
        ReadOnlyMemory<byte> timestamps = default;
        // The last one is the trust anchor.
        var count = options.Scope == RevocationScope.Leaf ? 1 : path.Certificates.Count - 1;
        for (var index = 0; index < count; index++)
        {
            var inquiry = new Inquiry(path.Certificates[index], path.Certificates[index + 1], index, statuses);
            if (Inquire(inquiry, request, now, ref timestamps) is { } problem)
                problems.Add(problem);
        }
        return path with { Problems = problems, Statuses = statuses, StapledTimestamps = timestamps };
    }

    private PathProblem? Inquire(Inquiry about, CertificateVerificationRequest request, DateTimeOffset now, ref ReadOnlyMemory<byte> timestamps)
    {
        var lists = new ListJudge(now, options.ClockSkew);
        if (options.Stapled != RevocationMode.Off && StapleOf(about.Certificate, request) is { IsEmpty: false } staple)
        {
            ReadOnlyMemory<byte> found = default;
            var judge = new OcspJudge(now, options.ClockSkew, (responder, issuer) => IsListed(responder, issuer, lists));
            about.Add(judge.Judge(OcspResponse.TryParse(staple.Span), about.Certificate, about.Issuer, CertificateStatusSource.Staple, ref found));
            if (about.IsLeaf)
                timestamps = found;
        }
        else if (about.IsLeaf && DemandsStaple(about.Certificate, request))
        {
            about.Add(CertificateStatus.Unknown(CertificateStatusSource.Staple, "the peer stapled no OCSP response"));
        }
        var stapleProblem = about.IsLeaf && DemandsStaple(about.Certificate, request) ? about.DemandStaple() : null;
        if (options.Lists != RevocationMode.Off && (!_lists.IsEmpty || options.Lists == RevocationMode.HardFail))
            about.Add(lists.Judge(about.Certificate, about.Issuer, _lists.Of(about.Certificate.Issuer), CertificateStatusSource.GivenList));
        return about.Revocation ?? stapleProblem ?? about.Demand(options.Ocsp) ?? about.Demand(options.Lists);
    }

    // RFC 7633 §4.2.3.1: who offered status_request and gets no answer for a certificate that promises one ends the handshake.
    private bool DemandsStaple(Certificate leaf, CertificateVerificationRequest request) =>
        options.Stapled == RevocationMode.HardFail || (options.Stapled == RevocationMode.SoftFail && request.Staples != null && leaf.Facts.DemandsStaple);

    private bool IsListed(Certificate certificate, Certificate issuer, ListJudge lists) =>
        lists.Judge(certificate, issuer, _lists.Of(certificate.Issuer), CertificateStatusSource.GivenList).Kind == CertificateStatusKind.Revoked;

    private static bool HasStaple(IReadOnlyList<ReadOnlyMemory<byte>> staples)
    {
        for (var i = 0; i < staples.Count; i++)
        {
            if (!staples[i].IsEmpty)
                return true;
        }
        return false;
    }

    // Staples stand beside the peer's certificates, which need not be in the order of the path.
    private static ReadOnlyMemory<byte> StapleOf(Certificate certificate, CertificateVerificationRequest request)
    {
        if (request.Staples is not { } staples)
            return default;
        for (var i = 0; i < staples.Count && i < request.Chain.Count; i++)
        {
            if (!staples[i].IsEmpty && request.Chain[i].Span.SequenceEqual(certificate.Der.Span))
                return staples[i];
        }
        return default;
    }

    /// <summary>What was found out about one certificate.</summary>
    private sealed class Inquiry(Certificate certificate, Certificate issuer, int index, List<CertificateStatus> statuses)
    {
        private readonly int _first = statuses.Count;

        public Certificate Certificate => certificate;
        public Certificate Issuer => issuer;
        public bool IsLeaf => index == 0;

        /// <summary>The problem when a source calls the certificate revoked.</summary>
        public PathProblem? Revocation { get; private set; }

        public bool IsGood { get; private set; }

        public void Add(CertificateStatus status)
        {
            statuses.Add(status with { Index = index });
            IsGood |= status.Kind == CertificateStatusKind.Good;
            if (status.Kind == CertificateStatusKind.Revoked)
                Revocation ??= new PathProblem(CertificateRule.NotRevoked, index, status.Explanation);
        }

        /// <summary>The problem when a source must not fail and nothing so far calls the certificate good.</summary>
        public PathProblem? Demand(RevocationMode mode) => mode == RevocationMode.HardFail && !IsGood
            ? new PathProblem(CertificateRule.RevocationStatus, index, $"whether {certificate} was revoked is not known: {string.Join("; ", statuses.Skip(_first))}")
            : null;

        /// <summary>The same for the staple, which must be among what was looked at and must have come first.</summary>
        public PathProblem? DemandStaple() => Demand(RevocationMode.HardFail) is { } problem
            ? problem with { Sentence = $"{certificate} {(certificate.Facts.DemandsStaple ? "promises" : "must come with")} a stapled OCSP response that calls it good, but {string.Join("; ", statuses.Skip(_first))}" }
            : null;
    }
}
