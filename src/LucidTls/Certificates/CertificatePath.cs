using System.Security.Cryptography;
using LucidTls.Certificates.Parsing;
using LucidTls.Certificates.Paths;
using LucidTls.Certificates.Revocation;
using LucidTls.Certificates.Transparency;

namespace LucidTls.Certificates;

/// <summary>One path that a verifier looked at, with what is wrong with it.</summary>
public sealed class CertificatePath
{
    internal CertificatePath(CandidatePath candidate)
    {
        EndsInTrustAnchor = candidate.Anchor != null;
        Timestamps = candidate.Timestamps;
        Statuses = candidate.Statuses;
        Steps = [.. candidate.Certificates.Select((certificate, index) => new CertificateStep(
            certificate,
            EndsInTrustAnchor && index == candidate.Certificates.Count - 1,
            [.. candidate.Problems.Where(problem => problem.Index == index).Select(problem => new CertificateProblem(problem))]))];
    }

    /// <summary>Whether nothing is wrong with it.</summary>
    public bool IsGood => EndsInTrustAnchor && Steps.All(step => step.Problems.Count == 0);

    /// <summary>Whether the last certificate is a trust anchor.</summary>
    public bool EndsInTrustAnchor { get; }

    /// <summary>The certificates, leaf first.</summary>
    public IReadOnlyList<CertificateStep> Steps { get; }

    /// <summary>What each source that was looked at says about the revocation of each certificate; empty when there was none, or when the path was refused for something else.</summary>
    public IReadOnlyList<CertificateStatus> Statuses { get; }

    /// <summary>What certificate transparency logs said of the leaf; empty when the verifier has no log list or the path was refused for something else.</summary>
    public IReadOnlyList<CertificateTimestamp> Timestamps { get; }
}

/// <summary>One certificate of a path.</summary>
public sealed class CertificateStep
{
    private readonly Certificate _certificate;

    internal CertificateStep(Certificate certificate, bool isTrustAnchor, IReadOnlyList<CertificateProblem> problems)
    {
        _certificate = certificate;
        IsTrustAnchor = isTrustAnchor;
        Problems = problems;
    }

    /// <summary>The certificate in DER.</summary>
    public ReadOnlyMemory<byte> Der => _certificate.Der;

    /// <summary>Whom it is for, for people: the subject, or a name when that is empty.</summary>
    public string Subject => _certificate.ToString();

    /// <summary>Who issued it, for people.</summary>
    public string Issuer => _certificate.Issuer.ToString();

    /// <summary>The first moment of its validity.</summary>
    public DateTimeOffset NotBefore => _certificate.NotBefore;

    /// <summary>The last second of its validity.</summary>
    public DateTimeOffset NotAfter => _certificate.NotAfter;

    /// <summary>The public key's kind, for people: "EC P-256", "RSA 2048 bits".</summary>
    public string Key => _certificate.KeyFacts.Text;

    /// <summary>The algorithm of the issuer's signature, for people.</summary>
    public string SignatureAlgorithm => CertificateSignature.Describe(_certificate.SignatureAlgorithm);

    /// <summary>SHA-256 of the certificate, in lower-case hexadecimal.</summary>
    public string Sha256 => Convert.ToHexStringLower(SHA256.HashData(_certificate.Der.Span));

    /// <summary>SHA-256 of the SubjectPublicKeyInfo, which pins are made of, in lower-case hexadecimal.</summary>
    public string KeySha256 => Convert.ToHexStringLower(SHA256.HashData(_certificate.SubjectPublicKeyInfo.Span));

    /// <summary>The alternative names, for people.</summary>
    public IReadOnlyList<string> Names => [.. _certificate.Facts.AlternativeNames.Select(name => name.ToString())];

    /// <summary>Whether it is trusted by itself.</summary>
    public bool IsTrustAnchor { get; }

    /// <summary>What is wrong with it in this path; empty when nothing is.</summary>
    public IReadOnlyList<CertificateProblem> Problems { get; }
}

/// <summary>A rule that a certificate breaks in a path.</summary>
public sealed class CertificateProblem
{
    internal CertificateProblem(PathProblem problem)
    {
        var facts = CertificateRuleFacts.Of(problem.Rule);
        Rule = problem.Rule;
        Failure = facts.Failure;
        Explanation = problem.Sentence;
        Citation = facts.Citation;
        Mender = problem.Mender ?? facts.Mender;
        Remedy = problem.Remedy ?? facts.Remedy;
    }

    /// <summary>The rule.</summary>
    public CertificateRule Rule { get; }

    /// <summary>The rule's kind, by which the alert is chosen.</summary>
    public CertificateFailure Failure { get; }

    /// <summary>What is wrong, with values, in a sentence.</summary>
    public string Explanation { get; }

    /// <summary>Where the rule stands.</summary>
    public string Citation { get; }

    /// <summary>Who can mend it.</summary>
    public CertificateMender Mender { get; }

    /// <summary>How it is mended.</summary>
    public string Remedy { get; }

    /// <summary>The explanation.</summary>
    public override string ToString() => Explanation;
}
