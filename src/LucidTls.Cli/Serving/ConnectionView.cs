using System.Net;

namespace LucidTls.Cli.Serving;

/// <summary>What the page about a connection is about.</summary>
/// <param name="Session">What the handshake agreed on, seen from the server.</param>
/// <param name="Client">The visitor's address and port.</param>
/// <param name="HttpProtocol">The version of HTTP of the request, "HTTP/2" for example.</param>
internal sealed record ConnectionView(TlsSessionInfo Session, EndPoint? Client, string HttpProtocol)
{
    public string ClientName => Client?.ToString() ?? "somewhere";
}
