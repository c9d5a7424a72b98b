namespace LucidTls.AspNetCore;

/// <summary>
/// What the TLS handshake of a connection agreed on. Found in the features of the connection and of each of its requests:
/// <c>context.Features.Get&lt;ITlsSessionFeature&gt;()</c>.
/// </summary>
public interface ITlsSessionFeature
{
    /// <summary>The session's facts.</summary>
    TlsSessionInfo Session { get; }
}
