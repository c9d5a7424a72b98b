using System.Formats.Asn1;

namespace LucidTls.Certificates.Parsing;

/// <summary>Bundles of certificates in PKCS#7: SignedData in which nothing is signed (RFC 5652 §5, "certs-only").</summary>
internal static class Pkcs7
{
    private const string SignedData = "1.2.840.113549.1.7.2";
    private const int MostCertificates = 256;

    private static readonly Asn1Tag Context0 = new(TagClass.ContextSpecific, 0, isConstructed: true);

    /// <summary>Whether the bytes begin as a ContentInfo does and a certificate does not.</summary>
    public static bool IsLikely(ReadOnlyMemory<byte> encoded)
    {
        try
        {
            return new AsnReader(encoded, AsnEncodingRules.BER).ReadSequence().PeekTag() == Asn1Tag.ObjectIdentifier;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    /// <summary>The certificates, each as it stands, in no order that means anything.</summary>
    /// <exception cref="FormatException">It is no such bundle, or has no certificate.</exception>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Certificates(ReadOnlyMemory<byte> encoded)
    {
        try
        {
            // RFC 5652 §5.1: the outer structure may be BER; certificates are DER in any case.
            var outer = new AsnReader(encoded, AsnEncodingRules.BER);
            var info = outer.ReadSequence();
            outer.ThrowIfNotEmpty();
            if (info.ReadObjectIdentifier() != SignedData)
                throw new FormatException("The PKCS#7 is not SignedData, which bundles of certificates are.");
            var signedData = info.ReadSequence(Context0).ReadSequence();
            signedData.ReadInteger();
            signedData.ReadSetOf(skipSortOrderValidation: true);
            signedData.ReadSequence();
            return ReadCertificates(signedData);
        }
        catch (AsnContentException exception)
        {
            throw new FormatException("The PKCS#7 is malformed.", exception);
        }
    }

    private static List<ReadOnlyMemory<byte>> ReadCertificates(AsnReader signedData)
    {
        var certificates = new List<ReadOnlyMemory<byte>>();
        if (signedData.HasData && signedData.PeekTag().HasSameClassAndValue(Context0))
        {
            var set = signedData.ReadSetOf(skipSortOrderValidation: true, Context0);
            while (set.HasData)
            {
                if (certificates.Count == MostCertificates)
                    throw new FormatException($"The PKCS#7 has more than {MostCertificates} certificates.");
                // CertificateChoices: what is not a certificate has a context-specific tag and is passed over.
                var isCertificate = set.PeekTag() == Asn1Tag.Sequence;
                var item = set.ReadEncodedValue();
                if (isCertificate)
                    certificates.Add(item);
            }
        }
        return certificates.Count > 0 ? certificates : throw new FormatException("There is no certificate in the PKCS#7.");
    }
}
