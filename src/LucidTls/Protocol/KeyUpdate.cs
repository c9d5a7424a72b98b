namespace LucidTls.Protocol;

/// <summary>The sender's next record uses new keys (RFC 8446 §4.6.3).</summary>
internal sealed class KeyUpdate : IHandshakeBody
{
    public HandshakeType Type => HandshakeType.KeyUpdate;

    public required bool RequestUpdate { get; init; }

    public static KeyUpdate Parse(ReadOnlyMemory<byte> body)
    {
        var reader = new TlsReader(body, "KeyUpdate");
        var request = reader.ReadUInt8();
        reader.End();
        // RFC 8446 §4.6.3: any other value is an illegal_parameter.
        return request <= 1 ? new KeyUpdate { RequestUpdate = request == 1 } : throw new TlsException(TlsError.IllegalValue, $"a KeyUpdate request of {request}");
    }

    public void Write(TlsWriter writer) => writer.WriteUInt8(RequestUpdate ? (byte)1 : (byte)0);
}
