using System.Formats.Asn1;

namespace LucidTls.Certificates;

/// <summary>A name inside a certificate: its kind is the tag number of GeneralName (RFC 5280 §4.2.1.6).</summary>
internal readonly record struct GeneralName(int Kind, ReadOnlyMemory<byte> Value)
{
    public const int OtherName = 0;
    public const int Email = 1;
    public const int Dns = 2;
    public const int DirectoryName = 4;
    public const int Uri = 6;
    public const int IPAddress = 7;

    public static GeneralName Read(ref DerReader reader)
    {
        var tag = reader.PeekTag();
        if (tag.TagClass != TagClass.ContextSpecific || tag.TagValue > 8)
            throw new AsnContentException();
        return new GeneralName(tag.TagValue, reader.ReadContent(tag));
    }

    public static IReadOnlyList<GeneralName> ReadList(DerReader reader)
    {
        var names = new List<GeneralName>();
        while (!reader.IsEmpty)
            names.Add(Read(ref reader));
        return names;
    }
}

/// <summary>The key usages of RFC 5280 §4.2.1.3, by bit.</summary>
[Flags]
internal enum KeyUsages
{
    None = 0,
    DigitalSignature = 1 << 0,
    KeyCertSign = 1 << 5,
    CrlSign = 1 << 6,
}

/// <summary>What a certificate's extensions say (RFC 5280 §4.2.1).</summary>
internal sealed class CertificateFacts
{
    public const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    public const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    public const string AnyExtendedKeyUsage = "2.5.29.37.0";

    public CertificateFacts(Certificate certificate)
    {
        foreach (var extension in certificate.Extensions)
        {
            var reader = new DerReader(extension.Value);
            switch (extension.Oid)
            {
                case "2.5.29.14":
                    SubjectKeyIdentifier = reader.ReadOctetString();
                    reader.End();
                    break;
                case "2.5.29.15":
                    KeyUsage = ReadKeyUsage(ref reader);
                    break;
                case "2.5.29.17":
                    AlternativeNames = GeneralName.ReadList(reader.ReadSequence());
                    AlternativeNamesAreCritical = extension.IsCritical;
                    reader.End();
                    // RFC 5280 §4.2.1.6: at least one name.
                    if (AlternativeNames.Count == 0)
                        throw new AsnContentException();
                    break;
                case "2.5.29.19":
                    ReadBasicConstraints(ref reader);
                    BasicConstraintsAreCritical = extension.IsCritical;
                    break;
                case "2.5.29.30":
                    NameConstraints = NameConstraints.Parse(extension.Value);
                    NameConstraintsAreCritical = extension.IsCritical;
                    break;
                case "2.5.29.35":
                    ReadAuthorityKeyIdentifier(ref reader);
                    AuthorityKeyIdentifierIsCritical = extension.IsCritical;
                    break;
                case "2.5.29.37":
                    ExtendedKeyUsages = ReadOids(ref reader);
                    ExtendedKeyUsagesAreCritical = extension.IsCritical;
                    break;
                case "2.5.29.32" or "2.5.29.33" or "2.5.29.36" or "2.5.29.54":
                    // Certificate policies and what constrains them: understood as "any policy is acceptable" (RFC 5280 §6.1.1 with
                    // the initial policy set any-policy), so only an explicit demand for policies can fail; it is refused here.
                    if (extension.Oid == "2.5.29.36" && extension.IsCritical)
                        UnknownCritical = extension.Oid;
                    break;
                default:
                    if (extension.IsCritical)
                        UnknownCritical ??= extension.Oid;
                    break;
            }
        }
    }

    public ReadOnlyMemory<byte>? SubjectKeyIdentifier { get; }
    public ReadOnlyMemory<byte>? AuthorityKeyIdentifier { get; private set; }
    public bool AuthorityKeyIdentifierIsCritical { get; }
    public KeyUsages? KeyUsage { get; }
    public IReadOnlyList<GeneralName> AlternativeNames { get; } = [];
    public bool AlternativeNamesAreCritical { get; }
    public bool HasBasicConstraints { get; private set; }
    public bool BasicConstraintsAreCritical { get; }
    public bool IsAuthority { get; private set; }
    public int? PathLength { get; private set; }
    public NameConstraints? NameConstraints { get; }
    public bool NameConstraintsAreCritical { get; }
    public IReadOnlyList<string>? ExtendedKeyUsages { get; }
    public bool ExtendedKeyUsagesAreCritical { get; }

    /// <summary>The first critical extension that is not understood, or null.</summary>
    public string? UnknownCritical { get; }

    private static KeyUsages ReadKeyUsage(ref DerReader reader)
    {
        var bits = reader.ReadBitString(out _);
        reader.End();
        var usage = 0;
        // Bit 0 is the highest of the first byte.
        for (var i = 0; i < bits.Length * 8 && i < 16; i++)
            usage |= (bits.Span[i / 8] >> (7 - i % 8) & 1) << i;
        // RFC 5280 §4.2.1.3: "at least one of the bits MUST be set to 1".
        return usage != 0 ? (KeyUsages)usage : throw new AsnContentException();
    }

    private void ReadBasicConstraints(ref DerReader reader)
    {
        var fields = reader.ReadSequence();
        reader.End();
        HasBasicConstraints = true;
        // FALSE is the default and may not be written in DER; enough authorities write it that it is let pass.
        IsAuthority = fields.NextIs(Asn1Tag.Boolean) && fields.ReadBoolean();
        if (!fields.IsEmpty)
        {
            PathLength = fields.ReadSmallInteger();
            if (PathLength < 0)
                throw new AsnContentException();
        }
        fields.End();
    }

    private void ReadAuthorityKeyIdentifier(ref DerReader reader)
    {
        var fields = reader.ReadSequence();
        reader.End();
        if (fields.NextIsContext(0))
            AuthorityKeyIdentifier = fields.ReadContextContent(0);
        if (fields.NextIsContext(1))
            fields.ReadContextContent(1);
        if (fields.NextIsContext(2))
            fields.ReadContextContent(2);
        fields.End();
    }

    private static List<string> ReadOids(ref DerReader reader)
    {
        var list = reader.ReadSequence();
        reader.End();
        var oids = new List<string>();
        while (!list.IsEmpty)
            oids.Add(list.ReadOid());
        return oids.Count > 0 ? oids : throw new AsnContentException();
    }
}
