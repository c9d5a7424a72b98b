using System.Net;

namespace LucidTls.Http;

/// <summary>
/// HttpClient's handler with LucidTls under https. Everything else is done by a <see cref="SocketsHttpHandler"/> inside, as it always is: pooling, HTTP/1.1 and HTTP/2, redirects,
/// cookies, decompression. When TLS fails, <see cref="HttpRequestException"/> says why: its message is the explanation, its error <see cref="HttpRequestError.SecureConnectionError"/>,
/// and among its inner exceptions is the <see cref="TlsException"/>.
/// </summary>
public sealed class LucidTlsHttpHandler : HttpMessageHandler
{
    private const HttpStatusCode TooEarly = (HttpStatusCode)425;

    /// <summary>As many as the engine makes of its own.</summary>
    private const int MaxRetries = 3;

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
            for (var retries = 0; ; retries++)
            {
                try
                {
                    return await TrySendAsync(request, cancellationToken).ConfigureAwait(false)
                        ?? await _engine.SendAsync(request, cancellationToken).ConfigureAwait(false);
                }
                catch (HttpRequestException failure) when (retries < MaxRetries && IsUnanswered(request, failure))
                {
                    // On another connection.
                }
            }
        }
        catch (Exception failure) when (HttpFailures.TryExplain(failure, _connector.FailureOf(request)) is { } explained)
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
            for (var retries = 0; ; retries++)
            {
                try
                {
                    return TrySend(request, cancellationToken) ?? _engine.Send(request, cancellationToken);
                }
                catch (HttpRequestException failure) when (retries < MaxRetries && IsUnanswered(request, failure))
                {
                    // On another connection.
                }
            }
        }
        catch (Exception failure) when (HttpFailures.TryExplain(failure, _connector.FailureOf(request)) is { } explained)
        {
            throw explained;
        }
        finally
        {
            asked.Restore(request);
        }
    }

    /// <returns>Null when the request should be sent once more, without early data.</returns>
    private async Task<HttpResponseMessage?> TrySendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var start = _connector.Now;
        try
        {
            var response = await _engine.SendAsync(request, cancellationToken).ConfigureAwait(false);
            return IsTooEarly(request, start, response) ? null : response;
        }
        catch (Exception failure) when (IsTooEarly(request, start, failure))
        {
            return null;
        }
    }

    /// <inheritdoc cref="TrySendAsync"/>
    private HttpResponseMessage? TrySend(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var start = _connector.Now;
        try
        {
            var response = _engine.Send(request, cancellationToken);
            return IsTooEarly(request, start, response) ? null : response;
        }
        catch (Exception failure) when (IsTooEarly(request, start, failure))
        {
            return null;
        }
    }

    // The engine itself sends such a request again, but only if the connection ended as if in good order, which our stream must not tell: the end of a body may be told by it.
    private static bool IsUnanswered(HttpRequestMessage request, HttpRequestException failure) => request.Content == null && HttpFailures.Find<UnansweredException>(failure) != null;

    // RFC 8470 §5.2
    private bool IsTooEarly(HttpRequestMessage request, long start, HttpResponseMessage response)
    {
        if (response.StatusCode != TooEarly || !SafeRequest.IsSafe(request) || !_connector.ForgoEarlyData(request.RequestUri!, start))
            return false;
        response.Dispose();
        return true;
    }

    // A server that went back to TLS 1.2 (RFC 8446 §D.3), or has closed a connection whose handshake waited.
    private bool IsTooEarly(HttpRequestMessage request, long start, Exception failure) =>
        HttpFailures.Find<TlsException>(failure) is { Error: TlsError.EarlyDataNeedsTls13 } && SafeRequest.IsSafe(request) && _connector.ForgoEarlyData(request.RequestUri!, start)
        || HttpFailures.Find<LostWhileWaitingException>(failure) != null && request.Content == null;

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
