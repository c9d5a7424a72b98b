namespace LucidTls.Protocol;

/// <summary>The server's wish for a client certificate (RFC 8446 §4.3.2).</summary>
internal sealed class CertificateRequest : IHandshakeBody
{
    public HandshakeType Type => HandshakeType.CertificateRequest;

    public ReadOnlyMemory<byte> Context { get; init; }
    public required ExtensionBlock Extensions { get; init; }
    public IReadOnlyList<SignatureScheme> SignatureSchemes { get; private set; } = [];
    public IReadOnlyList<ReadOnlyMemory<byte>> CertificateAuthorities { get; private set; } = [];

    public static CertificateRequest Parse(ReadOnlyMemory<byte> body)
    {
        var reader = new TlsReader(body, "CertificateRequest");
        var request = new CertificateRequest
        {
            Context = reader.ReadVector8(),
            Extensions = ExtensionBlock.Parse(ref reader, ExtensionPlace.CertificateRequest),
        };
        reader.End();
        // RFC 8446 §4.3.2: "The 'signature_algorithms' extension MUST be specified".
        if (!request.Extensions.TryGet(ExtensionType.SignatureAlgorithms, out var schemes))
            throw new TlsException(TlsError.MissingExtension, "signature_algorithms in CertificateRequest");
        request.SignatureSchemes = Protocol.Extensions.ParseSignatureSchemes(schemes);
        foreach (var extension in request.Extensions.Items)
        {
            if (extension.Type != ExtensionType.SignatureAlgorithms && extension.Type != ExtensionType.CertificateAuthorities && extension.Type != ExtensionType.SignatureAlgorithmsCert)
                ExtensionForms.Demand(extension.Type, extension.Data, ExtensionPlace.CertificateRequest);
        }
        if (request.Extensions.TryGet(ExtensionType.CertificateAuthorities, out var authorities))
            request.CertificateAuthorities = Protocol.Extensions.ParseAuthorities(authorities);
        if (request.Extensions.TryGet(ExtensionType.SignatureAlgorithmsCert, out var certificateSchemes))
            Protocol.Extensions.ParseSignatureSchemes(certificateSchemes);
        return request;
    }

    public void Write(TlsWriter writer)
    {
        writer.WriteVector8(Context.Span);
        Extensions.Write(writer);
    }
}
