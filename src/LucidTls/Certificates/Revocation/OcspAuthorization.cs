using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates.Revocation;

/// <summary>
/// The evidence that an OCSP response was signed by who may speak for an authority (RFC 6960 §4.2.2.2): the authority itself, or a responder to
/// which it issued a certificate for that. Nothing in it depends on time.
/// </summary>
internal sealed class OcspAuthorization
{
    private readonly ReadOnlyMemory<byte> _issuerKey;

    private OcspAuthorization(Certificate issuer, Certificate? responder)
    {
        _issuerKey = issuer.SubjectPublicKeyInfo;
        Responder = responder;
    }

    /// <summary>The delegated responder; null when the authority signs itself.</summary>
    public Certificate? Responder { get; }

    public bool IsFor(Certificate issuer) => _issuerKey.Span.SequenceEqual(issuer.SubjectPublicKeyInfo.Span);

    /// <returns>The evidence, or null when there is none.</returns>
    public static OcspAuthorization? Find(OcspResponse response, Certificate issuer)
    {
        if (CertificateSignature.SchemeOf(response.SignatureAlgorithm) is not { } scheme)
            return null;
        if (IsNamed(response, issuer) && IsSigned(response, issuer, scheme))
            return new OcspAuthorization(issuer, null);
        foreach (var responder in response.Certificates)
        {
            if (IsNamed(response, responder) && IsDelegate(responder, issuer) && IsSigned(response, responder, scheme))
                return new OcspAuthorization(issuer, responder);
        }
        return null;
    }

    private static bool IsNamed(OcspResponse response, Certificate responder) => response.ResponderName is { } name
        ? name.Equals(responder.Subject)
        : responder.KeyFacts.Kind != PublicKeyKind.Unknown && response.ResponderKeyHash.Span.SequenceEqual(OcspCertificateId.KeyHashOf(responder));

    // "This certificate MUST be issued directly by the CA that is identified in the request", and it must say that it is for this.
    private static bool IsDelegate(Certificate responder, Certificate issuer)
    {
        var facts = responder.Facts;
        return facts.Malformation == null
            && facts.UnknownCritical == null
            && facts.HasExtendedKeyUsage(Oids.OcspSigning)
            && (facts.KeyUsage ?? KeyUsages.DigitalSignature).HasFlag(KeyUsages.DigitalSignature)
            && responder.SignatureAlgorithmsAgree
            && responder.Issuer.Equals(issuer.Subject)
            && CertificateSignature.SchemeOf(responder.SignatureAlgorithm) is { } scheme
            && CertificateSignature.Verifies(responder, issuer, scheme);
    }

    private static bool IsSigned(OcspResponse response, Certificate signer, SignatureScheme scheme) =>
        (signer.KeyFacts.Kind is not (PublicKeyKind.Rsa or PublicKeyKind.RsaPss) || signer.KeyFacts.Bits >= 2048)
        && signer.PublicKey is { } key
        && key.VerifyCertificateSignature(scheme, response.Signed.Span, response.Signature.Span);
}
