using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace LucidTls.AspNetCore;

/// <summary>Says, for an endpoint, that requests ask for client certificates where nobody can be asked: the application takes those clients for strangers.</summary>
internal sealed class DelayedCertificateLog(ILogger logger)
{
    private readonly LogLimit _limit = new(TimeProvider.System);

    public void NotOverHttp2(ConnectionContext connection)
    {
        if (_limit.TryTake(out var suppressed))
            logger.NoQuestionOverHttp2(connection.ConnectionId, connection.RemoteEndPoint, suppressed);
    }
}
