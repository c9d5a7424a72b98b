using System.Formats.Asn1;

namespace LucidTls.Certificates.Parsing;

/// <summary>One extension, as certificates, revocation lists and OCSP responses have them: the content of its identifier, whether it must be understood, its value.</summary>
internal readonly record struct CertificateExtension(ReadOnlyMemory<byte> Oid, bool IsCritical, ReadOnlyMemory<byte> Value)
{
    private const int MostInList = 64;

    public static CertificateExtension Read(ref DerReader list)
    {
        var item = list.ReadSequence();
        var oid = item.ReadOid();
        // FALSE is the default and may not be written in DER.
        var isCritical = item.NextIs(Asn1Tag.Boolean) && (item.ReadBoolean() ? true : throw new AsnContentException());
        var value = item.ReadOctetString();
        item.End();
        return new CertificateExtension(oid, isCritical, value);
    }

    /// <summary>All of an Extensions, bounded; whether one stands twice is for the caller to see.</summary>
    public static CertificateExtension[] ReadList(DerReader explicitly)
    {
        var list = explicitly.ReadSequence();
        explicitly.End();
        var extensions = new List<CertificateExtension>(10);
        while (!list.IsEmpty)
        {
            if (extensions.Count == MostInList)
                throw new AsnContentException();
            extensions.Add(Read(ref list));
        }
        // RFC 5280 §4.1: SIZE (1..MAX)
        return extensions.Count > 0 ? [.. extensions] : throw new AsnContentException();
    }

    /// <summary>
    /// Those of an OCSP response, of which none may stand twice: the value of the one that is understood, an OCTET STRING, and the first
    /// critical one that is not.
    /// </summary>
    public static (ReadOnlyMemory<byte>? Octets, string? UnknownCritical) ReadList(DerReader explicitly, ReadOnlySpan<byte> understood)
    {
        ReadOnlyMemory<byte>? octets = null;
        string? unknown = null;
        var extensions = ReadList(explicitly);
        for (var i = 0; i < extensions.Length; i++)
        {
            var extension = extensions[i];
            for (var j = 0; j < i; j++)
            {
                if (extensions[j].Oid.Span.SequenceEqual(extension.Oid.Span))
                    throw new AsnContentException();
            }
            if (extension.Oid.Span.SequenceEqual(understood))
                octets = ReadOctets(extension.Value);
            else if (extension.IsCritical)
                unknown ??= Oids.ToText(extension.Oid.Span);
        }
        return (octets, unknown);
    }

    private static ReadOnlyMemory<byte> ReadOctets(ReadOnlyMemory<byte> value)
    {
        var reader = new DerReader(value);
        var octets = reader.ReadOctetString();
        reader.End();
        return octets;
    }
}
