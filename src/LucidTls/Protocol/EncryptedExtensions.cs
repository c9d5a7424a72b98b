namespace LucidTls.Protocol;

/// <summary>The server's answers to extensions that need not be in the clear (RFC 8446 §4.3.1).</summary>
internal sealed class EncryptedExtensions : IHandshakeBody
{
    public HandshakeType Type => HandshakeType.EncryptedExtensions;

    public required ExtensionBlock Extensions { get; init; }

    public static EncryptedExtensions Parse(ReadOnlyMemory<byte> body)
    {
        var reader = new TlsReader(body, "EncryptedExtensions");
        var extensions = ExtensionBlock.Parse(ref reader, ExtensionPlace.EncryptedExtensions);
        reader.End();
        return new EncryptedExtensions { Extensions = extensions };
    }

    public void Write(TlsWriter writer) => Extensions.Write(writer);
}
