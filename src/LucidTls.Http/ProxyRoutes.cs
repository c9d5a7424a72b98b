using System.Net;

namespace LucidTls.Http;

/// <summary>
/// Which proxy a request goes through, and who speaks with it. The engine cannot put a TLS of ours into a tunnel of its own: where a tunnel is needed (https, and every request through an https proxy) it is
/// told that there is no proxy, and the connection that it gets is the tunnel. What needs none (http through an http or SOCKS proxy) is left to it.
/// </summary>
internal sealed class ProxyRoutes(IWebProxy? proxy)
{
    public IWebProxy? ForEngine => proxy == null ? null : new EngineProxy(this);

    public ICredentials? Credentials => proxy?.Credentials;

    /// <summary>The proxy to ask for a tunnel, or null.</summary>
    public Uri? TunnelFor(Uri uri) => ProxyFor(uri) is { } found && NeedsTunnel(uri, found) ? found : null;

    private static bool NeedsTunnel(Uri uri, Uri proxy) => Schemes.IsSecure(uri) || Schemes.IsSecure(proxy);

    private Uri? ProxyFor(Uri uri) => proxy == null || proxy.IsBypassed(uri) ? null : proxy.GetProxy(uri);

    private sealed class EngineProxy(ProxyRoutes routes) : IWebProxy
    {
        public ICredentials? Credentials
        {
            get => routes.Credentials;
            set => throw new NotSupportedException();
        }

        public Uri? GetProxy(Uri destination) => routes.ProxyFor(destination) is { } found && !NeedsTunnel(destination, found) ? found : null;

        public bool IsBypassed(Uri host) => GetProxy(host) == null;
    }
}
