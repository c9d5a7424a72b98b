using System.Formats.Asn1;
using LucidTls.Cryptography;

namespace LucidTls.Certificates;

/// <summary>One extension: its identifier, whether it must be understood, its value.</summary>
internal readonly record struct CertificateExtension(string Oid, bool IsCritical, ReadOnlyMemory<byte> Value);

/// <summary>An X.509 certificate taken apart (RFC 5280 §4.1). The slices refer to its bytes.</summary>
internal sealed class Certificate
{
    private const int MostBytes = 64 * 1024;
    private const int MostExtensions = 64;

    private readonly CertificateExtension[] _extensions;
    private CertificateFacts? _facts;

    private Certificate(ReadOnlyMemory<byte> der)
    {
        Der = der;
        var outer = new DerReader(der);
        var certificate = outer.ReadSequence();
        outer.End();
        Signed = certificate.ReadEncoded();
        SignatureAlgorithm = certificate.ReadEncoded();
        // Here, where malformed input is expected: what is decoded later must not fail.
        SignatureScheme = CertificateSignature.SchemeOf(SignatureAlgorithm);
        Signature = certificate.ReadBitString(out var unusedBits);
        certificate.End();
        if (unusedBits != 0)
            throw new AsnContentException();

        var signed = new DerReader(Signed);
        var fields = signed.ReadSequence();
        Version = fields.NextIsContext(0) ? ReadVersion(fields.ReadContext(0)) : 1;
        Serial = fields.ReadIntegerBytes();
        var inner = fields.ReadEncoded();
        // RFC 5280 §4.1.1.2: the two algorithm identifiers must be the same.
        if (!inner.Span.SequenceEqual(SignatureAlgorithm.Span))
            throw new AsnContentException();
        Issuer = fields.ReadEncoded();
        var validity = fields.ReadSequence();
        NotBefore = validity.ReadTime();
        NotAfter = validity.ReadTime();
        validity.End();
        Subject = fields.ReadEncoded();
        SubjectPublicKeyInfo = fields.ReadEncoded();
        // RFC 5280 §4.1.2.8: the unique identifiers came with version 2 and nobody uses them.
        if (fields.NextIsContext(1))
            fields.ReadContextContent(1);
        if (fields.NextIsContext(2))
            fields.ReadContextContent(2);
        _extensions = fields.NextIsContext(3) ? ReadExtensions(fields.ReadContext(3)) : [];
        fields.End();
        if (_extensions.Length > 0 && Version != 3)
            throw new AsnContentException();
    }

    public ReadOnlyMemory<byte> Der { get; }

    /// <summary>What the signature covers.</summary>
    public ReadOnlyMemory<byte> Signed { get; }
    public ReadOnlyMemory<byte> SignatureAlgorithm { get; }

    /// <summary>What the algorithm stands for; null when it is unknown or refused.</summary>
    public SignatureScheme? SignatureScheme { get; }
    public ReadOnlyMemory<byte> Signature { get; }
    public int Version { get; }
    public ReadOnlyMemory<byte> Serial { get; }
    public ReadOnlyMemory<byte> Issuer { get; }
    public ReadOnlyMemory<byte> Subject { get; }
    public DateTimeOffset NotBefore { get; }
    public DateTimeOffset NotAfter { get; }
    public ReadOnlyMemory<byte> SubjectPublicKeyInfo { get; }
    public IReadOnlyList<CertificateExtension> Extensions => _extensions;

    public bool IsSelfIssued => Issuer.Span.SequenceEqual(Subject.Span);

    /// <summary>What the extensions say, decoded when first asked for.</summary>
    /// <exception cref="AsnContentException">One of them is malformed.</exception>
    public CertificateFacts Facts => _facts ??= new CertificateFacts(this);

    /// <returns>The certificate, or null when it is not exactly one in strict DER.</returns>
    public static Certificate? TryParse(ReadOnlyMemory<byte> der)
    {
        if (der.Length > MostBytes)
            return null;
        try
        {
            var certificate = new Certificate(der);
            _ = certificate.Facts;
            return certificate;
        }
        catch (AsnContentException)
        {
            return null;
        }
    }

    /// <summary>The public key, imported once for all certificates that have it; null when it cannot be used.</summary>
    public VerificationKey? PublicKey
    {
        get
        {
            try
            {
                return VerificationKeyCache.Shared.GetOrImport(SubjectPublicKeyInfo.Span);
            }
            catch (System.Security.Cryptography.CryptographicException)
            {
                return null;
            }
        }
    }

    public override string ToString() => DistinguishedName.ToText(Subject);

    private static int ReadVersion(DerReader reader)
    {
        var version = reader.ReadSmallInteger();
        reader.End();
        // RFC 5280 §4.1.2.1: v1 is the default and may not be written in DER.
        return version is 1 or 2 ? version + 1 : throw new AsnContentException();
    }

    private static CertificateExtension[] ReadExtensions(DerReader reader)
    {
        var list = reader.ReadSequence();
        reader.End();
        var extensions = new List<CertificateExtension>(10);
        while (!list.IsEmpty)
        {
            if (extensions.Count == MostExtensions)
                throw new AsnContentException();
            var item = list.ReadSequence();
            var oid = item.ReadOid();
            var isCritical = item.NextIs(Asn1Tag.Boolean) && (item.ReadBoolean() ? true : throw new AsnContentException());
            var value = item.ReadOctetString();
            item.End();
            // RFC 5280 §4.2: no extension twice.
            foreach (var seen in extensions)
            {
                if (seen.Oid == oid)
                    throw new AsnContentException();
            }
            extensions.Add(new CertificateExtension(oid, isCritical, value));
        }
        return extensions.Count > 0 ? [.. extensions] : throw new AsnContentException();
    }
}
