using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using LucidTls.Sessions;

namespace LucidTls.Http;

/// <summary>
/// Gives the engine its connections. For https it hands back a <see cref="SecuredStream"/>, which the engine takes for TLS that is done (it is an <see cref="SslStream"/>); so the request, the pool that the
/// connection goes to, cookies and redirects all stay those of https. Were the engine ever left to do TLS itself, its own options refuse every server.
/// </summary>
internal sealed class TlsConnector : IDisposable
{
    private readonly LucidTlsHttpOptions _options;
    private readonly Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>> _dial;
    private readonly bool _isDialGiven;
    private readonly ProxyRoutes _routes;
    private readonly ICredentials? _credentials;
    private readonly ProxyTunnels _tunnels;
    private readonly TimeSpan _connectTimeout;

    /// <summary>Servers that picked HTTP/1.1 where HTTP/2 was offered: the engine speaks nothing else with them from then on.</summary>
    private readonly KnownServers _withoutHttp2 = new();

    /// <summary>Servers that do not want early data (425, RFC 8470 §5.2).</summary>
    private readonly KnownServers _withoutEarlyData = new();

    /// <summary>The connection that was made for a request, if one was.</summary>
    private readonly ConditionalWeakTable<HttpRequestMessage, TlsStream> _made = [];
    public TlsConnector(LucidTlsHttpOptions options, SocketsHttpHandler engine)
    {
        _options = options;
        _isDialGiven = engine.ConnectCallback != null;
        _dial = engine.ConnectCallback ?? (static (context, cancellationToken) => DialAsync(context.DnsEndPoint, cancellationToken));
        _routes = new ProxyRoutes(engine.UseProxy ? engine.Proxy ?? HttpClient.DefaultProxy : null);
        _credentials = _routes.Credentials ?? engine.DefaultProxyCredentials;
        _connectTimeout = engine.ConnectTimeout;
        _tunnels = new ProxyTunnels(ConnectToProxyAsync, _connectTimeout);
        EngineTls.DemandUntouched(engine.SslOptions);
        engine.SslOptions = EngineTls.RefuseAll();
        engine.ConnectCallback = ConnectAsync;
        engine.Proxy = _routes.ForEngine;
    }

    public void Dispose() => _tunnels.Dispose();

    /// <summary>What the connection ended in that was made for this request; null when it did not fail, or none was made.</summary>
    public TlsException? FailureOf(HttpRequestMessage request) => _made.TryGetValue(request, out var tls) ? tls.Failure : null;
    /// <summary>The time, as <see cref="ForgoEarlyData"/> takes it.</summary>
    public long Now => _withoutEarlyData.Last;

    /// <summary>Sends no more early data to the server of this URI.</summary>
    /// <param name="uri">The server.</param>
    /// <param name="start">When the request was begun that it has not taken.</param>
    /// <returns>Whether that request may have been sent so, and may fare better when it is sent again.</returns>
    public bool ForgoEarlyData(Uri uri, long start) => _options.SendEarlyData && Schemes.IsSecure(uri) && _withoutEarlyData.Add(ServerOf(uri.IdnHost, uri.Port)) > start;

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var uri = context.InitialRequestMessage.RequestUri ?? throw new InvalidOperationException("The request has no URI.");
        var stream = _routes.TunnelFor(uri) is { } proxy
            ? await OpenTunnelAsync(proxy, context, cancellationToken).ConfigureAwait(false)
            : await _dial(context, cancellationToken).ConfigureAwait(false);
        if (!Schemes.IsSecure(uri))
            return stream;
        try
        {
            var server = ServerOf(context.DnsEndPoint.Host, context.DnsEndPoint.Port);
            // A request whose URI was changed under way does not make a connection under another name than that by which it is kept.
            if (!ServerOf(uri.IdnHost, uri.Port).Equals(server))
                throw new InvalidOperationException($"The request was for {server.Host} and has become one for {uri.IdnHost}.");
            var target = new TlsHttpTarget(Hosts.NameOf(HostHeader.NameOf(context.InitialRequestMessage) ?? uri.IdnHost), uri.Port);
            var offered = _withoutHttp2.Contains(server) ? [SslApplicationProtocol.Http11] : OfferedFor(context.InitialRequestMessage);
            var options = await OptionsForAsync(target, offered, cancellationToken).ConfigureAwait(false);
            var tls = new TlsStream(stream);
            _made.AddOrUpdate(context.InitialRequestMessage, tls);
            if (SafeRequest.IsSafe(context.InitialRequestMessage) && TryStartEarly(tls, options, target, server) is { } start)
                return SecuredStream.Over(tls, isAsked: offered.Contains(SslApplicationProtocol.Http2), start);
            await ShakeHandsAsync(tls, target, options, cancellationToken).ConfigureAwait(false);
            if (offered.Count > 1 && tls.NegotiatedApplicationProtocol != SslApplicationProtocol.Http2)
                _withoutHttp2.Add(server);
            return SecuredStream.Over(tls, isAsked: offered.Contains(SslApplicationProtocol.Http2));
        }
        catch
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async ValueTask<Stream> OpenTunnelAsync(Uri proxy, SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        if (!Socks5.Is(proxy))
            return await _tunnels.OpenAsync(proxy, _credentials, context, cancellationToken).ConfigureAwait(false);
        if (_isDialGiven)
            throw new NotSupportedException("The engine's ConnectCallback cannot be asked to connect to a SOCKS proxy for https.");
        var stream = await DialSocksAsync(new DnsEndPoint(proxy.IdnHost, proxy.Port), cancellationToken).ConfigureAwait(false);
        try
        {
            await Socks5.OpenAsync(stream, context.DnsEndPoint, _credentials?.GetCredential(proxy, proxy.Scheme), cancellationToken).ConfigureAwait(false);
            return stream;
        }
        catch
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    // The engine would say of the server what befell the proxy.
    private static async ValueTask<Stream> DialSocksAsync(DnsEndPoint proxy, CancellationToken cancellationToken)
    {
        try
        {
            return await DialAsync(proxy, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException failure)
        {
            var error = failure.SocketErrorCode == SocketError.HostNotFound ? HttpRequestError.NameResolutionError : HttpRequestError.ConnectionError;
            throw new HttpRequestException(error, $"{failure.Message} ({TlsHttpTarget.Authority(proxy.Host, proxy.Port)})", failure);
        }
    }

    private async ValueTask<Stream> ConnectToProxyAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var stream = await _dial(context, cancellationToken).ConfigureAwait(false);
        if (!Schemes.IsSecure(context.InitialRequestMessage.RequestUri!))
            return stream;
        try
        {
            var target = new TlsHttpTarget(Hosts.NameOf(context.DnsEndPoint.Host), context.DnsEndPoint.Port, isProxy: true);
            var tls = new TlsStream(stream);
            await ShakeHandsAsync(tls, target, await OptionsForAsync(target, [SslApplicationProtocol.Http11], cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
            return SecuredStream.Over(tls, isAsked: false);
        }
        catch
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async ValueTask<TlsClientOptions> OptionsForAsync(TlsHttpTarget target, IReadOnlyList<SslApplicationProtocol> offered, CancellationToken cancellationToken)
    {
        var chosen = _options.TlsOptionsSelector is { } select ? await select(target, cancellationToken).ConfigureAwait(false) : null;
        var options = (chosen ?? _options.Tls).Clone();
        options.TargetHost ??= target.Host;
        options.ApplicationProtocols = options.ApplicationProtocols.Count == 0 ? offered : [.. offered.Where(options.ApplicationProtocols.Contains)];
        if (options.ApplicationProtocols.Count == 0)
            throw new InvalidOperationException($"The request to {target} needs {string.Join(" or ", offered)}, which the options do not allow.");
        options.EarlyData = default;
        return options;
    }

    private async ValueTask ShakeHandsAsync(TlsStream tls, TlsHttpTarget target, TlsClientOptions options, CancellationToken cancellationToken)
    {
        await tls.AuthenticateAsClientAsync(options, cancellationToken).ConfigureAwait(false);
        _options.OnConnected?.Invoke(target, tls.Session);
    }

    /// <summary>When early data is wanted, and there is a session that allows it, the handshake can wait for the request. For HTTP/2 the engine must know at once what will be agreed on: the session says so.</summary>
    private EarlyStart? TryStartEarly(TlsStream tls, TlsClientOptions options, TlsHttpTarget target, DnsEndPoint server)
    {
        if (!_options.SendEarlyData || !IsAllowed() || options.SessionCache is not { } cache || SessionKey.Of(options) is not { } key || !cache.AllowsEarlyData(key, out var protocol))
            return null;
        // For the engine the connection is made already.
        if (_connectTimeout != Timeout.InfiniteTimeSpan && (options.HandshakeTimeout == Timeout.InfiniteTimeSpan || options.HandshakeTimeout > _connectTimeout))
            options.HandshakeTimeout = _connectTimeout;
        if (protocol == SslApplicationProtocol.Http2)
            return new EarlyStartHttp2(tls, options, IsAllowed, OnConnected, () => _withoutEarlyData.Add(server));
        return options.ApplicationProtocols is [var only] && only == SslApplicationProtocol.Http11 ? new EarlyStartHttp1(tls, options, protocol, IsAllowed, OnConnected) : null;

        bool IsAllowed() => !_withoutEarlyData.Contains(server);
        void OnConnected(TlsSessionInfo session) => _options.OnConnected?.Invoke(target, session);
    }

    /// <summary>The server as <see cref="KnownServers"/> has it.</summary>
    private static DnsEndPoint ServerOf(string host, int port) => new(Hosts.Bare(host), port);

    /// <summary>What the engine can do with the connection: it knows HTTP/2 by what was agreed on, when the request lets it.</summary>
    private static IReadOnlyList<SslApplicationProtocol> OfferedFor(HttpRequestMessage request) => (request.Version.Major, request.VersionPolicy) switch
    {
        // The engine may still connect for a request that has been answered on another connection, and that looks again as its sender made it.
        (1, HttpVersionPolicy.RequestVersionOrHigher) or ( >= 2, HttpVersionPolicy.RequestVersionOrLower) => [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
        ( >= 2, _) => [SslApplicationProtocol.Http2],
        _ => [SslApplicationProtocol.Http11],
    };

    private static async ValueTask<Stream> DialAsync(DnsEndPoint endpoint, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endpoint, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
