namespace LucidTls.Certificates.Revocation;

/// <summary>Why a certificate was revoked (RFC 5280 §5.3.1); the numbers are those of CRLReason.</summary>
public enum RevocationReason
{
    /// <summary>None is given.</summary>
    Unspecified = 0,
    /// <summary>The private key became known to others.</summary>
    KeyCompromise = 1,
    /// <summary>The authority's private key became known to others.</summary>
    CACompromise = 2,
    /// <summary>The subject belongs elsewhere now.</summary>
    AffiliationChanged = 3,
    /// <summary>Another certificate took its place.</summary>
    Superseded = 4,
    /// <summary>It is no longer needed.</summary>
    CessationOfOperation = 5,
    /// <summary>It is on hold: it may become good again.</summary>
    CertificateHold = 6,
    /// <summary>It was on hold and is no longer listed. Only in delta lists.</summary>
    RemoveFromCrl = 8,
    /// <summary>What it says of its subject no longer holds.</summary>
    PrivilegeWithdrawn = 9,
    /// <summary>The attribute authority's private key became known to others.</summary>
    AACompromise = 10,
}
