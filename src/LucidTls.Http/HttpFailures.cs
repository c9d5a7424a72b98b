namespace LucidTls.Http;

/// <summary>Says of a failed request what TLS says of it.</summary>
internal static class HttpFailures
{
    /// <summary>The same failure with TLS's explanation as its message; null when TLS is not the cause, or is told already.</summary>
    public static HttpRequestException? TryExplain(HttpRequestException failure)
    {
        if (failure.HttpRequestError == HttpRequestError.SecureConnectionError || Find(failure) is not { Source: not TlsFailureSource.Transport } tls)
            return null;
        return new HttpRequestException(HttpRequestError.SecureConnectionError, tls.Message, failure, failure.StatusCode);
    }

    private static TlsException? Find(Exception? exception)
    {
        while (exception is not (null or TlsException))
            exception = exception.InnerException;
        return (TlsException?)exception;
    }
}
