namespace LucidTls.Cli.Configuring;

/// <summary>Reads what a site speaks: the settings that Kestrel's configuration has, by the same names in this file's spelling.</summary>
internal static class TlsReader
{
    public static readonly string[] Keys = ["minimum-version", "maximum-version", "cipher-suites", "groups", "signature-schemes", "allow-tls-resume", "ticket-count", "ticket-lifetime", "record-size-limit", "require-application-protocol", "require-known-server-name"];

    private const int LongestLifetime = 7 * 24 * 3600; // RFC 8446 §4.6.1
    private const int LeastRecord = 64; // RFC 8449 §4
    private const int MostRecord = 16385;

    /// <param name="settings">The site's.</param>
    /// <param name="hasProtocols">Whether it offers something by ALPN.</param>
    public static TlsRules Read(YamlSettings settings, bool hasProtocols)
    {
        var requiresProtocol = settings.Flag("require-application-protocol");
        if (requiresProtocol && !hasProtocols)
            settings.Fail("require-application-protocol", "It needs alpn: the protocols of which clients must want one.");
        var (oldest, newest) = (settings.Word("minimum-version", "1.2", "1.3") ?? "1.2", settings.Word("maximum-version", "1.2", "1.3") ?? "1.3");
        if (oldest == "1.3" && newest == "1.2")
        {
            settings.Fail("maximum-version", "It is older than minimum-version.");
            newest = oldest;
        }
        var suites = Names(settings, "cipher-suites", Defaults.CipherSuites);
        if (suites.Count > 0 && !Defaults.CipherSuites.Any(suite => suites.Contains(suite.ToString()) && (suite.Version == TlsVersion.Tls12 ? oldest == "1.2" : newest == "1.3")))
        {
            settings.Fail("cipher-suites", $"None of them is for {(oldest == newest ? $"TLS {oldest}" : "the versions")} that this site speaks. Those of TLS 1.3 are called without a key exchange: TLS_AES_128_GCM_SHA256.");
            suites = [];
        }
        return new TlsRules
        {
            MinimumVersion = oldest,
            MaximumVersion = newest,
            CipherSuites = suites,
            Groups = Names(settings, "groups", Defaults.Groups),
            SignatureSchemes = Names(settings, "signature-schemes", Defaults.SignatureSchemes),
            AllowTlsResume = settings.Flag("allow-tls-resume", otherwise: true),
            TicketCount = settings.Number("ticket-count", 0, TlsServerOptions.MostTickets, "tickets"),
            TicketLifetime = settings.Number("ticket-lifetime", 1, LongestLifetime, "seconds") is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            RecordSizeLimit = settings.Number("record-size-limit", LeastRecord, MostRecord, "bytes"),
            RequireApplicationProtocol = requiresProtocol && hasProtocols,
            RequireKnownServerName = settings.Flag("require-known-server-name"),
        };
    }

    private static IReadOnlyList<string> Names<T>(YamlSettings settings, string key, IReadOnlyList<T> known) where T : struct
    {
        string[] names = [.. known.Select(one => one.ToString()!)];
        return [.. settings.ParseAll(key, text => Array.Find(names, name => name.Equals(text, StringComparison.OrdinalIgnoreCase)), $"Those there are: {string.Join(", ", names)}.").Select(name => name.Value)];
    }
}
