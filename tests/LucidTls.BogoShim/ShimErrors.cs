namespace LucidTls.BogoShim;

/// <summary>An expectation of the test about what was agreed on was not met.</summary>
internal sealed class ShimExpectationException(string message) : Exception(message);

/// <summary>What a failure looks like to the runner, which finds the cause between colons: <c>:BadRecordMac:</c>, or <c>:PeerAlert:DecodeError:</c>.</summary>
internal static class ShimErrors
{
    public static string Describe(Exception exception)
    {
        for (var inner = exception; inner != null; inner = inner.InnerException)
        {
            if (inner is TlsException { Error: TlsError.PeerAlert } peer)
                return $":{peer.Error}:{peer.Alert}: {peer.Message}";
            if (inner is TlsException tls)
                return $":{tls.Error}: {tls.Message}";
        }
        return exception is ShimExpectationException ? exception.Message : exception.ToString();
    }
}
