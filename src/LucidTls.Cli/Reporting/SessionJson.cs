using System.Text.Json;

namespace LucidTls.Cli.Reporting;

/// <summary>A session, a certificate or a failure as JSON. Times are milliseconds, lengths are bytes, names are the RFC's and IANA's.</summary>
internal static class SessionJson
{
    public static void WriteSession(Utf8JsonWriter json, TlsSessionInfo session)
    {
        json.WriteString("version", session.Version.ToString());
        json.WriteString("cipherSuite", session.CipherSuite.ToString());
        json.WriteString("group", session.Group.ToString());
        json.WriteString("serverSignatureScheme", session.ServerSignatureScheme?.ToString());
        json.WriteString("clientSignatureScheme", session.ClientSignatureScheme?.ToString());
        json.WriteString("serverName", session.ServerName);
        json.WriteString("applicationProtocol", session.ApplicationProtocol.Protocol.IsEmpty ? null : session.ApplicationProtocol.ToString());
        json.WriteBoolean("resumed", session.Resumed);
        json.WriteBoolean("helloRetried", session.HelloRetried);
        json.WriteNumber("handshakeMilliseconds", session.HandshakeDuration.TotalMilliseconds);
        WriteSteps(json, session.Steps);
    }

    public static void WriteSteps(Utf8JsonWriter json, IEnumerable<TlsHandshakeStep> steps)
    {
        json.WriteStartArray("steps");
        foreach (var step in steps)
        {
            json.WriteStartObject();
            json.WriteBoolean("sent", step.Sent);
            json.WriteString("message", step.Message);
            json.WriteNumber("bytes", step.Length);
            json.WriteString("protection", step.Protection switch
            {
                TlsProtection.Plaintext => "plaintext",
                TlsProtection.Handshake => "handshake",
                TlsProtection.EarlyData => "earlyData",
                TlsProtection.Application => "application",
            });
            json.WriteNumber("elapsedMilliseconds", step.Elapsed.TotalMilliseconds);
            json.WriteString("detail", step.Detail);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    public static void WriteCertificates(Utf8JsonWriter json, string property, IReadOnlyList<ReadOnlyMemory<byte>> chain)
    {
        json.WriteStartArray(property);
        foreach (var der in chain)
        {
            var facts = CertificateFacts.Of(der);
            json.WriteStartObject();
            if (facts.Problem is null)
            {
                json.WriteString("subject", facts.Subject);
                json.WriteString("issuer", facts.Issuer);
                json.WriteString("notBefore", facts.NotBefore);
                json.WriteString("notAfter", facts.NotAfter);
                json.WriteString("key", facts.Key);
                json.WriteString("signatureAlgorithm", facts.SignatureAlgorithm);
                json.WriteStartArray("names");
                foreach (var name in facts.Names)
                    json.WriteStringValue(name);
                json.WriteEndArray();
                json.WriteBoolean("isAuthority", facts.IsAuthority);
            }
            else
            {
                json.WriteString("problem", facts.Problem);
            }
            json.WriteString("sha256", facts.Sha256);
            json.WriteBase64String("der", der.Span);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
