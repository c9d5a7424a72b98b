namespace LucidTls.Protocol;

/// <summary>The Certificate message of TLS 1.2 (RFC 5246 §7.4.2): the certificates alone; an empty list says "I have none".</summary>
internal sealed class Tls12Certificate : IHandshakeBody
{
    public HandshakeType Type => HandshakeType.Certificate;

    public required IReadOnlyList<ReadOnlyMemory<byte>> Certificates { get; init; }

    public static Tls12Certificate Parse(ReadOnlyMemory<byte> body)
    {
        var reader = new TlsReader(body, "Certificate");
        var list = reader.ReadNested24();
        reader.End();
        var certificates = new List<ReadOnlyMemory<byte>>();
        while (!list.IsEmpty)
        {
            if (certificates.Count == CertificateMessage.MostCertificates)
                throw list.Malformed($"more than {CertificateMessage.MostCertificates} certificates");
            certificates.Add(list.ReadVector24(1));
        }
        return new Tls12Certificate { Certificates = certificates };
    }

    public void Write(TlsWriter writer)
    {
        using (writer.Length24())
        {
            foreach (var certificate in Certificates)
                writer.WriteVector24(certificate.Span);
        }
    }

    /// <summary>The same in the form of TLS 1.3, in which what came along elsewhere stands beside the leaf.</summary>
    public CertificateMessage WithLeafExtensions(ExtensionBlock extensions) => new()
    {
        Entries = [.. Certificates.Select((certificate, index) => new CertificateEntry(certificate, index == 0 ? extensions : new ExtensionBlock()))],
    };
}
