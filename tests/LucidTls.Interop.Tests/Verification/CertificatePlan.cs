using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace LucidTls.Interop.Tests.Verification;

/// <summary>What a certificate of a mutated chain shall look like. The plan is what a mutation changes; signing comes last.</summary>
internal sealed record CertificatePlan
{
    public const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    public const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    public const string CodeSigning = "1.3.6.1.5.5.7.3.3";
    public const string AnyUsage = "2.5.29.37.0";

    private const string UnknownExtension = "1.3.6.1.4.1.99999.7";

    public required string Subject { get; init; }

    /// <summary>The issuer's name; null for the name that the issuer has.</summary>
    public string? Issuer { get; init; }
    public required ECDsa Key { get; init; }
    public int FromDays { get; init; } = -10;
    public int ToDays { get; init; } = 90;

    /// <summary>Null leaves basic constraints away.</summary>
    public bool? IsAuthority { get; init; }
    public int? PathLength { get; init; }

    /// <summary>Null leaves key usage away.</summary>
    public X509KeyUsageFlags? KeyUsage { get; init; }
    public IReadOnlyList<string>? ExtendedKeyUsages { get; init; }
    public IReadOnlyList<string> Names { get; init; } = [];
    public IReadOnlyList<string> PermittedNames { get; init; } = [];
    public IReadOnlyList<string> ExcludedNames { get; init; } = [];
    public bool? HasUnknownExtension { get; init; }
    public bool HasForeignAuthorityKeyIdentifier { get; init; }
    public bool IsSignatureBroken { get; init; }
    public bool IsSignedByStranger { get; init; }

    public byte[] Make(CertificatePlan issuer, ECDsa stranger)
    {
        var request = new CertificateRequest(Subject, Key, HashAlgorithmName.SHA256);
        if (IsAuthority is { } isAuthority)
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, PathLength != null, PathLength ?? 0, true));
        if (KeyUsage is { } usage)
            request.CertificateExtensions.Add(new X509KeyUsageExtension(usage, true));
        if (ExtendedKeyUsages is { } purposes)
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. purposes.Select(purpose => new Oid(purpose))], false));
        if (Names.Count > 0)
            request.CertificateExtensions.Add(AlternativeNames());
        if (PermittedNames.Count + ExcludedNames.Count > 0)
            request.CertificateExtensions.Add(new X509Extension("2.5.29.30", NameConstraints(), critical: true));
        if (HasUnknownExtension is { } isCritical)
            request.CertificateExtensions.Add(new X509Extension(UnknownExtension, [5, 0], isCritical));
        var identified = HasForeignAuthorityKeyIdentifier ? stranger : issuer.Key;
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(new X509SubjectKeyIdentifierExtension(new PublicKey(identified), false)));
        var now = DateTimeOffset.UtcNow;
        var signer = X509SignatureGenerator.CreateForECDsa(IsSignedByStranger ? stranger : issuer.Key);
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)(serial[0] & 0x7F | 0x40);
        using var certificate = request.Create(new X500DistinguishedName(Issuer ?? issuer.Subject), signer, now.AddDays(FromDays), now.AddDays(ToDays), serial);
        var der = certificate.RawData;
        // The last byte is the end of the signature's second number.
        if (IsSignatureBroken)
            der[^1] ^= 1;
        return der;
    }

    private X509Extension AlternativeNames()
    {
        var builder = new SubjectAlternativeNameBuilder();
        foreach (var name in Names)
        {
            if (IPAddress.TryParse(name, out var address))
                builder.AddIpAddress(address);
            else
                builder.AddDnsName(name);
        }
        return builder.Build();
    }

    // RFC 5280 §4.2.1.10
    private byte[] NameConstraints()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            Subtrees(writer, 0, PermittedNames);
            Subtrees(writer, 1, ExcludedNames);
        }
        return writer.Encode();
    }

    private static void Subtrees(AsnWriter writer, int tag, IReadOnlyList<string> names)
    {
        if (names.Count == 0)
            return;
        using var subtrees = writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, tag));
        foreach (var name in names)
        {
            using var subtree = writer.PushSequence();
            if (IPNetwork.TryParse(name, out var network))
                writer.WriteOctetString([.. network.BaseAddress.GetAddressBytes(), .. Mask(network)], new Asn1Tag(TagClass.ContextSpecific, 7));
            else
                writer.WriteCharacterString(UniversalTagNumber.IA5String, name, new Asn1Tag(TagClass.ContextSpecific, 2));
        }
    }

    private static byte[] Mask(IPNetwork network)
    {
        var mask = new byte[network.BaseAddress.GetAddressBytes().Length];
        for (var bit = 0; bit < network.PrefixLength; bit++)
            mask[bit / 8] |= (byte)(0x80 >> (bit % 8));
        return mask;
    }
}
