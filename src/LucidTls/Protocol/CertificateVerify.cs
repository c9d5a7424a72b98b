namespace LucidTls.Protocol;

/// <summary>The proof that the sender holds its certificate's key (RFC 8446 §4.4.3).</summary>
internal sealed class CertificateVerify : IHandshakeBody
{
    public HandshakeType Type => HandshakeType.CertificateVerify;

    public required SignatureScheme Scheme { get; init; }
    public required ReadOnlyMemory<byte> Signature { get; init; }

    public static CertificateVerify Parse(ReadOnlyMemory<byte> body)
    {
        var reader = new TlsReader(body, "CertificateVerify");
        var message = new CertificateVerify { Scheme = new SignatureScheme(reader.ReadUInt16()), Signature = reader.ReadVector16() };
        reader.End();
        return message;
    }

    public void Write(TlsWriter writer)
    {
        writer.WriteUInt16(Scheme.Value);
        writer.WriteVector16(Signature.Span);
    }
}
