using LucidTls.Certificates.Parsing;
using LucidTls.Certificates.Revocation;
using LucidTls.Certificates.Transparency;

namespace LucidTls.Certificates.Paths;

/// <summary>A path that was tried: to an anchor, or to where no issuer was found.</summary>
/// <param name="Certificates">The leaf first.</param>
/// <param name="Anchor">The trust anchor that it ends in; null when it ends before.</param>
/// <param name="Problems">The rules that it breaks; empty when it is good.</param>
internal sealed record CandidatePath(IReadOnlyList<Certificate> Certificates, TrustAnchor? Anchor, IReadOnlyList<PathProblem> Problems)
{
    public bool IsGood => Problems.Count == 0;

    /// <summary>What is known of the revocation of its certificates, where that was looked at.</summary>
    public IReadOnlyList<CertificateStatus> Statuses { get; init; } = [];

    /// <summary>The SignedCertificateTimestampList in the leaf's stapled OCSP response; empty when there is none that counts.</summary>
    public ReadOnlyMemory<byte> StapledTimestamps { get; init; }

    /// <summary>The leaf's certificate transparency timestamps, where they were looked at.</summary>
    public IReadOnlyList<CertificateTimestamp> Timestamps { get; init; } = [];
}
