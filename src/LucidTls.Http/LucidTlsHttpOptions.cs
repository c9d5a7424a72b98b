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

    /// <summary>Called for each connection with what was agreed on, before it is used. It must not throw.</summary>
    public Action<TlsHttpTarget, TlsSessionInfo>? OnConnected { get; set; }

    internal LucidTlsHttpOptions Copy()
    {
        var copy = (LucidTlsHttpOptions)MemberwiseClone();
        copy._tls = _tls.Clone();
        return copy;
    }
}
