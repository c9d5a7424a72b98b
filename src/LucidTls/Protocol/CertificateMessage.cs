namespace LucidTls.Protocol;

/// <summary>A certificate in DER with its extensions (RFC 8446 §4.4.2).</summary>
internal readonly record struct CertificateEntry(ReadOnlyMemory<byte> Certificate, ExtensionBlock Extensions);

/// <summary>The Certificate message (RFC 8446 §4.4.2); an empty list says "I have none".</summary>
internal sealed class CertificateMessage : IHandshakeBody
{
    public HandshakeType Type => HandshakeType.Certificate;

    /// <summary>More certificates than any honest chain has.</summary>
    public const int MostCertificates = 64;

    public ReadOnlyMemory<byte> Context { get; init; }
    public required IReadOnlyList<CertificateEntry> Entries { get; init; }

    public static CertificateMessage Parse(ReadOnlyMemory<byte> body)
    {
        var reader = new TlsReader(body, "Certificate");
        var context = reader.ReadVector8();
        var list = reader.ReadNested24();
        reader.End();
        var entries = new List<CertificateEntry>();
        while (!list.IsEmpty)
        {
            if (entries.Count == MostCertificates)
                throw list.Malformed($"more than {MostCertificates} certificates");
            var certificate = list.ReadVector24(1);
            entries.Add(new CertificateEntry(certificate, ExtensionBlock.Parse(ref list, ExtensionPlace.Certificate)));
        }
        return new CertificateMessage { Context = context, Entries = entries };
    }

    public void Write(TlsWriter writer)
    {
        writer.WriteVector8(Context.Span);
        using (writer.Length24())
        {
            foreach (var entry in Entries)
            {
                writer.WriteVector24(entry.Certificate.Span);
                entry.Extensions.Write(writer);
            }
        }
    }
}
