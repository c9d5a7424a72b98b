namespace LucidTls.Http;

/// <summary>Says of a failed request what TLS, or the proxy, says of it; the engine knows only that it got no connection.</summary>
internal static class HttpFailures
{
    /// <summary>The same failure with the explanation as its message; null when neither is the cause, or all is told already.</summary>
    /// <param name="failure">What the engine says.</param>
    /// <param name="ended">What the connection ended in that was made for the request; null when it did not fail, or none was made.</param>
    public static HttpRequestException? TryExplain(Exception failure, TlsException? ended)
    {
        if (failure is OperationCanceledException or HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError })
            return null;
        for (var cause = failure.InnerException; cause != null; cause = cause.InnerException)
        {
            if (cause is TlsException { Source: not TlsFailureSource.Transport } or LostWhileWaitingException)
                return new HttpRequestException(HttpRequestError.SecureConnectionError, cause.Message, failure);
            // What the way to the proxy ended in.
            if (cause is HttpRequestException { HttpRequestError: not HttpRequestError.Unknown } known)
                return new HttpRequestException(known.HttpRequestError, known.Message, failure, known.StatusCode);
        }
        // A connection for HTTP/2 that ends before the engine hands it to the request: the engine says that, and loses why.
        return failure is HttpRequestException { HttpRequestError: HttpRequestError.Unknown, InnerException: null, StatusCode: null } && ended is { Source: not TlsFailureSource.Transport }
            ? new HttpRequestException(HttpRequestError.SecureConnectionError, ended.Message, ended)
            : null;
    }
    /// <summary>The first of that kind among a failure and its causes; null when there is none.</summary>
    public static T? Find<T>(Exception? failure) where T : Exception
    {
        while (failure is not (null or T))
            failure = failure.InnerException;
        return (T?)failure;
    }
}
