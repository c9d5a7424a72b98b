using System.Globalization;

namespace LucidTls.Cli.Reporting;

/// <summary>One negotiated parameter.</summary>
internal readonly record struct SessionFact(string Label, string Value, string Explanation);

/// <summary>What a session agreed on, in words.</summary>
internal static class SessionFacts
{
    public static IReadOnlyList<SessionFact> Of(TlsSessionInfo session) =>
        [.. Negotiated(session), new("Handshake", Milliseconds(session.HandshakeDuration), RoundTrips(session))];

    public static IReadOnlyList<SessionFact> Negotiated(TlsSessionInfo session)
    {
        var facts = new List<SessionFact>
        {
            new("Version", session.Version.ToString(), session.Version == TlsVersion.Tls13 ? "the current version" : ""),
            new("Cipher suite", session.CipherSuite.ToString(), Suite(session.CipherSuite)),
            new("Key exchange", session.Group.ToString(), Group(session.Group)),
        };
        if (session.Resumed)
            facts.Add(new("Resumed", "yes", "an earlier session vouches for both ends, without certificates"));
        if (session.ServerSignatureScheme is { } server)
            facts.Add(new("Server's signature", server.ToString(), "proves that the server holds its certificate's key"));
        if (session.ClientSignatureScheme is { } client)
            facts.Add(new("Client's signature", client.ToString(), "proves that the client holds its certificate's key"));
        facts.Add(new("Protocol inside", Protocol(session), "agreed on by ALPN"));
        facts.Add(new("Server name", session.ServerName is { } name ? Printable.Line(name) : "none sent", "what the client asked for (SNI)"));
        return facts;
    }

    public static string RoundTrips(TlsSessionInfo session) => session.HelloRetried ? "in two round trips, since the server asked for another key share" : "in one round trip";

    public static string Milliseconds(TimeSpan time) => time.TotalMilliseconds.ToString(time.TotalMilliseconds < 10 ? "0.00" : "0.0", CultureInfo.InvariantCulture) + " ms";

    public static string Bytes(long count) => count.ToString("#,0", CultureInfo.InvariantCulture) + " B";

    public static bool IsPostQuantum(NamedGroup group) =>
        group == NamedGroup.X25519MLKEM768 || group == NamedGroup.SecP256r1MLKEM768 || group == NamedGroup.SecP384r1MLKEM1024;

    private static string Protocol(TlsSessionInfo session)
    {
        var name = session.ApplicationProtocol.Protocol.IsEmpty ? "none agreed" : Printable.Line(session.ApplicationProtocol.ToString());
        return name switch
        {
            "h2" => "h2 (HTTP/2)",
            "http/1.1" => "http/1.1 (HTTP/1.1)",
            _ => name,
        };
    }

    private static string Suite(CipherSuite suite)
    {
        if (suite == CipherSuite.Aes128GcmSha256)
            return "AES with 128-bit keys in GCM mode";
        if (suite == CipherSuite.Aes256GcmSha384)
            return "AES with 256-bit keys in GCM mode";
        return suite == CipherSuite.ChaCha20Poly1305Sha256 ? "ChaCha20 with Poly1305, 256-bit keys" : "";
    }

    private static string Group(NamedGroup group) =>
        IsPostQuantum(group) ? "also safe from a quantum computer that comes later" : "an elliptic-curve exchange, new keys for each connection";
}
