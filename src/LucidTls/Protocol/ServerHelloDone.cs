namespace LucidTls.Protocol;

/// <summary>The end of the server's first flight in TLS 1.2 (RFC 5246 §7.4.5).</summary>
internal sealed class ServerHelloDone : IHandshakeBody
{
    public HandshakeType Type => HandshakeType.ServerHelloDone;

    public static ServerHelloDone Parse(ReadOnlyMemory<byte> body)
    {
        new TlsReader(body, "ServerHelloDone").End();
        return new ServerHelloDone();
    }

    public void Write(TlsWriter writer)
    {
    }
}
