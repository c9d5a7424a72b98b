namespace LucidTls.Http;

/// <summary>Says of a failed request what TLS, or the proxy, says of it; the engine knows only that it got no connection.</summary>
internal static class HttpFailures
{
    /// <summary>The same failure with the explanation as its message; null when neither is the cause, or all is told already.</summary>
    public static HttpRequestException? TryExplain(Exception failure)
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
