namespace LucidTls.Protocol;

/// <summary>The client's ephemeral key in TLS 1.2 (RFC 8422 §5.7).</summary>
internal sealed class ClientKeyExchange : IHandshakeBody
{
    public HandshakeType Type => HandshakeType.ClientKeyExchange;

    public required ReadOnlyMemory<byte> PublicKey { get; init; }

    public static ClientKeyExchange Parse(ReadOnlyMemory<byte> body)
    {
        var reader = new TlsReader(body, "ClientKeyExchange");
        var message = new ClientKeyExchange { PublicKey = reader.ReadVector8(1) };
        reader.End();
        return message;
    }

    public void Write(TlsWriter writer) => writer.WriteVector8(PublicKey.Span);
}
