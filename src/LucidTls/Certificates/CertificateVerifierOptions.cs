using System.Security.Cryptography.X509Certificates;
using LucidTls.Certificates.Fetching;
using LucidTls.Certificates.Revocation;
using LucidTls.Certificates.Transparency;

namespace LucidTls.Certificates;

/// <summary>Whom a verifier trusts and what it demands. Immutable; vary one with <c>with</c>.</summary>
public sealed record CertificateVerifierOptions
{
    /// <summary>Whom to trust; the system's store by default.</summary>
    public TrustStore TrustStore { get; init; } = TrustStore.System;

    /// <summary>The rules; by default <see cref="CertificateProfile.WebPki"/> with the system's store and <see cref="CertificateProfile.Rfc5280"/> with any other.</summary>
    public CertificateProfile? Profile { get; init; }

    /// <summary>The clock that decides about validity.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>How many authorities may stand between leaf and trust anchor, self-issued ones not counted (as path lengths are); null for no limit of the caller's.</summary>
    public int? MaxDepth { get; init; }

    /// <summary>Key usages that the leaf must state, beside what the purpose needs; none by default.</summary>
    public X509KeyUsageFlags DemandedKeyUsage { get; init; }

    /// <summary>Extended key usages in dotted decimal that the leaf must state, beside what the purpose needs; none by default.</summary>
    public IReadOnlyList<string> DemandedExtendedKeyUsages { get; init; } = [];

    /// <summary>
    /// Who the peer may be, by the URI in its certificate, as services name each other (SPIFFE): the leaf must have exactly one URI, and it must be one of these, to the byte; an entry that ends in "/"
    /// stands for every URI that goes on after it. Then no other name counts: a client does not look at the DNS name that it connects to. Null, the default, demands no URI; an empty list accepts nobody.
    /// </summary>
    public IReadOnlyList<string>? PeerUris { get; init; }

    /// <summary>
    /// Who the peer may be, by a DNS name in its certificate: the leaf must have one of these; "*.example.org" stands for one label more, and nothing but it accepts a certificate for "*.example.org". Then
    /// no other name counts, as with <see cref="PeerUris"/>; with both, either will do. Null, the default, demands no name; an empty list accepts nobody.
    /// </summary>
    public IReadOnlyList<string>? PeerDnsNames { get; init; }

    /// <summary>The certificate policies in dotted decimal of which one must be valid when an explicit policy is demanded; empty for any (RFC 5280 §6.1.1 (c)).</summary>
    public IReadOnlyList<string> AcceptedPolicies { get; init; } = [];

    /// <summary>Demands a valid policy even if no authority does (RFC 5280 §6.1.1 (f)).</summary>
    public bool RequireExplicitPolicy { get; init; }

    /// <summary>Forbids mapping one policy to another from the start (RFC 5280 §6.1.1 (e)).</summary>
    public bool InhibitPolicyMapping { get; init; }

    /// <summary>Does not take any-policy for a policy from the start (RFC 5280 §6.1.1 (g)).</summary>
    public bool InhibitAnyPolicy { get; init; }

    /// <summary>SHA-256 of SubjectPublicKeyInfo structures, 32 bytes each, of which one must be in the accepted path; empty for no pins.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Pins { get; init; } = [];

    /// <summary>Gets intermediates that the peer forgot to send; null, the default, not to: the verdict then says where they can be had.</summary>
    public IssuerFetcher? IssuerFetcher { get; init; }

    /// <summary>
    /// The certificate transparency logs (RFC 6962) that must vouch for servers' certificates; null, the default, to demand none. Certificates under a
    /// trust anchor that is <see cref="TrustAnchor.IsExemptFromTransparency"/> and clients' certificates need none.
    /// </summary>
    public CtLogList? TransparencyLogs { get; init; }

    /// <summary>How many logs must vouch, when there is a log list; as browsers demand it by default.</summary>
    public CtPolicy TransparencyPolicy { get; init; } = CtPolicy.Browsers;

    /// <summary>How it is found out whether certificates were revoked; by default from what is stapled or given, without the network.</summary>
    public RevocationOptions Revocation { get; init; } = new();

    internal CertificateProfile EffectiveProfile => Profile ?? (ReferenceEquals(TrustStore, TrustStore.System) ? CertificateProfile.WebPki : CertificateProfile.Rfc5280);

    /// <summary>The demanded key usages, numbered as the bits in the certificate are.</summary>
    internal int DemandedKeyUsages
    {
        get
        {
            // X509KeyUsageFlags has the first bit of RFC 5280 §4.2.1.3 as the highest of a byte, and the ninth as that of the next byte.
            var flags = (int)DemandedKeyUsage;
            var bits = 0;
            for (var i = 0; i < 8; i++)
                bits |= (flags >> (7 - i) & 1) << i;
            return bits | (flags >> 15 & 1) << 8;
        }
    }
}
