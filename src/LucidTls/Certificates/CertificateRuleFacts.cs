using static LucidTls.Certificates.CertificateMender;

namespace LucidTls.Certificates;

/// <summary>Who can mend what a rule found.</summary>
public enum CertificateMender
{
    /// <summary>This end: its clock, its trust store, the name it asked for.</summary>
    ThisEnd,
    /// <summary>Whoever runs the peer: the chain that it sends, the certificate that it uses.</summary>
    Peer,
    /// <summary>The authority that issued the certificate.</summary>
    Authority,
}

/// <summary>The one table from rule to failure, source, who mends it and how. It has no default arm, so that a new rule gets them all.</summary>
/// <param name="Failure">The coarse reason, by which the alert is chosen.</param>
/// <param name="Citation">Where the rule stands.</param>
/// <param name="Mender">Who can mend it.</param>
/// <param name="Remedy">How.</param>
internal readonly record struct CertificateRuleFacts(CertificateFailure Failure, string Citation, CertificateMender Mender, string Remedy)
{
    private const string Reissue = "The authority has to issue the certificate anew, in the form demanded; or leave the rule out of the profile if you trust this authority to do as it likes.";
    private const string ReissueAuthority = "The authority has to mend its own certificate; until then the server can use another authority.";

    /// <summary>Which of several reasons is told first: the earlier in the list of rules, but for the name, which says little of a certificate that is bad in itself.</summary>
    public static int RankOf(CertificateRule rule) => rule == CertificateRule.Name ? (int)CertificateRule.Validity * 2 + 1 : (int)rule * 2;

    public static CertificateRuleFacts Of(CertificateRule rule) => rule switch
    {
        CertificateRule.WellFormed => new(CertificateFailure.Malformed, "RFC 5280 §4.1", Authority, "The certificate is damaged or was made by faulty software; it has to be issued anew."),
        CertificateRule.Signature => new(CertificateFailure.Malformed, "RFC 5280 §6.1.3 (a)(1)", Peer, "The certificate was changed after it was signed, or the chain has the wrong issuer in it; install the chain as the authority delivered it."),
        CertificateRule.TrustAnchor => new(CertificateFailure.UnknownIssuer, "RFC 5280 §6.1", Peer, "The server has to send its whole chain; or trust the authority on this end, if you mean to."),
        CertificateRule.NotRevoked => new(CertificateFailure.Revoked, "RFC 5280 §6.3", Peer, "The certificate must no longer be used; the server needs a new one, with a new key if the old one leaked."),
        CertificateRule.Name => new(CertificateFailure.WrongName, "RFC 9525 §6", Peer, "Use a name that the certificate is for, or have a certificate issued for this name."),
        CertificateRule.Pin => new(CertificateFailure.Unacceptable, "RFC 7469 §2.6", ThisEnd, "If the server changed its keys on purpose, pin the new one; if not, somebody sits in the middle."),
        CertificateRule.SearchBudget => new(CertificateFailure.Unacceptable, "RFC 4158 §2.4", Peer, "Send only the certificates that lead from the leaf to its root."),
        CertificateRule.PathDepth => new(CertificateFailure.Unacceptable, "RFC 5280 §6.1", ThisEnd, "Allow a longer path, or have the certificate issued nearer to the root."),
        CertificateRule.DemandedUsage => new(CertificateFailure.Unsuitable, "RFC 5280 §4.2.1.3", Peer, "Use a certificate that was issued for this use."),
        CertificateRule.AnchorLimits => new(CertificateFailure.Unacceptable, "RFC 5914 §2", Peer, "The root is trusted only within limits; use a certificate from another authority."),
        CertificateRule.RevocationStatus => new(CertificateFailure.UnknownStatus, "RFC 6960 §2.2, RFC 7633", Peer, "The server has to staple a current OCSP response, or the responder has to be reachable from here."),
        CertificateRule.Transparency => new(CertificateFailure.Unacceptable, "RFC 6962 §5", Authority, "The authority has to log the certificate and deliver it with the logs' timestamps."),

        CertificateRule.Validity => new(CertificateFailure.Expired, "RFC 5280 §6.1.3 (a)(2)", Peer, "Renew the certificate; if its dates look right to you, set this machine's clock."),
        CertificateRule.SignatureAlgorithm => new(CertificateFailure.Unsuitable, "RFC 9155, RFC 9325 §4.3", Authority, "Have the certificate issued anew, signed with SHA-256 or better."),
        CertificateRule.SignatureAlgorithmAgreement => new(CertificateFailure.Malformed, "RFC 5280 §4.1.1.2", Authority, "The certificate was made by faulty software or tampered with; it has to be issued anew."),
        CertificateRule.KeyStrength => new(CertificateFailure.Unsuitable, "RFC 9325 §4.5", Peer, "Make a new key, RSA of 2048 bits and more or EC P-256, and have a certificate issued for it."),
        CertificateRule.Version => new(CertificateFailure.Unsuitable, "RFC 5280 §6.1.4 (k)", Authority, "Have the certificate issued anew as X.509 v3."),
        CertificateRule.UnknownCriticalExtension => new(CertificateFailure.Unsuitable, "RFC 5280 §6.1.4 (o)", Authority, "The certificate is for software that knows this extension; use one without."),
        CertificateRule.IssuerIsAuthority => new(CertificateFailure.Unsuitable, "RFC 5280 §6.1.4 (k)", Authority, "Only an authority's certificate may issue others; the certificate below it has to come from a real authority."),
        CertificateRule.PathLength => new(CertificateFailure.Unsuitable, "RFC 5280 §6.1.4 (l)", Authority, "The authority issued more levels than the one above it allows; use a chain with fewer."),
        CertificateRule.CertificateSigning => new(CertificateFailure.Unsuitable, "RFC 5280 §6.1.4 (n)", Authority, ReissueAuthority),
        CertificateRule.DigitalSignature => new(CertificateFailure.Unsuitable, "RFC 8446 §4.4.2.2", Peer, "Have the certificate issued with the key usage digitalSignature, which TLS 1.3 needs."),
        CertificateRule.ExtendedKeyUsage => new(CertificateFailure.Unsuitable, "RFC 5280 §4.2.1.12", Peer, "Use a certificate that was issued for this purpose: id-kp-serverAuth for servers, id-kp-clientAuth for clients."),
        CertificateRule.NameConstraints => new(CertificateFailure.Unsuitable, "RFC 5280 §6.1.3 (b) and (c)", Authority, "The authority may not issue for this name; have the certificate issued by one that may."),
        CertificateRule.Policies => new(CertificateFailure.Unacceptable, "RFC 9618 §5", Authority, "Use a certificate that was issued under an accepted policy."),

        CertificateRule.SerialNumber => new(CertificateFailure.Unsuitable, "RFC 5280 §4.1.2.2", Authority, Reissue),
        CertificateRule.TimeEncoding => new(CertificateFailure.Unsuitable, "RFC 5280 §4.1.2.5", Authority, Reissue),
        CertificateRule.UniqueIdentifiers => new(CertificateFailure.Unsuitable, "RFC 5280 §4.1.2.8", Authority, Reissue),
        CertificateRule.KeyKind => new(CertificateFailure.Unsuitable, "Baseline Requirements §7.1.3.1", Peer, "Make a key of a kind that the web's authorities certify: RSA, EC P-256, P-384 or P-521."),
        CertificateRule.Criticality => new(CertificateFailure.Unsuitable, "RFC 5280 §4.2.1, Baseline Requirements §7.1.2", Authority, Reissue),
        CertificateRule.AuthorityKeyIdentifier => new(CertificateFailure.Unsuitable, "RFC 5280 §4.2.1.1", Authority, Reissue),
        CertificateRule.SubjectKeyIdentifier => new(CertificateFailure.Unsuitable, "RFC 5280 §4.2.1.2", Authority, ReissueAuthority),
        CertificateRule.AuthorityName => new(CertificateFailure.Unsuitable, "RFC 5280 §4.1.2.4 and §4.1.2.6", Authority, ReissueAuthority),
        CertificateRule.AuthorityKeyUsage => new(CertificateFailure.Unsuitable, "RFC 5280 §4.2.1.3", Authority, ReissueAuthority),
        CertificateRule.PathLengthForm => new(CertificateFailure.Unsuitable, "RFC 5280 §4.2.1.9", Authority, Reissue),
        CertificateRule.LeafIsNoAuthority => new(CertificateFailure.Unsuitable, "Baseline Requirements §7.1.2.7.8", Peer, "An authority's own certificate is not for a server; have one issued for it. With a root of your own the profile RFC 5280 lets it pass."),
        CertificateRule.LeafSignsNoCertificates => new(CertificateFailure.Unsuitable, "RFC 5280 §4.2.1.3 and §4.2.1.9", Authority, Reissue),
        CertificateRule.ExtendedKeyUsagePresent => new(CertificateFailure.Unsuitable, "Baseline Requirements §7.1.2.7.6", Authority, Reissue),
        CertificateRule.ExtendedKeyUsageForm => new(CertificateFailure.Unsuitable, "Baseline Requirements §7.1.2.7.10 and §7.1.2.1.2", Authority, Reissue),
        CertificateRule.NameConstraintsForm => new(CertificateFailure.Unsuitable, "RFC 5280 §4.2.1.10", Authority, Reissue),
        CertificateRule.AlternativeNameForm => new(CertificateFailure.Unsuitable, "RFC 5280 §4.2.1.6", Authority, Reissue),
        CertificateRule.CommonName => new(CertificateFailure.Unsuitable, "Baseline Requirements §7.1.4.3", Authority, Reissue),
        CertificateRule.RegistrySuffixWildcard => new(CertificateFailure.Unsuitable, "Baseline Requirements §3.2.2.6", Authority, "No certificate may stand for all names below a registry's suffix; have one issued for your own domain."),
        CertificateRule.PrivateSuffixWildcard => new(CertificateFailure.Unsuitable, "Baseline Requirements §3.2.2.6", Authority, "Only the owner of the suffix may have such a certificate; leave the rule out if you know that this is the owner's."),
    };
}
