namespace LucidTls.Protocol;

/// <summary>The server's ephemeral key in TLS 1.2 with its signature (RFC 8422 §5.4). Only named curves are known.</summary>
internal sealed class ServerKeyExchange : IHandshakeBody
{
    /// <summary>ECCurveType.named_curve.</summary>
    private const byte NamedCurve = 3;

    public HandshakeType Type => HandshakeType.ServerKeyExchange;

    public required NamedGroup Group { get; init; }
    public required ReadOnlyMemory<byte> PublicKey { get; init; }
    public required SignatureScheme Scheme { get; init; }
    public required ReadOnlyMemory<byte> Signature { get; init; }

    public static ServerKeyExchange Parse(ReadOnlyMemory<byte> body)
    {
        var reader = new TlsReader(body, "ServerKeyExchange");
        var curveType = reader.ReadUInt8();
        if (curveType != NamedCurve)
            throw new TlsException(TlsError.IllegalValue, $"a curve of type {curveType} in ServerKeyExchange");
        var message = new ServerKeyExchange
        {
            Group = new NamedGroup(reader.ReadUInt16()),
            PublicKey = reader.ReadVector8(1),
            Scheme = new SignatureScheme(reader.ReadUInt16()),
            Signature = reader.ReadVector16(),
        };
        reader.End();
        return message;
    }

    public void Write(TlsWriter writer)
    {
        writer.WriteBytes(Parameters(Group, PublicKey.Span));
        writer.WriteUInt16(Scheme.Value);
        writer.WriteVector16(Signature.Span);
    }

    /// <summary>What is signed (RFC 8422 §5.4): both randoms and the ServerECDHParams.</summary>
    public static byte[] SignedContent(ReadOnlySpan<byte> clientRandom, ReadOnlySpan<byte> serverRandom, NamedGroup group, ReadOnlySpan<byte> publicKey) =>
        [.. clientRandom, .. serverRandom, .. Parameters(group, publicKey)];

    private static byte[] Parameters(NamedGroup group, ReadOnlySpan<byte> publicKey) =>
        [NamedCurve, (byte)(group.Value >> 8), (byte)group.Value, checked((byte)publicKey.Length), .. publicKey];
}
