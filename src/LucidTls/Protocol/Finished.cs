namespace LucidTls.Protocol;

/// <summary>The proof that both ends saw the same handshake (RFC 8446 §4.4.4).</summary>
internal sealed class Finished : IHandshakeBody
{
    public HandshakeType Type => HandshakeType.Finished;

    public required ReadOnlyMemory<byte> VerifyData { get; init; }

    public static Finished Parse(ReadOnlyMemory<byte> body, int hashLength)
    {
        var reader = new TlsReader(body, "Finished");
        var message = new Finished { VerifyData = reader.ReadBytes(hashLength) };
        reader.End();
        return message;
    }

    public void Write(TlsWriter writer) => writer.WriteBytes(VerifyData.Span);
}
