using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace LucidTls.TestSupport;

/// <summary>The extensions of RFC 5280 §4.2, as a test wants them.</summary>
public static class RawExtensions
{
    public const string AuthorityKeyIdentifierOid = "2.5.29.35";
    public const string SubjectKeyIdentifierOid = "2.5.29.14";
    public const string KeyUsageOid = "2.5.29.15";
    public const string AlternativeNamesOid = "2.5.29.17";
    public const string BasicConstraintsOid = "2.5.29.19";
    public const string NameConstraintsOid = "2.5.29.30";
    public const string PoliciesOid = "2.5.29.32";
    public const string ExtendedKeyUsageOid = "2.5.29.37";

    public static RawExtension BasicConstraints(bool isAuthority, int? pathLength = null, bool isCritical = true) => Write(BasicConstraintsOid, isCritical, writer =>
    {
        if (isAuthority)
            writer.WriteBoolean(true);
        if (pathLength is { } length)
            writer.WriteInteger(length);
    });

    public static RawExtension KeyUsage(X509KeyUsageFlags usage) => new(KeyUsageOid, true, new X509KeyUsageExtension(usage, true).RawData);

    public static RawExtension ExtendedKeyUsage(params IReadOnlyList<string> purposes) => Write(ExtendedKeyUsageOid, false, writer =>
    {
        foreach (var purpose in purposes)
            writer.WriteObjectIdentifier(purpose);
    });

    public static RawExtension SubjectKeyIdentifier(byte[] identifier, bool isCritical = false)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteOctetString(identifier);
        return new RawExtension(SubjectKeyIdentifierOid, isCritical, writer.Encode());
    }

    public static RawExtension AuthorityKeyIdentifier(byte[] identifier, bool isCritical = false) =>
        Write(AuthorityKeyIdentifierOid, isCritical, writer => writer.WriteOctetString(identifier, Context(0)));

    /// <summary>Names: "dns:a.example", "ip:192.0.2.1", "mail:a@b.example", "uri:https://a.example/", "srv:_imap.a.example", "dir:CN=a".</summary>
    public static RawExtension AlternativeNames(IReadOnlyList<string> names, bool isCritical = false) => Write(AlternativeNamesOid, isCritical, writer =>
    {
        foreach (var name in names)
            WriteName(writer, name, isSubtree: false);
    });

    /// <summary>Subtrees as names are written, with "ip:192.0.2.0/24" for a range.</summary>
    public static RawExtension NameConstraints(IReadOnlyList<string> permitted, IReadOnlyList<string>? excluded = null, bool isCritical = true) => Write(NameConstraintsOid, isCritical, writer =>
    {
        WriteSubtrees(writer, 0, permitted);
        WriteSubtrees(writer, 1, excluded ?? []);
    });

    public static RawExtension Policies(params IReadOnlyList<string> policies) => Write(PoliciesOid, false, writer =>
    {
        foreach (var policy in policies)
        {
            using (writer.PushSequence())
                writer.WriteObjectIdentifier(policy);
        }
    });

    public static RawExtension PolicyMappings(params IReadOnlyList<(string From, string To)> mappings) => Write("2.5.29.33", true, writer =>
    {
        foreach (var (from, to) in mappings)
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(from);
                writer.WriteObjectIdentifier(to);
            }
        }
    });

    public static RawExtension PolicyConstraints(int? requireExplicitPolicy = null, int? inhibitPolicyMapping = null) => Write("2.5.29.36", true, writer =>
    {
        if (requireExplicitPolicy is { } require)
            writer.WriteInteger(require, Context(0));
        if (inhibitPolicyMapping is { } inhibit)
            writer.WriteInteger(inhibit, Context(1));
    });

    public static RawExtension InhibitAnyPolicy(int skip)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteInteger(skip);
        return new RawExtension("2.5.29.54", true, writer.Encode());
    }

    private static RawExtension Write(string oid, bool isCritical, Action<AsnWriter> write)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
            write(writer);
        return new RawExtension(oid, isCritical, writer.Encode());
    }

    private static void WriteSubtrees(AsnWriter writer, int tag, IReadOnlyList<string> names)
    {
        if (names.Count == 0)
            return;
        using (writer.PushSequence(Context(tag)))
        {
            foreach (var name in names)
            {
                using (writer.PushSequence())
                    WriteName(writer, name, isSubtree: true);
            }
        }
    }

    // RFC 5280 §4.2.1.6: GeneralName
    private static void WriteName(AsnWriter writer, string name, bool isSubtree)
    {
        var text = name[(name.IndexOf(':') + 1)..];
        switch (name[..name.IndexOf(':')])
        {
            case "dns":
                writer.WriteCharacterString(UniversalTagNumber.IA5String, text, Context(2));
                break;
            case "mail":
                writer.WriteCharacterString(UniversalTagNumber.IA5String, text, Context(1));
                break;
            case "uri":
                writer.WriteCharacterString(UniversalTagNumber.IA5String, text, Context(6));
                break;
            case "ip":
                writer.WriteOctetString(isSubtree ? Range(IPNetwork.Parse(text)) : IPAddress.Parse(text).GetAddressBytes(), Context(7));
                break;
            case "dir":
                using (writer.PushSequence(Context(4)))
                    writer.WriteEncodedValue(new X500DistinguishedName(text).RawData);
                break;
            case "srv":
                // RFC 4985 §2: otherName with id-on-dnsSRV
                using (writer.PushSequence(Context(0)))
                {
                    writer.WriteObjectIdentifier("1.3.6.1.5.5.7.8.7");
                    using (writer.PushSequence(Context(0)))
                        writer.WriteCharacterString(UniversalTagNumber.IA5String, text);
                }
                break;
            default:
                throw new ArgumentException($"\"{name}\" has no known kind.", nameof(name));
        }
    }

    private static byte[] Range(IPNetwork network)
    {
        var address = network.BaseAddress.GetAddressBytes();
        var range = new byte[2 * address.Length];
        address.CopyTo(range, 0);
        for (var bit = 0; bit < network.PrefixLength; bit++)
            range[address.Length + (bit / 8)] |= (byte)(0x80 >> (bit % 8));
        return range;
    }

    private static Asn1Tag Context(int number) => new(TagClass.ContextSpecific, number);
}
