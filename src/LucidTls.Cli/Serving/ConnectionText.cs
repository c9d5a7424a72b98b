using System.Buffers;
using System.Text;
using System.Text.Json;
using LucidTls.Cli.Reporting;

namespace LucidTls.Cli.Serving;

/// <summary>The connection's page for terminals and for programs.</summary>
internal static class ConnectionText
{
    public static string Render(ConnectionView view)
    {
        var session = view.Session;
        var text = new StringBuilder();
        text.Append($"Your connection from {view.ClientName} is encrypted with {session.Version}.\n\n");
        foreach (var fact in SessionFacts.Of(session))
            text.Append($"{fact.Label,-20}{fact.Value}{(fact.Explanation.Length > 0 ? $"  ({fact.Explanation})" : "")}\n");
        text.Append("\nThe handshake (> you to server, < server to you):\n");
        foreach (var step in session.Steps)
        {
            var protection = step.Protection switch
            {
                TlsProtection.Plaintext => "in the clear",
                TlsProtection.Handshake => "handshake keys",
                TlsProtection.EarlyData => "early data keys",
                TlsProtection.Application => "application keys",
            };
            text.Append($"{(step.Sent ? '<' : '>')} {Printable.Line(step.Message),-20}{SessionFacts.Bytes(step.Length),9}  {protection,-16}  {SessionFacts.Milliseconds(step.Elapsed),9}  {Printable.Line(step.Detail)}".TrimEnd()).Append('\n');
        }
        text.Append("\nThe server's certificates:\n");
        foreach (var certificate in session.LocalCertificates.Select(CertificateFacts.Of))
            text.Append(certificate.Problem ?? $"{certificate.Subject}, for {string.Join(", ", certificate.Names)}\n  issued by {certificate.Issuer}\n  valid {certificate.Validity}, {certificate.Key}").Append('\n');
        return text.ToString();
    }

    public static byte[] RenderJson(ConnectionView view)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("client", view.ClientName);
            json.WriteString("http", view.HttpProtocol);
            SessionJson.WriteSession(json, view.Session);
            SessionJson.WriteCertificates(json, "serverCertificates", view.Session.LocalCertificates);
            SessionJson.WriteCertificates(json, "clientCertificates", view.Session.PeerCertificates);
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }
}
