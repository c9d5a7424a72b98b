namespace LucidTls.Certificates.Transparency;

/// <summary>How many logs must vouch for a certificate. Immutable; vary one with <c>with</c>.</summary>
public sealed record CtPolicy
{
    /// <summary>
    /// What Chrome and Safari demand of public authorities: two timestamps in certificates of 180 days and less, three in longer ones, or two
    /// that come with the handshake; from two operators at least, one log of which is trusted now.
    /// </summary>
    public static CtPolicy Browsers { get; } = new();

    /// <summary>Certificates that are valid no longer than that need fewer timestamps; 180 days.</summary>
    public TimeSpan ShortLife { get; init; } = TimeSpan.FromDays(180);

    /// <summary>How many logs, at least, must have a timestamp inside a certificate of short life; 2.</summary>
    public int LogsForShortLife { get; init; } = 2;

    /// <summary>How many logs, at least, must have a timestamp inside a certificate of longer life; 3.</summary>
    public int LogsForLongLife { get; init; } = 3;

    /// <summary>How many logs, at least, must have a timestamp in the handshake's extension or the stapled OCSP response, when those inside do not suffice; 2.</summary>
    public int LogsDelivered { get; init; } = 2;

    /// <summary>How many operators, at least, must stand behind the logs; 2.</summary>
    public int Operators { get; init; } = 2;

    /// <summary>Whether one of the logs must serve RFC 6962's own interface, as Chrome wants it; false.</summary>
    public bool RequireRfc6962Log { get; init; }

    /// <summary>
    /// When the log list is older than that, certificates are accepted without timestamps, as browsers do (Chrome after 70 days), because it
    /// no longer knows the logs in use; null, the default, to go on demanding them.
    /// </summary>
    public TimeSpan? LongestListAge { get; init; }

    /// <summary>How many logs must have a timestamp inside a certificate of that life.</summary>
    internal int LogsFor(TimeSpan life) => life <= ShortLife ? LogsForShortLife : LogsForLongLife;
}
