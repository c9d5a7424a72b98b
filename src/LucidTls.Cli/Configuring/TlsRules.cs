namespace LucidTls.Cli.Configuring;

/// <summary>What a site speaks, and how sessions with it are resumed; what is not said is as the library has it.</summary>
internal sealed record TlsRules
{
    /// <summary>"1.2" or "1.3".</summary>
    public string MinimumVersion { get; init; } = "1.2";

    public string MaximumVersion { get; init; } = "1.3";

    /// <summary>By their IANA names, as the next two are.</summary>
    public IReadOnlyList<string> CipherSuites { get; init; } = [];

    public IReadOnlyList<string> Groups { get; init; } = [];

    public IReadOnlyList<string> SignatureSchemes { get; init; } = [];

    public bool AllowTlsResume { get; init; } = true;

    public int? TicketCount { get; init; }

    public TimeSpan? TicketLifetime { get; init; }

    public int? RecordSizeLimit { get; init; }

    /// <summary>Whether clients are refused that do not take part in ALPN.</summary>
    public bool RequireApplicationProtocol { get; init; }

    /// <summary>Whether clients are refused that ask for no name that a certificate is for.</summary>
    public bool RequireKnownServerName { get; init; }
}
