using LucidTls.Certificates.Parsing;
using LucidTls.Certificates.Paths;

namespace LucidTls.Certificates.Revocation;

/// <summary>Holds a path against the sources of revocation status, in the order and with the weight that the options give them.</summary>
internal sealed class RevocationJudge(RevocationOptions options)
{
    private readonly RevocationLists _lists = new(options.GivenLists);

    /// <summary>Whether there is anything to hold that path against, so that most paths cost nothing.</summary>
    public bool Concerns(CandidatePath path) =>
        path.Certificates.Count > 1 && (options.Lists == RevocationMode.HardFail || (options.Lists == RevocationMode.SoftFail && !_lists.IsEmpty));

    /// <param name="path">A path to an anchor, good so far.</param>
    /// <param name="now">The time of validation.</param>
    /// <returns>The path with the statuses found, and with problems where there are some.</returns>
    public CandidatePath Judge(CandidatePath path, DateTimeOffset now)
    {
        var statuses = new List<CertificateStatus>();
        var problems = new List<PathProblem>();
        // The last one is the trust anchor.
        var count = options.Scope == RevocationScope.Leaf ? 1 : path.Certificates.Count - 1;
        for (var index = 0; index < count; index++)
        {
            var inquiry = new Inquiry(path.Certificates[index], path.Certificates[index + 1], index, statuses);
            if (Inquire(inquiry, now) is { } problem)
                problems.Add(problem);
        }
        return path with { Problems = problems, Statuses = statuses };
    }

    private PathProblem? Inquire(Inquiry about, DateTimeOffset now)
    {
        if (options.Lists != RevocationMode.Off)
            about.Add(new ListJudge(now, options.ClockSkew).Judge(about.Certificate, about.Issuer, _lists.Of(about.Certificate.Issuer), CertificateStatusSource.GivenList));
        return about.Revocation ?? about.Demand(options.Lists);
    }

    /// <summary>What was found out about one certificate.</summary>
    private sealed class Inquiry(Certificate certificate, Certificate issuer, int index, List<CertificateStatus> statuses)
    {
        private readonly int _first = statuses.Count;

        public Certificate Certificate => certificate;
        public Certificate Issuer => issuer;

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
    }
}
