using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace LucidTls.Http;

/// <summary>Asks proxies for tunnels (CONNECT, RFC 9110 §9.3.6), with name and password if they want them (RFC 7617).</summary>
internal sealed class ProxyTunnels : IDisposable
{
    private const string Basic = "Basic";
    private const string UserAgent = "User-Agent";

    private readonly HttpMessageInvoker _engine;

    public ProxyTunnels(Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>> connect, TimeSpan connectTimeout)
    {
        _engine = new HttpMessageInvoker(new SocketsHttpHandler
        {
            ActivityHeadersPropagator = null,
            AllowAutoRedirect = false,
            ConnectCallback = connect,
            ConnectTimeout = connectTimeout,
            SslOptions = EngineTls.RefuseAll(),
            UseCookies = false,
            UseProxy = false,
        });
    }

    public void Dispose() => _engine.Dispose();

    /// <summary>A stream to the destination of the connection, through the proxy.</summary>
    /// <exception cref="HttpRequestException">The proxy cannot be reached, wants other credentials, or gives no tunnel (<see cref="HttpRequestError.ProxyTunnelError"/>).</exception>
    public async ValueTask<Stream> OpenAsync(Uri proxy, ICredentials? credentials, SocketsHttpConnectionContext connection, CancellationToken cancellationToken)
    {
        if (proxy.Scheme != Uri.UriSchemeHttp && proxy.Scheme != Uri.UriSchemeHttps)
            throw new NotSupportedException($"The proxy {proxy.Host} is of the kind {proxy.Scheme}, through which https is not supported; http, https and socks5 proxies are.");
        var response = await AskAsync(proxy, connection, null, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.ProxyAuthenticationRequired && AuthorizationFor(proxy, credentials, response) is { } authorization)
        {
            response.Dispose();
            response = await AskAsync(proxy, connection, authorization, cancellationToken).ConfigureAwait(false);
        }
        if (response.StatusCode == HttpStatusCode.OK)
            return await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        using (response)
            throw new HttpRequestException(HttpRequestError.ProxyTunnelError, Explain(proxy, connection.DnsEndPoint, response), null, response.StatusCode);
    }

    private static string Explain(Uri proxy, DnsEndPoint destination, HttpResponseMessage response)
    {
        var what = $"The proxy {proxy.Host}:{proxy.Port} gives no tunnel to {AuthorityOf(destination)}: it answers {(int)response.StatusCode} {response.ReasonPhrase}.";
        return response.StatusCode == HttpStatusCode.ProxyAuthenticationRequired
            ? $"{what} It takes the schemes {string.Join(", ", response.Headers.ProxyAuthenticate.Select(challenge => challenge.Scheme))}; Basic is known here, with the Credentials of the proxy or DefaultProxyCredentials."
            : what;
    }

    private async Task<HttpResponseMessage> AskAsync(Uri proxy, SocketsHttpConnectionContext connection, AuthenticationHeaderValue? authorization, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Connect, proxy);
        request.Headers.Host = AuthorityOf(connection.DnsEndPoint);
        // Some proxies let in only programs that they know by name.
        if (connection.InitialRequestMessage.Headers.NonValidated.TryGetValues(UserAgent, out var agent))
            request.Headers.TryAddWithoutValidation(UserAgent, agent.ToString());
        request.Headers.ProxyAuthorization = authorization;
        try
        {
            return await _engine.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (HttpRequestException failure) when (failure.HttpRequestError == HttpRequestError.ResponseEnded)
        {
            throw new HttpRequestException(failure.HttpRequestError, $"The proxy {proxy.Host}:{proxy.Port} closes the connection when it is asked for a tunnel to {AuthorityOf(connection.DnsEndPoint)}.", failure);
        }
    }

    private static string AuthorityOf(DnsEndPoint destination) => TlsHttpTarget.Authority(Hosts.NameOf(destination.Host), destination.Port);

    private static AuthenticationHeaderValue? AuthorizationFor(Uri proxy, ICredentials? credentials, HttpResponseMessage response)
    {
        if (!response.Headers.ProxyAuthenticate.Any(challenge => challenge.Scheme.Equals(Basic, StringComparison.OrdinalIgnoreCase)))
            return null;
        if (credentials?.GetCredential(proxy, Basic) is not { UserName.Length: > 0 } credential)
            return null;
        var name = credential.Domain.Length > 0 ? $@"{credential.Domain}\{credential.UserName}" : credential.UserName;
        return new AuthenticationHeaderValue(Basic, Convert.ToBase64String(Encoding.UTF8.GetBytes($"{name}:{credential.Password}")));
    }
}
