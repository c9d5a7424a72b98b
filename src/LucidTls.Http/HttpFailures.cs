namespace LucidTls.Http;

/// <summary>Says of a failed request what TLS, or the proxy, says of it; the engine knows only that it got no connection.</summary>
internal static class HttpFailures
{
    /// <summary>The same failure with the explanation as its message; null when neither is the cause, or all is told already.</summary>
    public static HttpRequestException? TryExplain(HttpRequestException failure)
    {
        if (failure.HttpRequestError is HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError)
            return null;
        for (var cause = failure.InnerException; cause != null; cause = cause.InnerException)
        {
            if (cause is TlsException { Source: not TlsFailureSource.Transport })
                return new HttpRequestException(HttpRequestError.SecureConnectionError, cause.Message, failure, failure.StatusCode);
            if (cause is HttpRequestException { HttpRequestError: HttpRequestError.ProxyTunnelError or HttpRequestError.SecureConnectionError } known)
                return new HttpRequestException(known.HttpRequestError, known.Message, failure, known.StatusCode);
        }
        return null;
    }
}
