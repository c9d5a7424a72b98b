namespace LucidTls.Certificates.Transparency;

/// <summary>Where a certificate's timestamp came from (RFC 6962 §3.3).</summary>
public enum CertificateTimestampSource
{
    /// <summary>An extension inside the certificate.</summary>
    Certificate,
    /// <summary>The handshake's extension signed_certificate_timestamp.</summary>
    Handshake,
    /// <summary>An extension inside the stapled OCSP response.</summary>
    OcspResponse,
}

/// <summary>A log's promise to have a certificate, as it was found by a verifier that has a log list.</summary>
public sealed class CertificateTimestamp
{
    internal CertificateTimestamp(SignedCertificateTimestamp timestamp, CertificateTimestampSource source, CtLog? log, string? problem)
    {
        LogId = timestamp.LogId;
        Time = timestamp.Time;
        Source = source;
        Log = log;
        Problem = problem;
    }

    /// <summary>The id of the log, 32 bytes.</summary>
    public ReadOnlyMemory<byte> LogId { get; }

    /// <summary>The log; null when the list does not have it.</summary>
    public CtLog? Log { get; }

    /// <summary>When the log made it.</summary>
    public DateTimeOffset Time { get; }

    /// <summary>Where it came from.</summary>
    public CertificateTimestampSource Source { get; }

    /// <summary>Why it does not count, in words; null when it does.</summary>
    public string? Problem { get; }

    /// <summary>For people: the log, the time and why it does not count.</summary>
    public override string ToString() =>
        $"{Log?.Description ?? $"the unknown log {Convert.ToBase64String(LogId.Span)}"}, {Time.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC{(Problem == null ? "" : $": {Problem}")}";
}
