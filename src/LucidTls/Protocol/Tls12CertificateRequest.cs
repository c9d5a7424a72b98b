namespace LucidTls.Protocol;

/// <summary>The server's wish for a client certificate in TLS 1.2 (RFC 5246 §7.4.4).</summary>
internal sealed class Tls12CertificateRequest : IHandshakeBody
{
    /// <summary>ClientCertificateType rsa_sign (RFC 5246 §7.4.4).</summary>
    public const byte RsaSign = 1;

    /// <summary>ClientCertificateType ecdsa_sign (RFC 8422 §5.5), which covers Ed25519 as well.</summary>
    public const byte EcdsaSign = 64;

    public HandshakeType Type => HandshakeType.CertificateRequest;

    public required ReadOnlyMemory<byte> CertificateTypes { get; init; }
    public required IReadOnlyList<SignatureScheme> SignatureSchemes { get; init; }
    public required IReadOnlyList<ReadOnlyMemory<byte>> CertificateAuthorities { get; init; }

    public static Tls12CertificateRequest Parse(ReadOnlyMemory<byte> body)
    {
        var reader = new TlsReader(body, "CertificateRequest");
        var types = reader.ReadVector8(1);
        var schemes = reader.ReadNested16(2, ushort.MaxValue - 1);
        var names = reader.ReadNested16();
        reader.End();
        var authorities = new List<ReadOnlyMemory<byte>>();
        while (!names.IsEmpty)
            authorities.Add(names.ReadVector16(1));
        return new Tls12CertificateRequest
        {
            CertificateTypes = types,
            SignatureSchemes = Extensions.ReadCodes(ref schemes, value => new SignatureScheme(value)),
            CertificateAuthorities = authorities,
        };
    }

    public void Write(TlsWriter writer)
    {
        writer.WriteVector8(CertificateTypes.Span);
        writer.WriteBytes(Extensions.BuildSignatureSchemes(SignatureSchemes));
        Extensions.WriteAuthorities(writer, CertificateAuthorities);
    }
}
