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

    /// <summary>
    /// The SignedCertificateTimestampList of the handshake's extension signed_certificate_timestamp (RFC 6962 §3.3.1), as it came; empty for none. It is
    /// looked at when the verifier has a log list.
    /// </summary>
    public ReadOnlyMemory<byte> Timestamps { get; init; }

    /// <summary>
    /// The OCSP responses in DER that came with the handshake (RFC 6066 §8), each at the place of its certificate in <see cref="Chain"/> and empty where there
    /// was none. Null, the default, when the peer was not asked for any: then a promise to staple (RFC 7633) is not held against it.
    /// </summary>
    public IReadOnlyList<ReadOnlyMemory<byte>>? Staples { get; init; }

    /// <summary>The time of validation; null for now, by the verifier's clock.</summary>
    public DateTimeOffset? Time { get; init; }
}
