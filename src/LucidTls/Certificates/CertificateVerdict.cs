using System.Text.Json;
using LucidTls.Certificates.Paths;

namespace LucidTls.Certificates;

/// <summary>Which rule a certificate chain broke, coarse enough to choose an alert by.</summary>
public enum CertificateFailure
{
    /// <summary>None: the chain is accepted.</summary>
    None,
    /// <summary>A certificate could not be parsed, or a signature in the chain does not verify.</summary>
    Malformed,
    /// <summary>The certificate is for another name.</summary>
    WrongName,
    /// <summary>A certificate of the path has expired or is not yet valid.</summary>
    Expired,
    /// <summary>No path leads to a trust anchor.</summary>
    UnknownIssuer,
    /// <summary>A certificate of the path was revoked.</summary>
    Revoked,
    /// <summary>A certificate's key, type or use does not allow what it is used for.</summary>
    Unsuitable,
    /// <summary>Whether a certificate was revoked could not be found out, though that is demanded.</summary>
    UnknownStatus,
    /// <summary>The chain breaks a demand that is the caller's own: pins, policies, transparency, limits.</summary>
    Unacceptable,
}

/// <summary>What a verifier found out about a peer's chain. A bad certificate is a verdict, never an exception.</summary>
public sealed class CertificateVerdict
{
    private readonly CandidatePath? _accepted;
    private string? _explanation;
    private IReadOnlyList<ReadOnlyMemory<byte>>? _path;
    private IReadOnlyList<CertificatePath>? _paths;

    private CertificateVerdict(IReadOnlyList<CandidatePath> candidates, CandidatePath? accepted, CertificateProblem? problem, CertificateProfile profile)
    {
        Candidates = candidates;
        _accepted = accepted;
        Problem = problem;
        Profile = profile;
    }

    /// <summary>Whether the chain may be relied upon.</summary>
    public bool IsAccepted => _accepted != null;

    /// <summary>The most telling reason for a refusal, coarsely.</summary>
    public CertificateFailure Failure => Problem?.Failure ?? CertificateFailure.None;

    /// <summary>The most telling reason for a refusal, with the rule, who mends it and how; null when the chain is accepted.</summary>
    public CertificateProblem? Problem { get; }

    /// <summary>The rules by which it was judged.</summary>
    public CertificateProfile Profile { get; }

    /// <summary>A sentence for a person: what is wrong, with values; or why the chain is accepted.</summary>
    public string Explanation => _explanation ??= Problem?.Explanation ?? string.Join(", by ", _accepted!.Certificates);

    /// <summary>The accepted path in DER, leaf first and trust anchor last; empty when refused.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Path => _path ??= _accepted == null ? [] : [.. _accepted.Certificates.Select(certificate => certificate.Der)];

    /// <summary>Every path that was looked at (no more than a few dozen): the accepted one last, or all with what is wrong with each.</summary>
    public IReadOnlyList<CertificatePath> Paths => _paths ??= [.. Candidates.Select(candidate => new CertificatePath(candidate))];

    internal IReadOnlyList<CandidatePath> Candidates { get; }

    /// <summary>The verdict as a tree of paths, certificates and problems, for people; several lines.</summary>
    public string ToTree() => VerdictTree.Write(this);

    /// <summary>The verdict as JSON, for programs; docs/certificates.md describes the members.</summary>
    public string ToJson()
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            WriteTo(writer);
        return System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    /// <summary>Writes the verdict as one JSON object.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        VerdictJson.Write(writer, this);
    }

    /// <summary>The explanation.</summary>
    public override string ToString() => Explanation;

    internal static CertificateVerdict Accept(IReadOnlyList<CandidatePath> candidates, CandidatePath accepted, CertificateProfile profile) => new(candidates, accepted, null, profile);

    /// <summary>A refusal for what is wrong with the input itself, before there is any path.</summary>
    internal static CertificateVerdict Refuse(CertificateRule rule, string sentence, CertificateProfile profile) => new([], null, new CertificateProblem(new PathProblem(rule, 0, sentence)), profile);

    /// <summary>A refusal: of all the paths, the one that came nearest is told.</summary>
    internal static CertificateVerdict Refuse(IReadOnlyList<CandidatePath> candidates, CertificateProfile profile)
    {
        var nearest = candidates.MinBy(candidate => (candidate.Anchor == null, candidate.Anchor != null ? candidate.Problems.Count : Telling(candidate)))!;
        var problem = nearest.Problems.MinBy(problem => CertificateRuleFacts.RankOf(problem.Rule));
        return new(candidates, null, new CertificateProblem(problem), profile);
    }

    // A search that was cut short or a broken signature says more than an issuer nobody knows; of those the longest path does.
    private static int Telling(CandidatePath candidate) =>
        candidate.Problems[0].Rule is CertificateRule.SearchBudget or CertificateRule.Signature ? -1000 : -candidate.Certificates.Count;
}
