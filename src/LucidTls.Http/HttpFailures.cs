namespace LucidTls.Http;

/// <summary>Says of a failed request what TLS, or the proxy, says of it; the engine knows only that it got no connection.</summary>
internal static class HttpFailures
{
    /// <summary>The same failure with the explanation as its message; null when neither is the cause, or all is told already.</summary>
    /// <param name="failure">What the engine threw.</param>
    /// <param name="ofConnection">What broke the connection that was made for the request; null when nothing has.</param>
    public static HttpRequestException? TryExplain(Exception failure, TlsException? ofConnection)
    {
        if (failure is OperationCanceledException or HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError })
            return null;
        // The engine names no cause when a new connection is lost before it has put the request on it.
        if (failure is HttpRequestException { HttpRequestError: HttpRequestError.Unknown, InnerException: null } && ofConnection is { Source: not TlsFailureSource.Transport })
            return new HttpRequestException(HttpRequestError.SecureConnectionError, ofConnection.Message, ofConnection);
        for (var cause = failure.InnerException; cause != null; cause = cause.InnerException)
        {
            if (cause is TlsException { Source: not TlsFailureSource.Transport } or LostWhileWaitingException)
                return new HttpRequestException(HttpRequestError.SecureConnectionError, cause.Message, failure);
            // What the way to the proxy ended in.
            if (cause is HttpRequestException { HttpRequestError: not HttpRequestError.Unknown } known)
                return new HttpRequestException(known.HttpRequestError, known.Message, failure, known.StatusCode);
        }
        return null;
    }

    /// <summary>The first of that kind among a failure and its causes; null when there is none.</summary>
    public static T? Find<T>(Exception? failure) where T : Exception
    {
        while (failure is not (null or T))
            failure = failure.InnerException;
        return (T?)failure;
    }
}
