namespace LucidTls.Protocol;

/// <summary>The stapled status of the server's certificate in TLS 1.2 (RFC 6066 §8), whose body is what TLS 1.3 puts into an extension.</summary>
internal sealed class CertificateStatusMessage : IHandshakeBody
{
    public HandshakeType Type => HandshakeType.CertificateStatus;

    /// <summary>A CertificateStatus: the type and the response.</summary>
    public required ReadOnlyMemory<byte> Status { get; init; }

    public static CertificateStatusMessage Parse(ReadOnlyMemory<byte> body)
    {
        Extensions.ParseCertificateStatus(body);
        return new CertificateStatusMessage { Status = body };
    }

    public void Write(TlsWriter writer) => writer.WriteBytes(Status.Span);
}
