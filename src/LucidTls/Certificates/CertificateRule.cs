namespace LucidTls.Certificates;

/// <summary>
/// What is demanded of a certificate path, one value a rule. <c>docs/certificates.md</c> explains each. A rule that form, style or
/// custom demands can be taken out of a profile by name (<see cref="CertificateProfile.Without"/>).
/// </summary>
public enum CertificateRule
{
    // What a chain is: not to be relaxed.
    /// <summary>A certificate is well-formed DER with well-formed extensions, none of them twice.</summary>
    WellFormed,
    /// <summary>Each certificate is signed by the key of the next.</summary>
    Signature,
    /// <summary>The path ends in a trust anchor.</summary>
    TrustAnchor,
    /// <summary>No certificate of the path was revoked.</summary>
    NotRevoked,
    /// <summary>The certificate is for the name that was asked for.</summary>
    Name,
    /// <summary>A key of the path is pinned.</summary>
    Pin,
    /// <summary>Finding and checking a path costs no more than a fixed amount of work.</summary>
    SearchBudget,
    /// <summary>The path is no longer than the caller allows.</summary>
    PathDepth,
    /// <summary>The key usage that the caller demands is there.</summary>
    DemandedUsage,
    /// <summary>The trust anchor's own limits hold: names, purposes, dates that the caller gave with it.</summary>
    AnchorLimits,
    /// <summary>The status of the certificate is known to be good, where the caller demands it or the certificate promises a stapled answer.</summary>
    RevocationStatus,
    /// <summary>Enough certificate transparency logs vouch for the certificate, where the caller demands it.</summary>
    Transparency,

    // What validation demands (RFC 5280 §6): in both profiles.
    /// <summary>Each certificate is within its validity.</summary>
    Validity,
    /// <summary>Signatures are made with algorithms that are not broken.</summary>
    SignatureAlgorithm,
    /// <summary>The two places that name a certificate's signature algorithm agree.</summary>
    SignatureAlgorithmAgreement,
    /// <summary>Keys are long enough: RSA of 2048 bits, EC P-256.</summary>
    KeyStrength,
    /// <summary>Certificates are of version 3; a trust anchor may be of version 1 outside of the web's profile.</summary>
    Version,
    /// <summary>Every critical extension is understood.</summary>
    UnknownCriticalExtension,
    /// <summary>Who issues certificates is an authority by its basic constraints.</summary>
    IssuerIsAuthority,
    /// <summary>The path length that an authority allows below it is kept.</summary>
    PathLength,
    /// <summary>The key usage of an issuer allows signing certificates.</summary>
    CertificateSigning,
    /// <summary>The key usage of the leaf, if it states any, allows signatures.</summary>
    DigitalSignature,
    /// <summary>The extended key usage of each certificate, where it states any, allows the purpose.</summary>
    ExtendedKeyUsage,
    /// <summary>All names are within the name constraints of all authorities above.</summary>
    NameConstraints,
    /// <summary>Certificate policies are as authorities above, or the caller, demand (RFC 9618).</summary>
    Policies,

    // What the CA/Browser Forum and the text of RFC 5280 demand of form: in the web's profile.
    /// <summary>Serial numbers are positive and have at most 20 bytes.</summary>
    SerialNumber,
    /// <summary>Dates through 2049 are written as UTCTime.</summary>
    TimeEncoding,
    /// <summary>There are no unique identifiers.</summary>
    UniqueIdentifiers,
    /// <summary>Keys are of a kind that the web's authorities may certify: RSA, EC P-256, P-384, P-521.</summary>
    KeyKind,
    /// <summary>Extensions are marked critical where they must be, and not where they must not.</summary>
    Criticality,
    /// <summary>The authority key identifier is there, and in the form demanded.</summary>
    AuthorityKeyIdentifier,
    /// <summary>Authorities have a subject key identifier.</summary>
    SubjectKeyIdentifier,
    /// <summary>Authorities have a name.</summary>
    AuthorityName,
    /// <summary>Authorities below the root state their key usage.</summary>
    AuthorityKeyUsage,
    /// <summary>Only an authority that signs certificates states a path length.</summary>
    PathLengthForm,
    /// <summary>The leaf is not an authority's certificate.</summary>
    LeafIsNoAuthority,
    /// <summary>A leaf's key usage does not allow signing certificates.</summary>
    LeafSignsNoCertificates,
    /// <summary>The leaf states its extended key usage.</summary>
    ExtendedKeyUsagePresent,
    /// <summary>The leaf's extended key usage does not name "any", and the root has none.</summary>
    ExtendedKeyUsageForm,
    /// <summary>Name constraints stand in authorities' certificates only, and in the form of RFC 5280.</summary>
    NameConstraintsForm,
    /// <summary>The leaf's alternative names are there and in the form that RFC 5280 gives them.</summary>
    AlternativeNameForm,
    /// <summary>A common name that shows an address or an international name, or one in other case, is a copy of an alternative name.</summary>
    CommonName,
    /// <summary>The wildcard that matched does not stand directly below a registry's suffix, such as "*.co.uk".</summary>
    RegistrySuffixWildcard,

    // In no profile unless asked for.
    /// <summary>The wildcard that matched does not stand directly below a suffix in the private part of the Public Suffix List, such as "*.github.io"; owners of such suffixes use these certificates rightly.</summary>
    PrivateSuffixWildcard,
}
