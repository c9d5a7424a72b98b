namespace LucidTls.Certificates.Parsing;

/// <summary>Object identifiers by the content of their DER, so that comparing makes no strings.</summary>
internal static class Oids
{
    // Extensions: RFC 5280 §4.2, and RFC 7633, RFC 6962, RFC 6960 for the last ones.
    public static ReadOnlySpan<byte> SubjectKeyIdentifier => [0x55, 0x1D, 0x0E];
    public static ReadOnlySpan<byte> KeyUsage => [0x55, 0x1D, 0x0F];
    public static ReadOnlySpan<byte> SubjectAlternativeName => [0x55, 0x1D, 0x11];
    public static ReadOnlySpan<byte> IssuerAlternativeName => [0x55, 0x1D, 0x12];
    public static ReadOnlySpan<byte> BasicConstraints => [0x55, 0x1D, 0x13];
    public static ReadOnlySpan<byte> CrlNumber => [0x55, 0x1D, 0x14];
    public static ReadOnlySpan<byte> ReasonCode => [0x55, 0x1D, 0x15];
    public static ReadOnlySpan<byte> InvalidityDate => [0x55, 0x1D, 0x18];
    public static ReadOnlySpan<byte> DeltaCrlIndicator => [0x55, 0x1D, 0x1B];
    public static ReadOnlySpan<byte> IssuingDistributionPoint => [0x55, 0x1D, 0x1C];
    public static ReadOnlySpan<byte> CertificateIssuer => [0x55, 0x1D, 0x1D];
    public static ReadOnlySpan<byte> NameConstraints => [0x55, 0x1D, 0x1E];
    public static ReadOnlySpan<byte> CrlDistributionPoints => [0x55, 0x1D, 0x1F];
    public static ReadOnlySpan<byte> CertificatePolicies => [0x55, 0x1D, 0x20];
    public static ReadOnlySpan<byte> AnyPolicy => [0x55, 0x1D, 0x20, 0x00];
    public static ReadOnlySpan<byte> PolicyMappings => [0x55, 0x1D, 0x21];
    public static ReadOnlySpan<byte> AuthorityKeyIdentifier => [0x55, 0x1D, 0x23];
    public static ReadOnlySpan<byte> PolicyConstraints => [0x55, 0x1D, 0x24];
    public static ReadOnlySpan<byte> ExtendedKeyUsage => [0x55, 0x1D, 0x25];
    public static ReadOnlySpan<byte> AnyExtendedKeyUsage => [0x55, 0x1D, 0x25, 0x00];
    public static ReadOnlySpan<byte> FreshestCrl => [0x55, 0x1D, 0x2E];
    public static ReadOnlySpan<byte> InhibitAnyPolicy => [0x55, 0x1D, 0x36];
    public static ReadOnlySpan<byte> AuthorityInformationAccess => [0x2B, 6, 1, 5, 5, 7, 1, 1];
    public static ReadOnlySpan<byte> TlsFeature => [0x2B, 6, 1, 5, 5, 7, 1, 0x18];
    public static ReadOnlySpan<byte> OcspNoCheck => [0x2B, 6, 1, 5, 5, 7, 0x30, 1, 5];
    public static ReadOnlySpan<byte> OcspNonce => [0x2B, 6, 1, 5, 5, 7, 0x30, 1, 2];
    public static ReadOnlySpan<byte> CertificateTimestamps => [0x2B, 6, 1, 4, 1, 0xD6, 0x79, 2, 4, 2];
    public static ReadOnlySpan<byte> PrecertificatePoison => [0x2B, 6, 1, 4, 1, 0xD6, 0x79, 2, 4, 3];
    public static ReadOnlySpan<byte> OcspTimestamps => [0x2B, 6, 1, 4, 1, 0xD6, 0x79, 2, 4, 5];

    // Extended key usages: RFC 5280 §4.2.1.12.
    public static ReadOnlySpan<byte> ServerAuthentication => [0x2B, 6, 1, 5, 5, 7, 3, 1];
    public static ReadOnlySpan<byte> ClientAuthentication => [0x2B, 6, 1, 5, 5, 7, 3, 2];
    public static ReadOnlySpan<byte> OcspSigning => [0x2B, 6, 1, 5, 5, 7, 3, 9];

    // Access methods, other names, response types.
    public static ReadOnlySpan<byte> OcspAccess => [0x2B, 6, 1, 5, 5, 7, 0x30, 1];
    public static ReadOnlySpan<byte> IssuersAccess => [0x2B, 6, 1, 5, 5, 7, 0x30, 2];
    public static ReadOnlySpan<byte> BasicOcspResponse => [0x2B, 6, 1, 5, 5, 7, 0x30, 1, 1];
    public static ReadOnlySpan<byte> ServiceName => [0x2B, 6, 1, 5, 5, 7, 8, 7];
    public static ReadOnlySpan<byte> SignedData => [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 2];

    // Attributes of names: X.520, RFC 5280 §4.1.2.6.
    public static ReadOnlySpan<byte> CommonName => [0x55, 4, 3];
    public static ReadOnlySpan<byte> EmailAddress => [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 1];

    // Keys and curves: RFC 3279, RFC 4055, RFC 5480, RFC 8410, RFC 9881.
    public static ReadOnlySpan<byte> Rsa => [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1];
    public static ReadOnlySpan<byte> RsaPss => [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 0x0A];
    public static ReadOnlySpan<byte> Ec => [0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1];
    public static ReadOnlySpan<byte> P256 => [0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7];
    public static ReadOnlySpan<byte> P384 => [0x2B, 0x81, 4, 0, 0x22];
    public static ReadOnlySpan<byte> P521 => [0x2B, 0x81, 4, 0, 0x23];
    public static ReadOnlySpan<byte> Ed25519 => [0x2B, 0x65, 0x70];
    public static ReadOnlySpan<byte> MlDsa44 => [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 0x11];
    public static ReadOnlySpan<byte> MlDsa65 => [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 0x12];
    public static ReadOnlySpan<byte> MlDsa87 => [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 0x13];

    // Hashes: for OCSP's CertID.
    public static ReadOnlySpan<byte> Sha1 => [0x2B, 0x0E, 3, 2, 0x1A];
    public static ReadOnlySpan<byte> Sha256 => [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];

    /// <summary>Dotted decimal, for people.</summary>
    public static string ToText(ReadOnlySpan<byte> oid)
    {
        var text = new System.Text.StringBuilder();
        var arc = System.Numerics.BigInteger.Zero;
        foreach (var value in oid)
        {
            arc = (arc << 7) + (value & 0x7F);
            if ((value & 0x80) != 0)
                continue;
            if (text.Length > 0)
                text.Append('.').Append(arc);
            else
                text.Append(arc < 80 ? arc / 40 : 2).Append('.').Append(arc < 80 ? arc % 40 : arc - 80);
            arc = 0;
        }
        return text.ToString();
    }

    /// <summary>The content of an identifier in dotted decimal.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static byte[] FromText(string dotted)
    {
        var writer = new System.Formats.Asn1.AsnWriter(System.Formats.Asn1.AsnEncodingRules.DER);
        writer.WriteObjectIdentifier(dotted);
        return new DerReader(writer.Encode()).ReadOid().ToArray();
    }
}
