using System.Globalization;
using System.Text.Json;
using LucidTls.Certificates.Revocation;
using LucidTls.Certificates.Transparency;

namespace LucidTls.Certificates;

/// <summary>Writes a verdict for programs.</summary>
internal static class VerdictJson
{
    public static void Write(Utf8JsonWriter writer, CertificateVerdict verdict)
    {
        writer.WriteStartObject();
        writer.WriteBoolean("accepted", verdict.IsAccepted);
        writer.WriteString("profile", verdict.Profile.Name);
        if (verdict.Problem is { } problem)
            Write(writer, problem);
        else
            writer.WriteString("explanation", verdict.Explanation);
        writer.WriteStartArray("paths");
        foreach (var path in verdict.Paths)
            Write(writer, path);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, CertificateProblem problem)
    {
        writer.WriteString("failure", Name(problem.Failure));
        writer.WriteString("rule", Name(problem.Rule));
        writer.WriteString("explanation", problem.Explanation);
        writer.WriteString("citation", problem.Citation);
        writer.WriteString("mender", Name(problem.Mender));
        writer.WriteString("remedy", problem.Remedy);
    }

    private static void Write(Utf8JsonWriter writer, CertificatePath path)
    {
        writer.WriteStartObject();
        writer.WriteBoolean("good", path.IsGood);
        writer.WriteBoolean("endsInTrustAnchor", path.EndsInTrustAnchor);
        writer.WriteStartArray("certificates");
        foreach (var step in path.Steps)
            Write(writer, step);
        writer.WriteEndArray();
        writer.WriteStartArray("statuses");
        foreach (var status in path.Statuses)
            Write(writer, status);
        writer.WriteEndArray();
        writer.WriteStartArray("timestamps");
        foreach (var timestamp in path.Timestamps)
            Write(writer, timestamp);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, CertificateStatus status)
    {
        writer.WriteStartObject();
        writer.WriteNumber("certificate", status.Index);
        writer.WriteString("status", Name(status.Kind));
        writer.WriteString("source", Name(status.Source));
        writer.WriteString("explanation", status.Explanation);
        WriteTime(writer, "thisUpdate", status.ThisUpdate);
        WriteTime(writer, "nextUpdate", status.NextUpdate);
        WriteTime(writer, "revokedAt", status.RevokedAt);
        writer.WriteString("reason", status.Reason is { } reason ? Name(reason) : null);
        writer.WriteEndObject();
    }

    private static void WriteTime(Utf8JsonWriter writer, string name, DateTimeOffset? time) => writer.WriteString(name, time is { } known ? Time(known) : null);

    private static void Write(Utf8JsonWriter writer, CertificateTimestamp timestamp)
    {
        writer.WriteStartObject();
        writer.WriteBase64String("logId", timestamp.LogId.Span);
        writer.WriteString("log", timestamp.Log?.Description);
        writer.WriteString("operator", timestamp.Log?.Operator);
        writer.WriteString("time", Time(timestamp.Time));
        writer.WriteString("source", Name(timestamp.Source));
        writer.WriteString("problem", timestamp.Problem);
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, CertificateStep step)
    {
        writer.WriteStartObject();
        writer.WriteString("subject", step.Subject);
        writer.WriteString("issuer", step.Issuer);
        writer.WriteStartArray("names");
        foreach (var name in step.Names)
            writer.WriteStringValue(name);
        writer.WriteEndArray();
        writer.WriteString("notBefore", Time(step.NotBefore));
        writer.WriteString("notAfter", Time(step.NotAfter));
        writer.WriteString("key", step.Key);
        writer.WriteString("signatureAlgorithm", step.SignatureAlgorithm);
        writer.WriteString("sha256", step.Sha256);
        writer.WriteString("keySha256", step.KeySha256);
        writer.WriteBoolean("trustAnchor", step.IsTrustAnchor);
        writer.WriteStartArray("problems");
        foreach (var problem in step.Problems)
        {
            writer.WriteStartObject();
            Write(writer, problem);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string Name<TEnum>(TEnum value) where TEnum : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(Enum.GetName(value)!);
}
