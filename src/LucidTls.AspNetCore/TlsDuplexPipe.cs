using System.Buffers;
using System.IO.Pipelines;

namespace LucidTls.AspNetCore;

/// <summary>The plaintext of a connection as the pair of pipes that takes the transport's place. Completing the output says close_notify.</summary>
internal sealed class TlsDuplexPipe(TlsStream stream, MemoryPool<byte> pool, bool isHttp) : IDuplexPipe
{
    // Reads of zero bytes, so that a connection that waits holds no buffer.
    public PipeReader Input { get; } = PipeReader.Create(isHttp ? new HttpInputStream(stream) : stream, new StreamPipeReaderOptions(pool, leaveOpen: true, useZeroByteReads: true));

    public PipeWriter Output { get; } = PipeWriter.Create(new OutputStream(stream), new StreamPipeWriterOptions(pool));
}
