namespace LucidTls.Protocol;

/// <summary>The end of a client's early data (RFC 8446 §4.5): a message without content.</summary>
internal sealed class EndOfEarlyData : IHandshakeBody
{
    public HandshakeType Type => HandshakeType.EndOfEarlyData;

    public static EndOfEarlyData Parse(ReadOnlyMemory<byte> body)
    {
        new TlsReader(body, "EndOfEarlyData").End();
        return new EndOfEarlyData();
    }

    public void Write(TlsWriter writer)
    {
    }
}
