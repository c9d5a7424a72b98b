using System.Buffers;
using System.Text.Json;
using LucidTls.Certificates;
using LucidTls.Cli.Reporting;

namespace LucidTls.Cli.Connecting;

/// <summary>The report for programs: one JSON object on standard output when all is over.</summary>
internal sealed class JsonReport : IConnectionReport, IDisposable
{
    private readonly ArrayBufferWriter<byte> _buffer = new();
    private readonly Utf8JsonWriter _json;
    private readonly List<TlsHandshakeStep> _steps = [];
    private bool _hasSession;

    public JsonReport(ConnectSettings settings)
    {
        _json = new Utf8JsonWriter(_buffer, new JsonWriterOptions { Indented = true });
        _json.WriteStartObject();
        _json.WriteString("host", settings.Target.Host);
        _json.WriteNumber("port", settings.Target.Port);
        _json.WriteString("nameVerified", settings.ServerName);
    }

    public void Connected(Dialed connection)
    {
        _json.WriteString("address", connection.Peer.Address.ToString());
        _json.WriteNumber("lookupMilliseconds", connection.Lookup.TotalMilliseconds);
        _json.WriteNumber("connectMilliseconds", connection.Connect.TotalMilliseconds);
    }

    public void Step(TlsHandshakeStep step) => _steps.Add(step);

    public void Certificates(IReadOnlyList<ReadOnlyMemory<byte>> chain, CertificateVerdict? verdict)
    {
        SessionJson.WriteCertificates(_json, "certificates", chain);
        if (verdict is null)
            return;
        _json.WritePropertyName("verdict");
        verdict.WriteTo(_json);
    }

    public void Session(TlsSessionInfo session)
    {
        _hasSession = true;
        SessionJson.WriteSession(_json, session);
    }

    public void Response(HttpResponseHead head, long bodyBytes)
    {
        _json.WriteStartObject("response");
        _json.WriteNumber("status", head.Status);
        _json.WriteString("statusLine", head.StatusLine);
        _json.WriteStartArray("headers");
        foreach (var (name, value) in head.Headers)
        {
            _json.WriteStartArray();
            _json.WriteStringValue(name);
            _json.WriteStringValue(value);
            _json.WriteEndArray();
        }
        _json.WriteEndArray();
        _json.WriteNumber("bodyBytes", bodyBytes);
        _json.WriteEndObject();
    }

    public void Finish(int exitCode, string? problem, TlsException? failure)
    {
        if (!_hasSession)
            SessionJson.WriteSteps(_json, _steps);
        if (problem is not null)
        {
            _json.WriteStartObject("error");
            _json.WriteString("message", problem);
            if (failure is not null)
            {
                _json.WriteString("code", failure.Error.ToString());
                _json.WriteString("raisedBy", failure.Source.ToString());
                if (failure.Alert is { } alert)
                {
                    _json.WriteNumber("alert", (int)alert);
                    _json.WriteString("alertName", alert.ToString());
                }
                _json.WriteString("rule", failure.Rule);
                _json.WriteString("remedy", failure.Remedy);
            }
            _json.WriteEndObject();
        }
        _json.WriteNumber("exitCode", exitCode);
        _json.WriteEndObject();
        _json.Flush();
        using var output = Console.OpenStandardOutput();
        output.Write(_buffer.WrittenSpan);
        output.Write("\n"u8);
    }

    public void Dispose() => _json.Dispose();
}
