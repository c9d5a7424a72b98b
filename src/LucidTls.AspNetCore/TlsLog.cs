using System.Net;
using Microsoft.Extensions.Logging;

namespace LucidTls.AspNetCore;

/// <summary>What the adapter logs. What peers do wrong is their affair, and never more than a few lines a minute (<see cref="LogLimit"/>); the rest stays at debug level.</summary>
internal static partial class TlsLog
{
    [LoggerMessage(1, LogLevel.Debug, "Connection {ConnectionId}: {Version} with {CipherSuite} and {Group} after {Milliseconds:F1} ms.")]
    public static partial void HandshakeDone(this ILogger logger, string connectionId, TlsVersion version, CipherSuite cipherSuite, NamedGroup group, double milliseconds);

    [LoggerMessage(2, LogLevel.Information, "Connection {ConnectionId} from {Peer}: the TLS handshake failed. {Explanation}")]
    public static partial void HandshakeFailed(this ILogger logger, string connectionId, EndPoint? peer, string explanation);

    [LoggerMessage(8, LogLevel.Information, "Connection {ConnectionId} from {Peer}: the TLS handshake failed, as {Suppressed} did since the last line like this. {Explanation}")]
    public static partial void HandshakesFailed(this ILogger logger, string connectionId, EndPoint? peer, int suppressed, string explanation);

    [LoggerMessage(9, LogLevel.Debug, "Connection {ConnectionId} from {Peer}: the TLS handshake failed. {Explanation}")]
    public static partial void HandshakeFailedAgain(this ILogger logger, string connectionId, EndPoint? peer, string explanation);

    [LoggerMessage(3, LogLevel.Warning, "Connection {ConnectionId}: the TLS handshake failed for a reason of this server's own, as {Suppressed} did since the last line like this. {Explanation}")]
    public static partial void IdentityFailed(this ILogger logger, string connectionId, int suppressed, string explanation, Exception failure);

    [LoggerMessage(4, LogLevel.Debug, "Connection {ConnectionId}: the last data could not be sent. {Explanation}")]
    public static partial void FlushFailed(this ILogger logger, string connectionId, string explanation);

    [LoggerMessage(5, LogLevel.Information, "{Section}: changed; in use are now {Certificates}.")]
    public static partial void ConfigurationChanged(this ILogger logger, string section, string certificates);

    [LoggerMessage(6, LogLevel.Error, "{Section}: changed, but cannot be used, so what was in use before stays. {Explanation}")]
    public static partial void ConfigurationRefused(this ILogger logger, string section, string explanation);

    [LoggerMessage(7, LogLevel.Warning, "{Section}: {Certificate} has no new OCSP staple. {Explanation}")]
    public static partial void StapleMissing(this ILogger logger, string section, string certificate, string explanation);

    [LoggerMessage(10, LogLevel.Warning, "Connection {ConnectionId} from {Peer}: closed, as {Suppressed} were since the last line like this, since MaxConcurrentHandshakes are under way.")]
    public static partial void TooManyHandshakes(this ILogger logger, string connectionId, EndPoint? peer, int suppressed);

    [LoggerMessage(11, LogLevel.Warning, "Connection {ConnectionId} from {Peer}: a request asked for the client's certificate and got none, as on {Suppressed} connections since the last line like this: over HTTP/2 no client is asked after the handshake (RFC 8740 §3). Ask in the handshake, by ClientCertificateMode, or let the endpoint speak HTTP/1.1 alone, by Protocols.")]
    public static partial void NoQuestionOverHttp2(this ILogger logger, string connectionId, EndPoint? peer, int suppressed);

    [LoggerMessage(12, LogLevel.Warning, "{Section}: the revocation list of {Issuer} is out of date since {NextUpdate:u}, and no longer says that a certificate is good. Put a new one in its place.")]
    public static partial void RevocationListExpired(this ILogger logger, string section, string issuer, DateTimeOffset? nextUpdate);

    [LoggerMessage(13, LogLevel.Warning, "UseLucidTls() found no endpoint with a section LucidTls in the configuration, so it changes nothing: https addresses of UseUrls, ASPNETCORE_URLS or launchSettings.json are served over SslStream. Write Kestrel:Endpoints:NAME:Url and Kestrel:Endpoints:NAME:LucidTls:Certificate:Path; or, to keep those addresses, kestrel.ConfigureEndpointDefaults(listen => listen.UseLucidTls(...)) in ConfigureKestrel, in place of UseLucidTls().")]
    public static partial void NoEndpoint(this ILogger logger);
}
