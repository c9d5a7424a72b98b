namespace LucidTls.Certificates.Revocation;

/// <summary>Whether a certificate was revoked.</summary>
public enum CertificateStatusKind
{
    /// <summary>It could not be found out.</summary>
    Unknown,
    /// <summary>It was not.</summary>
    Good,
    /// <summary>It was.</summary>
    Revoked,
}

/// <summary>Where a status comes from.</summary>
public enum CertificateStatusSource
{
    /// <summary>An OCSP response that came with the handshake (RFC 6066 §8).</summary>
    Staple,
    /// <summary>A revocation list that the caller gave (RFC 5280 §5).</summary>
    GivenList,
    /// <summary>An OCSP response that was asked for (RFC 6960).</summary>
    Ocsp,
    /// <summary>A revocation list that was fetched.</summary>
    FetchedList,
}

/// <summary>What one source says of one certificate of a path.</summary>
public sealed record CertificateStatus
{
    internal CertificateStatus(CertificateStatusKind kind, CertificateStatusSource source, string explanation)
    {
        Kind = kind;
        Source = source;
        Explanation = explanation;
    }

    /// <summary>The certificate's place in the path, 0 for the leaf.</summary>
    public int Index { get; internal init; }

    /// <summary>What it says.</summary>
    public CertificateStatusKind Kind { get; }

    /// <summary>Which source that is.</summary>
    public CertificateStatusSource Source { get; }

    /// <summary>The same in words; when the status is unknown, why.</summary>
    public string Explanation { get; }

    /// <summary>When it was known to be so; null when there is no answer.</summary>
    public DateTimeOffset? ThisUpdate { get; internal init; }

    /// <summary>When newer information will be there at the latest; null when the source does not say.</summary>
    public DateTimeOffset? NextUpdate { get; internal init; }

    /// <summary>When the certificate was revoked; null when it was not.</summary>
    public DateTimeOffset? RevokedAt { get; internal init; }

    /// <summary>Why the certificate was revoked; null when it was not.</summary>
    public RevocationReason? Reason { get; internal init; }

    internal static CertificateStatus Unknown(CertificateStatusSource source, string why) => new(CertificateStatusKind.Unknown, source, why);

    /// <summary>The explanation.</summary>
    public override string ToString() => Explanation;
}
