namespace LucidTls.Certificates;

/// <summary>One question to a verifier.</summary>
public sealed record CertificateVerificationRequest
{
    /// <summary>The peer's certificates in DER: the leaf first, the others in any order; surplus ones do no harm.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> Chain { get; init; }

    /// <summary>The names that the leaf must all be for; empty to ask for none, as servers do with clients' certificates.</summary>
    public IReadOnlyList<PeerName> Names { get; init; } = [];

    /// <summary>What the leaf must be good for.</summary>
    public CertificatePurpose Purpose { get; init; } = CertificatePurpose.Server;

    /// <summary>The time of validation; null for now, by the verifier's clock.</summary>
    public DateTimeOffset? Time { get; init; }
}
