namespace LucidTls.Http;

/// <summary>The connection, one of HTTP/1.1, ended without close_notify, and nothing has come since the last write.</summary>
internal sealed class UnansweredException(IOException cause) : HttpIOException(HttpRequestError.ResponseEnded, cause.Message, cause);
