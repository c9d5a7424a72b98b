using System.Net;

namespace LucidTls.Http;

/// <summary>
/// Keeps the engine from HTTP/3, which runs on QUIC and so on the platform's TLS: what a request asks for is said in words that mean the same for HTTP/1.1 and HTTP/2, and in which there is no HTTP/3.
/// </summary>
internal static class HttpVersions
{
    /// <exception cref="HttpRequestException">The request wants nothing but HTTP/3.</exception>
    public static AskedVersion Narrow(HttpRequestMessage request)
    {
        var asked = new AskedVersion(request.Version, request.VersionPolicy);
        if (request.Version.Major >= 3)
        {
            if (request.VersionPolicy != HttpVersionPolicy.RequestVersionOrLower)
                throw new HttpRequestException(HttpRequestError.VersionNegotiationError, "LucidTls speaks HTTP/1.1 and HTTP/2. Ask for HTTP/3 with HttpVersionPolicy.RequestVersionOrLower, so that HTTP/2 will do.");
            request.Version = HttpVersion.Version20;
        }
        else if (request.VersionPolicy == HttpVersionPolicy.RequestVersionOrHigher)
        {
            // HTTP/2 or higher is HTTP/2; HTTP/1.1 or higher is HTTP/2 if the server has it.
            request.VersionPolicy = request.Version.Major == 2 ? HttpVersionPolicy.RequestVersionExact : HttpVersionPolicy.RequestVersionOrLower;
            request.Version = HttpVersion.Version20;
        }
        return asked;
    }
}

/// <summary>The version that a request came with; the caller gets its request back as it was.</summary>
internal readonly record struct AskedVersion(Version Version, HttpVersionPolicy Policy)
{
    public void Restore(HttpRequestMessage request)
    {
        request.Version = Version;
        request.VersionPolicy = Policy;
    }
}
