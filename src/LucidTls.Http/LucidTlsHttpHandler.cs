namespace LucidTls.Http;

/// <summary>
/// HttpClient's handler with LucidTls under https. Everything else is done by a <see cref="SocketsHttpHandler"/> inside, as it always is: pooling, HTTP/1.1 and HTTP/2, redirects,
/// cookies, decompression. When TLS fails, <see cref="HttpRequestException"/> says why: its message is the explanation, its error <see cref="HttpRequestError.SecureConnectionError"/>,
/// and among its inner exceptions is the <see cref="TlsException"/>.
/// </summary>
public sealed class LucidTlsHttpHandler : HttpMessageHandler
{
    private readonly TlsConnector _connector;
    private readonly HttpMessageInvoker _engine;

    /// <summary>A handler that trusts the system's roots.</summary>
    public LucidTlsHttpHandler() : this(new LucidTlsHttpOptions())
    {
    }

    /// <summary>A handler with TLS options.</summary>
    /// <param name="tls">What to offer to and demand from servers; see <see cref="LucidTlsHttpOptions.Tls"/>. It is copied.</param>
    public LucidTlsHttpHandler(TlsClientOptions tls) : this(new LucidTlsHttpOptions { Tls = tls })
    {
    }

    /// <summary>A handler with options.</summary>
    /// <param name="options">How to connect. It is copied.</param>
    /// <exception cref="InvalidOperationException">The engine's own TLS options were set.</exception>
    public LucidTlsHttpHandler(LucidTlsHttpOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var engine = new SocketsHttpHandler();
        try
        {
            options.ConfigureEngine?.Invoke(engine);
            _connector = new TlsConnector(options.Copy(), engine);
            _engine = new HttpMessageInvoker(engine);
        }
        catch
        {
            engine.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var asked = HttpVersions.Narrow(request);
        try
        {
            return await _engine.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (HttpRequestException failure) when (HttpFailures.TryExplain(failure) is { } explained)
        {
            throw explained;
        }
        finally
        {
            asked.Restore(request);
        }
    }

    /// <inheritdoc/>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var asked = HttpVersions.Narrow(request);
        try
        {
            return _engine.Send(request, cancellationToken);
        }
        catch (HttpRequestException failure) when (HttpFailures.TryExplain(failure) is { } explained)
        {
            throw explained;
        }
        finally
        {
            asked.Restore(request);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _engine.Dispose();
            _connector.Dispose();
        }
        base.Dispose(disposing);
    }
}
