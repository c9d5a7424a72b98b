using LucidTls.Certificates.Parsing;
using LucidTls.Certificates.Paths;

namespace LucidTls.Certificates.Transparency;

/// <summary>Holds the timestamps of a certificate against a log list and a policy (RFC 6962 §5.2). All of it is offline.</summary>
/// <param name="logs">The logs.</param>
/// <param name="policy">How many must vouch.</param>
/// <param name="now">The time of validation, in whole seconds.</param>
internal sealed class TransparencyJudge(CtLogList logs, CtPolicy policy, DateTimeOffset now)
{
    /// <summary>A list that old misses logs: Chrome stops to enforce with it.</summary>
    private static readonly TimeSpan StaleAge = TimeSpan.FromDays(70);

    private readonly List<CertificateTimestamp> _timestamps = [];
    private readonly List<string> _malformed = [];

    /// <summary>Every timestamp that was read, with why it does not count if it does not.</summary>
    public IReadOnlyList<CertificateTimestamp> Timestamps => _timestamps;

    /// <param name="leaf">The certificate.</param>
    /// <param name="issuer">Who issued it, in the path that is judged.</param>
    /// <param name="handshakeList">The SignedCertificateTimestampList of the handshake's extension; empty for none.</param>
    /// <param name="ocspList">That of the stapled OCSP response; empty for none.</param>
    /// <returns>What is wrong, or null.</returns>
    public PathProblem? Judge(Certificate leaf, Certificate issuer, ReadOnlyMemory<byte> handshakeList, ReadOnlyMemory<byte> ocspList)
    {
        Read(leaf, issuer, leaf.Facts.Timestamps, CertificateTimestampSource.Certificate);
        Read(leaf, issuer, handshakeList, CertificateTimestampSource.Handshake);
        Read(leaf, issuer, ocspList, CertificateTimestampSource.OcspResponse);
        if (policy.LongestListAge is { } longest && logs.Published is { } published && now - published > longest)
            return null;

        // RFC 5280 §4.1.2.5: both ends of the validity belong to it.
        var life = leaf.NotAfter - leaf.NotBefore + TimeSpan.FromSeconds(1);
        var inside = Shortage(isInside: true, policy.LogsFor(life));
        if (inside == null || Shortage(isInside: false, policy.LogsDelivered) is not { } delivered)
            return null;
        var shortage = leaf.Facts.Timestamps.IsEmpty && !(handshakeList.IsEmpty && ocspList.IsEmpty) ? delivered : inside;
        return Problem(leaf, life, shortage);
    }

    private void Read(Certificate leaf, Certificate issuer, ReadOnlyMemory<byte> list, CertificateTimestampSource source)
    {
        if (list.IsEmpty)
            return;
        if (!SignedCertificateTimestamp.TryParseList(list, out var timestamps))
        {
            _malformed.Add($"the list {Text(source)} is malformed");
            return;
        }
        var isInside = source == CertificateTimestampSource.Certificate;
        var precertificate = isInside ? LoggedEntry.PrecertificateOf(leaf) : null;
        foreach (var timestamp in timestamps)
        {
            var signed = precertificate == null ? LoggedEntry.OfCertificate(timestamp, leaf) : LoggedEntry.OfPrecertificate(timestamp, precertificate, issuer);
            logs.TryFind(timestamp.LogId.Span, out var log);
            _timestamps.Add(new CertificateTimestamp(timestamp, source, log, ProblemOf(timestamp, log, leaf, isInside, signed)));
        }
    }

    private string? ProblemOf(SignedCertificateTimestamp timestamp, CtLog? log, Certificate leaf, bool isInside, byte[] signed)
    {
        if (log == null)
            return "the log list does not have this log";
        if (log.State is CtLogState.Pending or CtLogState.Rejected)
            return $"the log is {(log.State == CtLogState.Pending ? "not accepted yet" : "rejected")}";
        if (log.State == CtLogState.Retired && (!isInside || timestamp.Time >= log.StateSince))
            return $"the log was retired on {Day(log.StateSince)}{(isInside ? ", before that" : "")}";
        if (leaf.NotAfter < log.ExpiryFrom || leaf.NotAfter >= log.ExpiryBefore)
            return $"the log takes certificates that expire from {Day(log.ExpiryFrom)} and before {Day(log.ExpiryBefore)}, and this one expires on {Day(leaf.NotAfter)}";
        // The time of validation has no fractions.
        if (timestamp.Time >= now.AddSeconds(1))
            return $"it was made in the future: the clock says {now.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC";
        // RFC 6962 §2.1.4: "either ECDSA with the NIST P-256 curve or RSA", with SHA-256.
        if (timestamp.Scheme != SignatureScheme.EcdsaSecp256r1Sha256 && timestamp.Scheme != SignatureScheme.RsaPkcs1Sha256)
            return $"it is signed with {timestamp.Scheme}, which logs may not use";
        return TimestampSignature.Verifies(timestamp, log, signed) ? null : "its signature is not the log's, or is for another certificate";
    }

    /// <summary>What is missing, in words; null when there is enough.</summary>
    private string? Shortage(bool isInside, int least)
    {
        var counted = _timestamps.FindAll(timestamp => timestamp.Problem == null && timestamp.Source == CertificateTimestampSource.Certificate == isInside);
        var vouching = counted.Select(timestamp => timestamp.Log!).Distinct().ToList();
        var operators = counted.Select(timestamp => timestamp.Log!.OperatorAt(timestamp.Time)).Distinct(StringComparer.Ordinal).ToList();
        var place = isInside ? "inside the certificate" : "with the handshake";
        if (vouching.Count < least)
            return $"{(counted.Count == 0 ? "no good timestamp" : $"good timestamps of {Count(vouching.Count, "log")}")} {place}, of {Count(least, "log")} demanded";
        if (operators.Count < policy.Operators)
            return $"good timestamps {place} of {Count(vouching.Count, "log")}, but of {Count(operators.Count, "operator")} ({string.Join(", ", operators)}) where {policy.Operators} are demanded";
        if (!vouching.Exists(log => log.State != CtLogState.Retired))
            return $"good timestamps {place} only of logs that are retired; one in use is demanded";
        return !policy.RequireRfc6962Log || vouching.Exists(log => log.IsRfc6962) ? null : $"good timestamps {place}, but none of a log with RFC 6962's own interface, which is demanded";
    }

    private PathProblem Problem(Certificate leaf, TimeSpan life, string shortage)
    {
        var sentence = $"certificate transparency: {leaf}, valid for {Count((int)Math.Round(life.TotalDays), "day")}, has {shortage}";
        var reasons = _malformed.Concat(_timestamps.Where(timestamp => timestamp.Problem != null).Select(timestamp => timestamp.ToString())).ToList();
        if (reasons.Count > 0)
            sentence += $"; not counted: {string.Join("; ", reasons)}";
        // Who sees logs that a list of last year does not have need not look at the authority first.
        if (logs.Published is { } published && now - published > StaleAge && _timestamps.Exists(timestamp => timestamp.Log == null))
        {
            return new PathProblem(CertificateRule.Transparency, 0, $"{sentence}; the log list is {(int)(now - published).TotalDays} days old",
                CertificateMender.ThisEnd, "Get a current log list; this one is too old to know the logs in use.");
        }
        return new PathProblem(CertificateRule.Transparency, 0, sentence);
    }

    private static string Text(CertificateTimestampSource source) => source switch
    {
        CertificateTimestampSource.Certificate => "inside the certificate",
        CertificateTimestampSource.Handshake => "in the handshake",
        CertificateTimestampSource.OcspResponse => "in the OCSP response",
    };

    private static string Day(DateTimeOffset? time) => time is { } known ? known.UtcDateTime.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture) : "any day";

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";
}
