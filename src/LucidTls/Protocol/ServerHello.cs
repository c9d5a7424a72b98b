namespace LucidTls.Protocol;

/// <summary>The server's choice, or its wish for another ClientHello (RFC 8446 §4.1.3 and §4.1.4, RFC 5246 §7.4.1.3): they share one form.</summary>
internal sealed class ServerHello : IHandshakeBody
{
    public HandshakeType Type => HandshakeType.ServerHello;

    /// <summary>SHA-256 of "HelloRetryRequest", which marks one (RFC 8446 §4.1.3).</summary>
    public static ReadOnlySpan<byte> HelloRetryRandom =>
    [
        0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
        0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
    ];

    public ushort LegacyVersion { get; init; } = TlsVersion.Tls12.Value;
    public required ReadOnlyMemory<byte> Random { get; init; }
    public required ReadOnlyMemory<byte> SessionId { get; init; }
    public required CipherSuite CipherSuite { get; init; }
    public byte CompressionMethod { get; init; }
    public required ExtensionBlock Extensions { get; init; }

    public bool IsHelloRetryRequest => Random.Span.SequenceEqual(HelloRetryRandom);

    /// <summary>The version agreed on: supported_versions when it is there, legacy_version otherwise (RFC 8446 §4.2.1).</summary>
    public TlsVersion Version => Extensions.TryGet(ExtensionType.SupportedVersions, out var data)
        ? Protocol.Extensions.ParseSelectedVersion(data)
        : new TlsVersion(LegacyVersion);

    public static ServerHello Parse(ReadOnlyMemory<byte> body)
    {
        var reader = new TlsReader(body, "ServerHello");
        var version = reader.ReadUInt16();
        var random = reader.ReadBytes(32);
        var sessionId = reader.ReadVector8(0, 32);
        var suite = new CipherSuite(reader.ReadUInt16());
        var compression = reader.ReadUInt8();
        var place = random.Span.SequenceEqual(HelloRetryRandom) ? ExtensionPlace.HelloRetryRequest : ExtensionPlace.ServerHello;
        // A ServerHello of TLS 1.2 may have none.
        var extensions = reader.IsEmpty ? new ExtensionBlock() : ParseExtensions(ref reader, place);
        reader.End();
        return new ServerHello
        {
            LegacyVersion = version,
            Random = random,
            SessionId = sessionId,
            CipherSuite = suite,
            CompressionMethod = compression,
            Extensions = extensions,
        };
    }

    public void Write(TlsWriter writer)
    {
        writer.WriteUInt16(LegacyVersion);
        writer.WriteBytes(Random.Span);
        writer.WriteVector8(SessionId.Span);
        writer.WriteUInt16(CipherSuite.Value);
        writer.WriteUInt8(CompressionMethod);
        Extensions.Write(writer);
    }

    private static ExtensionBlock ParseExtensions(ref TlsReader reader, ExtensionPlace tls13Place)
    {
        var copy = reader;
        var list = copy.ReadNested16();
        var isTls13 = false;
        while (!list.IsEmpty)
        {
            isTls13 |= list.ReadUInt16() == ExtensionType.SupportedVersions.Value;
            list.ReadVector16();
        }
        // RFC 8446 §4.2.1: supported_versions is what tells the versions apart. In an older one the version is judged first, then what stands here.
        return ExtensionBlock.Parse(ref reader, isTls13 ? tls13Place : ExtensionPlace.None);
    }
}
