namespace LucidTls.Http;

/// <summary>How <see cref="LucidTlsHttpHandler"/> connects. What is set after a handler was made from it changes nothing for that handler.</summary>
public sealed class LucidTlsHttpOptions
{
    private TlsClientOptions _tls = new();

    /// <summary>
    /// What to offer to and demand from servers, for whom <see cref="TlsOptionsSelector"/> does not say otherwise. When <see cref="TlsClientOptions.TargetHost"/> is null, as it should be, it is
    /// the host of each request. <see cref="TlsOptions.ApplicationProtocols"/> is filled in by the HTTP version that the request asks for; set it to offer only some of "h2" and "http/1.1".
    /// </summary>
    public TlsClientOptions Tls
    {
        get => _tls;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            _tls = value;
        }
    }

    /// <summary>Picks the options for each new connection by where it goes; null as its result means <see cref="Tls"/>. Give the same objects again for the same server, or its sessions are not resumed.</summary>
    public Func<TlsHttpTarget, CancellationToken, ValueTask<TlsClientOptions?>>? TlsOptionsSelector { get; set; }

    /// <summary>
    /// Sets up the handler that does everything but TLS: pooling, redirects, cookies, proxies, limits. Its <see cref="SocketsHttpHandler.ConnectCallback"/>, when set, gives the connections that TLS runs
    /// on. Its <see cref="SocketsHttpHandler.SslOptions"/> are not for LucidTls and must be left alone.
    /// </summary>
    public Action<SocketsHttpHandler>? ConfigureEngine { get; set; }

    /// <summary>
    /// Whether a request goes along with the handshake of its connection as early data (0-RTT, RFC 8470); false by default, since whoever records it can have the server see it twice. Only requests
    /// with the methods GET, HEAD and OPTIONS and without a body are sent so, when a session is resumed whose server takes early data; over HTTP/2 those that begin at once, if all are such.
    /// What the server passes over is sent again after the handshake, and a request that it answers with 425 (Too Early) is sent again once, to a server that gets no more early data.
    /// </summary>
    public bool SendEarlyData { get; set; }

    /// <summary>Called for each connection with what was agreed on, before it is used. It must not throw.</summary>
    public Action<TlsHttpTarget, TlsSessionInfo>? OnConnected { get; set; }

    internal LucidTlsHttpOptions Copy()
    {
        var copy = (LucidTlsHttpOptions)MemberwiseClone();
        copy._tls = _tls.Clone();
        return copy;
    }
}
