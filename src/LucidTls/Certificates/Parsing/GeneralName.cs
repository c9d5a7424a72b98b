using System.Formats.Asn1;
using System.Net;
using System.Text;

namespace LucidTls.Certificates.Parsing;

/// <summary>A name inside a certificate: its kind is the tag number of GeneralName (RFC 5280 §4.2.1.6), its value the content of the element.</summary>
internal readonly record struct GeneralName(int Kind, ReadOnlyMemory<byte> Value)
{
    public const int OtherName = 0;
    public const int Email = 1;
    public const int Dns = 2;
    public const int X400Address = 3;
    public const int DirectoryName = 4;
    public const int EdiPartyName = 5;
    public const int Uri = 6;
    public const int IPAddress = 7;
    public const int RegisteredId = 8;

    /// <summary>The text of an e-mail address, DNS name or URI (an IA5String).</summary>
    public string Text => Encoding.Latin1.GetString(Value.Span);

    public static GeneralName Read(ref DerReader reader)
    {
        var tag = reader.PeekTag();
        var isConstructed = tag.TagValue is OtherName or X400Address or DirectoryName or EdiPartyName;
        if (tag.TagClass != TagClass.ContextSpecific || tag.TagValue > RegisteredId || tag.IsConstructed != isConstructed)
            throw new AsnContentException();
        var value = reader.ReadContent(tag);
        switch (tag.TagValue)
        {
            case Email or Dns or Uri when !Ascii.IsValid(value.Span):
                throw new AsnContentException();
            case DirectoryName:
                _ = new X501Name(value);
                break;
        }
        return new GeneralName(tag.TagValue, value);
    }

    /// <summary>GeneralNames: at least one (RFC 5280 §4.2.1.6).</summary>
    public static GeneralName[] ReadList(DerReader reader)
    {
        var names = new List<GeneralName>();
        while (!reader.IsEmpty)
            names.Add(Read(ref reader));
        return names.Count > 0 ? [.. names] : throw new AsnContentException();
    }

    /// <summary>The service and name of an SRV-ID (RFC 4985 §2), "_imap.example.com"; null for other names.</summary>
    public string? ServiceName
    {
        get
        {
            if (Kind != OtherName)
                return null;
            try
            {
                var fields = new DerReader(Value);
                if (!fields.ReadOid().Span.SequenceEqual(Oids.ServiceName))
                    return null;
                var name = fields.ReadContext(0);
                fields.End();
                var text = name.ReadContent(new Asn1Tag(UniversalTagNumber.IA5String));
                name.End();
                return Ascii.IsValid(text.Span) ? Encoding.ASCII.GetString(text.Span) : null;
            }
            catch (AsnContentException)
            {
                return null;
            }
        }
    }

    /// <summary>Whether it is that name: by its bytes, or as distinguished names are compared.</summary>
    public bool Is(GeneralName other) =>
        Kind == other.Kind && (Value.Span.SequenceEqual(other.Value.Span) || (Kind == DirectoryName && new X501Name(Value).Equals(new X501Name(other.Value))));

    /// <summary>For people.</summary>
    public override string ToString() => Kind switch
    {
        Dns => X501Name.Printable(Text),
        Email => $"e-mail {X501Name.Printable(Text)}",
        Uri => X501Name.Printable(Text),
        IPAddress => AddressText(Value.Span),
        DirectoryName => new X501Name(Value).ToString(),
        OtherName => ServiceName is { } service ? X501Name.Printable(service) : "a name of another kind",
        RegisteredId => $"object identifier {Oids.ToText(Value.Span)}",
        _ => "a name of another kind",
    };

    private static string AddressText(ReadOnlySpan<byte> value) => value.Length switch
    {
        4 or 16 => new IPAddress(value).ToString(),
        8 or 32 => $"{new IPAddress(value[..(value.Length / 2)])}/{new IPAddress(value[(value.Length / 2)..])}",
        _ => $"an address of {value.Length} bytes",
    };
}
