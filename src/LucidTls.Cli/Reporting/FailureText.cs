namespace LucidTls.Cli.Reporting;

/// <summary>What is said of a connection that failed.</summary>
internal static class FailureText
{
    /// <summary>The message, without what only programs can set: the time for handshakes with servers is fixed here.</summary>
    public static string Of(Exception failure) => (failure as TlsException ?? failure.InnerException as TlsException) is { Error: TlsError.HandshakeTimeout } late
        ? late.Message.Replace(late.Remedy, "The peer may be slow, may wait for something itself, or may not speak TLS on this port.", StringComparison.Ordinal)
        : failure.Message;
}
