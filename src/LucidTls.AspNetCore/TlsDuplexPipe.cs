using System.IO.Pipelines;

namespace LucidTls.AspNetCore;

/// <summary>The plaintext of a connection as the pair of pipes that takes the transport's place. Completing the output says close_notify.</summary>
internal sealed class TlsDuplexPipe(TlsStream stream, PipeTransport transport, EarlyPlaintext? early, bool isHttp) : IDuplexPipe
{
    public PipeReader Input { get; } = new TlsPipeReader(stream, transport, early, isHttp);

    public PipeWriter Output { get; } = new TlsPipeWriter(stream, transport, early);
}
