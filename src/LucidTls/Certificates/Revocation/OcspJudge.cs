using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates.Revocation;

/// <summary>Finds the status of a certificate in an OCSP response (RFC 6960 §3.2).</summary>
/// <param name="now">The time of validation.</param>
/// <param name="skew">By how much clocks may differ.</param>
/// <param name="isRevoked">Whether the revocation lists at hand name a responder's certificate, which is asked about those that do not say "no check".</param>
internal sealed class OcspJudge(DateTimeOffset now, TimeSpan skew, Func<Certificate, Certificate, bool> isRevoked)
{
    /// <summary>How long a response without a date for the next one is taken for current.</summary>
    private static readonly TimeSpan UndatedLife = TimeSpan.FromDays(1);

    /// <param name="response">The response; null when there is one that cannot be read.</param>
    /// <param name="certificate">The certificate.</param>
    /// <param name="issuer">Who issued it, in the path that is judged.</param>
    /// <param name="source">Whether it was stapled or asked for.</param>
    /// <param name="timestamps">The certificate transparency timestamps in a response that counts; left alone otherwise.</param>
    public CertificateStatus Judge(OcspResponse? response, Certificate certificate, Certificate issuer, CertificateStatusSource source, ref ReadOnlyMemory<byte> timestamps)
    {
        if (response == null)
            return Unknown(source, "is not well-formed DER");
        if (response.Status != OcspResponseStatus.Successful)
            return Unknown(source, $"says {Text(response.Status)}");
        var single = response.Responses.FirstOrDefault(one => one.Id.Names(certificate, issuer));
        if (single == null)
            return Unknown(source, "is about another certificate");
        if ((response.UnknownCritical ?? single.UnknownCritical) is { } unknown)
            return Unknown(source, $"has the critical extension {unknown}, which is not understood");
        if (Refusal(response, issuer) is { } refusal)
            return Unknown(source, refusal);
        var age = AgeProblem(response, single);
        // Who is revoked stays so, and an old response is enough to know it; only a hold may have been lifted since.
        if (single.Kind == CertificateStatusKind.Revoked && (age == null || single.Reason != RevocationReason.CertificateHold))
            return Revoked(certificate, single, source);
        if (age != null)
            return Unknown(source, age);
        if (single.Kind == CertificateStatusKind.Unknown)
            return Unknown(source, "says that the responder does not know the certificate");
        timestamps = single.Timestamps ?? default;
        return new CertificateStatus(CertificateStatusKind.Good, source, $"{certificate} was not revoked, says the {Name(source)} of {RevocationText.Time(single.ThisUpdate)}")
        {
            ThisUpdate = single.ThisUpdate,
            NextUpdate = single.NextUpdate,
        };
    }

    private string? Refusal(OcspResponse response, Certificate issuer)
    {
        if (CertificateSignature.SchemeOf(response.SignatureAlgorithm) == null)
            return $"is signed with {CertificateSignature.Describe(response.SignatureAlgorithm)}";
        if (response.AuthorizedBy(issuer) is not { } authorization)
            return $"is not signed by {issuer} or a responder to which it gave that task";
        if (authorization.Responder is not { } responder)
            return null;
        if (now < responder.NotBefore || now > responder.NotAfter)
            return $"is signed by {responder}, whose certificate is valid from {RevocationText.Time(responder.NotBefore)} to {RevocationText.Time(responder.NotAfter)}";
        // RFC 6960 §4.2.2.2.1: id-pkix-ocsp-nocheck says that the responder is trusted for the lifetime of its certificate.
        return !responder.Facts.Has(KnownExtensions.OcspNoCheck) && isRevoked(responder, issuer) ? $"is signed by {responder}, whose certificate was revoked" : null;
    }

    private string? AgeProblem(OcspResponse response, OcspSingleResponse single)
    {
        var latest = single.ThisUpdate > response.ProducedAt ? single.ThisUpdate : response.ProducedAt;
        if (latest > now + skew)
            return $"is from the future, {RevocationText.Time(latest)}; the clock says {RevocationText.Time(now)}";
        var end = single.NextUpdate ?? single.ThisUpdate + UndatedLife;
        return now > end + skew ? $"was to be replaced on {RevocationText.Time(end)}" : null;
    }

    private static CertificateStatus Revoked(Certificate certificate, OcspSingleResponse single, CertificateStatusSource source) =>
        new(CertificateStatusKind.Revoked, source, $"{certificate} was revoked on {RevocationText.Time(single.RevokedAt)} ({RevocationText.Reason(single.Reason)}), says the {Name(source)} of {RevocationText.Time(single.ThisUpdate)}")
        {
            ThisUpdate = single.ThisUpdate,
            NextUpdate = single.NextUpdate,
            RevokedAt = single.RevokedAt,
            Reason = single.Reason,
        };

    private static CertificateStatus Unknown(CertificateStatusSource source, string why) => CertificateStatus.Unknown(source, $"the {Name(source)} {why}");

    private static string Name(CertificateStatusSource source) => source == CertificateStatusSource.Staple ? "stapled OCSP response" : "OCSP response";

    private static string Text(OcspResponseStatus status) => status switch
    {
        OcspResponseStatus.Successful => "that all is well",
        OcspResponseStatus.MalformedRequest => "that the request was malformed",
        OcspResponseStatus.InternalError => "that the responder has an error",
        OcspResponseStatus.TryLater => "to try later",
        OcspResponseStatus.SigRequired => "that the request has to be signed",
        OcspResponseStatus.Unauthorized => "that the responder does not answer for this certificate or to us",
    };
}
