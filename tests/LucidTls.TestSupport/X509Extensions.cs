using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace LucidTls.TestSupport;

/// <summary>Extensions about revocation that the platform has no builder for.</summary>
public static class X509Extensions
{
    /// <summary>ReasonFlags (RFC 5280 §4.2.1.13).</summary>
    [Flags]
    public enum Reasons
    {
        Unused = 1,
        KeyCompromise = 2,
        CACompromise = 4,
        AffiliationChanged = 8,
        Superseded = 16,
        CessationOfOperation = 32,
        CertificateHold = 64,
        PrivilegeWithdrawn = 128,
        AACompromise = 256,
        AllOthers = CACompromise | AffiliationChanged | Superseded | CessationOfOperation | CertificateHold | PrivilegeWithdrawn | AACompromise,
    }

    /// <summary>A deltaCRLIndicator.</summary>
    public static X509Extension DeltaFrom(int baseNumber, bool critical = true)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteInteger(baseNumber);
        return new X509Extension("2.5.29.27", writer.Encode(), critical);
    }

    /// <summary>A freshestCRL, for certificates and lists.</summary>
    public static X509Extension DeltasAt(string address) => new("2.5.29.46", DistributionPoints(address, null, null).RawData, critical: false);

    public static X509Extension DistributionPoints(string? address, Reasons? reasons, X500DistinguishedName? crlIssuer)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence())
        {
            if (address != null)
                WriteName(writer, address);
            if (reasons is { } flags)
                writer.WriteNamedBitList(flags, new Asn1Tag(TagClass.ContextSpecific, 1));
            if (crlIssuer != null)
            {
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 2)))
                    WriteDirectoryName(writer, crlIssuer);
            }
        }
        return new X509Extension("2.5.29.31", writer.Encode(), critical: false);
    }

    /// <summary>An issuingDistributionPoint.</summary>
    /// <param name="address">Its full name; null for none.</param>
    /// <param name="flag">Which of the BOOLEANs is true, by tag number; null for none.</param>
    /// <param name="reasons">onlySomeReasons; null for all.</param>
    public static X509Extension Scope(string? address = null, int? flag = null, Reasons? reasons = null)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            if (address != null)
                WriteName(writer, address);
            if (flag < 3)
                writer.WriteBoolean(true, new Asn1Tag(TagClass.ContextSpecific, flag.Value));
            if (reasons is { } flags)
                writer.WriteNamedBitList(flags, new Asn1Tag(TagClass.ContextSpecific, 3));
            if (flag > 3)
                writer.WriteBoolean(true, new Asn1Tag(TagClass.ContextSpecific, flag.Value));
        }
        return new X509Extension("2.5.29.28", writer.Encode(), critical: true);
    }

    // DistributionPointName, a CHOICE and so tagged explicitly: [0] with [0] fullName, a URI or "dir:CN=name", or with [1] nameRelativeToCRLIssuer, "rel:CN=name".
    private static void WriteName(AsnWriter writer, string name)
    {
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
        {
            var isRelative = name.StartsWith("rel:", StringComparison.Ordinal);
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, isRelative ? 1 : 0)))
            {
                if (isRelative)
                    writer.WriteEncodedValue(new AsnReader(new X500DistinguishedName(name[4..]).RawData, AsnEncodingRules.DER).ReadSequence().ReadSetOf().ReadEncodedValue().Span);
                else if (name.StartsWith("dir:", StringComparison.Ordinal))
                    WriteDirectoryName(writer, new X500DistinguishedName(name[4..]));
                else
                    writer.WriteCharacterString(UniversalTagNumber.IA5String, name, new Asn1Tag(TagClass.ContextSpecific, 6));
            }
        }
    }

    private static void WriteDirectoryName(AsnWriter writer, X500DistinguishedName name)
    {
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 4)))
            writer.WriteEncodedValue(name.RawData);
    }
}
