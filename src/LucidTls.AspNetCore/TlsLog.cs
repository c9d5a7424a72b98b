using System.Net;
using Microsoft.Extensions.Logging;

namespace LucidTls.AspNetCore;

/// <summary>What the adapter logs. What peers do wrong is their affair and stays at debug level.</summary>
internal static partial class TlsLog
{
    [LoggerMessage(1, LogLevel.Debug, "Connection {ConnectionId}: {Version} with {CipherSuite} and {Group} after {Milliseconds:F1} ms.")]
    public static partial void HandshakeDone(this ILogger logger, string connectionId, TlsVersion version, CipherSuite cipherSuite, NamedGroup group, double milliseconds);

    [LoggerMessage(2, LogLevel.Debug, "Connection {ConnectionId} from {Peer}: the TLS handshake failed. {Explanation}")]
    public static partial void HandshakeFailed(this ILogger logger, string connectionId, EndPoint? peer, string explanation);

    [LoggerMessage(3, LogLevel.Warning, "Connection {ConnectionId}: the TLS handshake failed for a reason of this server's own. {Explanation}")]
    public static partial void IdentityFailed(this ILogger logger, string connectionId, string explanation, Exception failure);

    [LoggerMessage(4, LogLevel.Debug, "Connection {ConnectionId}: the last data could not be sent. {Explanation}")]
    public static partial void FlushFailed(this ILogger logger, string connectionId, string explanation);
}
