using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace LucidTls.Cli.Trust;

/// <summary>
/// The names an authority may vouch for (RFC 5280 §4.2.1.10). Whoever steals the key of a private CA so constrained can impersonate
/// this machine to itself and nobody else.
/// </summary>
internal static class NameConstraints
{
    private const string Oid = "2.5.29.30";
    private static readonly Asn1Tag Permitted = new(TagClass.ContextSpecific, 0, isConstructed: true);
    private static readonly Asn1Tag DnsName = new(TagClass.ContextSpecific, 2);
    private static readonly Asn1Tag IPAddressTag = new(TagClass.ContextSpecific, 7);

    /// <summary>Permits these DNS names with all below them, and these networks (address and prefix length in bits).</summary>
    public static X509Extension Permit(IEnumerable<string> dnsNames, IEnumerable<IPNetwork> networks)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence(Permitted))
        {
            foreach (var name in dnsNames)
            {
                using (writer.PushSequence())
                    writer.WriteCharacterString(UniversalTagNumber.IA5String, name, DnsName);
            }
            foreach (var network in networks)
            {
                using (writer.PushSequence())
                    writer.WriteOctetString([.. network.BaseAddress.GetAddressBytes(), .. Mask(network)], IPAddressTag);
            }
        }
        // "Conforming CAs MUST mark this extension as critical"
        return new X509Extension(Oid, writer.Encode(), critical: true);
    }

    /// <summary>Whether that DNS name is permitted by an authority that <see cref="Permit"/> constrained.</summary>
    public static bool Permits(X509Certificate2 authority, string dnsName) =>
        authority.Extensions[Oid] is not { } extension || PermittedDnsNames(extension).Any(permitted =>
            dnsName.Equals(permitted, StringComparison.OrdinalIgnoreCase) || dnsName.EndsWith("." + permitted, StringComparison.OrdinalIgnoreCase));

    private static List<string> PermittedDnsNames(X509Extension extension)
    {
        var names = new List<string>();
        try
        {
            var subtrees = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence().ReadSequence(Permitted);
            while (subtrees.HasData)
            {
                var subtree = subtrees.ReadSequence();
                if (subtree.PeekTag() == DnsName)
                    names.Add(subtree.ReadCharacterString(UniversalTagNumber.IA5String, DnsName));
            }
        }
        catch (AsnContentException failure)
        {
            throw new CryptographicException("The authority's name constraints cannot be read.", failure);
        }
        return names;
    }

    private static byte[] Mask(IPNetwork network)
    {
        var mask = new byte[network.BaseAddress.GetAddressBytes().Length];
        for (var bit = 0; bit < network.PrefixLength; bit++)
            mask[bit / 8] |= (byte)(0x80 >> (bit % 8));
        return mask;
    }
}
