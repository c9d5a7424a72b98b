using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Security.Cryptography;
using LucidTls.Cryptography;

namespace LucidTls.Certificates.Parsing;

/// <summary>
/// An X.509 certificate taken apart (RFC 5280 §4.1); the slices refer to <see cref="Der"/>. What the extensions say is decoded when it is
/// first asked for. Immutable to its users, so that threads may share one.
/// </summary>
internal sealed class Certificate
{
    private const int MostBytes = 64 * 1024;
    private const int MostSigners = 4;

    private CertificateFacts? _facts;
    private PublicKeyFacts? _keyFacts;
    private ReadOnlyMemory<byte>[] _signers = [];

    // The part is named as reading goes on, to say which one is malformed.
    private Certificate(ReadOnlyMemory<byte> der, ref string part)
    {
        Der = der;
        var outer = new DerReader(der);
        var certificate = outer.ReadSequence();
        outer.End();
        Signed = certificate.ReadEncoded();
        SignatureAlgorithm = certificate.ReadEncoded();
        Signature = certificate.ReadBitString(out var unusedBits);
        certificate.End();
        if (unusedBits != 0)
            throw new AsnContentException();

        var signed = new DerReader(Signed);
        var fields = signed.ReadSequence();
        part = "version";
        Version = fields.NextIsContext(0) ? ReadVersion(fields.ReadContext(0)) : 1;
        part = "serial number";
        Serial = fields.ReadIntegerBytes();
        part = "signature algorithm";
        new DerReader(SignatureAlgorithm).ReadSequence().ReadOid();
        // RFC 5280 §4.1.1.2: the two algorithm identifiers must be the same.
        SignatureAlgorithmsAgree = fields.ReadEncoded().Span.SequenceEqual(SignatureAlgorithm.Span);
        part = "issuer";
        Issuer = new X501Name(fields.ReadEncoded());
        part = "validity";
        var validity = fields.ReadSequence();
        NotBefore = validity.ReadTime(out var isShortest);
        NotAfter = validity.ReadTime(out var isShortestToo);
        HasShortestTimes = isShortest && isShortestToo;
        validity.End();
        part = "subject";
        var subject = fields.ReadEncoded();
        Subject = subject.Span.SequenceEqual(Issuer.Encoded.Span) ? Issuer : new X501Name(subject);
        part = "public key";
        SubjectPublicKeyInfo = fields.ReadEncoded();
        part = "unique identifier";
        for (var number = 1; number <= 2; number++)
        {
            if (!fields.NextIsContext(number))
                continue;
            fields.ReadContextPrimitive(number);
            HasUniqueIdentifiers = true;
        }
        part = "list of extensions";
        Extensions = fields.NextIsContext(3) ? CertificateExtension.ReadList(fields.ReadContext(3)) : [];
        fields.End();
    }

    public ReadOnlyMemory<byte> Der { get; }

    /// <summary>What the signature covers.</summary>
    public ReadOnlyMemory<byte> Signed { get; }
    public ReadOnlyMemory<byte> SignatureAlgorithm { get; }
    public bool SignatureAlgorithmsAgree { get; }
    public ReadOnlyMemory<byte> Signature { get; }
    public int Version { get; }

    /// <summary>The content of the INTEGER, big-endian with its sign.</summary>
    public ReadOnlyMemory<byte> Serial { get; }
    public X501Name Issuer { get; }
    public X501Name Subject { get; }
    public DateTimeOffset NotBefore { get; }
    public DateTimeOffset NotAfter { get; }

    /// <summary>RFC 5280 §4.1.2.5: dates through 2049 are a UTCTime.</summary>
    public bool HasShortestTimes { get; }
    public ReadOnlyMemory<byte> SubjectPublicKeyInfo { get; }
    public bool HasUniqueIdentifiers { get; }
    public IReadOnlyList<CertificateExtension> Extensions { get; }

    public bool IsSelfIssued => ReferenceEquals(Issuer, Subject) || Issuer.Equals(Subject);

    /// <summary>What the extensions say.</summary>
    public CertificateFacts Facts => _facts ??= new CertificateFacts(this);

    /// <summary>Kind and size of the public key, without importing it.</summary>
    public PublicKeyFacts KeyFacts => _keyFacts ??= PublicKeyFacts.Of(SubjectPublicKeyInfo);

    /// <summary>The public key, imported once for all certificates that have it; null when it cannot be used.</summary>
    public VerificationKey? PublicKey
    {
        get
        {
            try
            {
                return VerificationKeyCache.Shared.GetOrImport(SubjectPublicKeyInfo.Span);
            }
            catch (CryptographicException)
            {
                return null;
            }
        }
    }

    /// <param name="der">What shall be one certificate; it is not copied and must not change.</param>
    /// <param name="certificate">The certificate.</param>
    /// <param name="problem">What is malformed, in words.</param>
    public static bool TryParse(ReadOnlyMemory<byte> der, [NotNullWhen(true)] out Certificate? certificate, [NotNullWhen(false)] out string? problem)
    {
        certificate = null;
        problem = null;
        if (der.Length > MostBytes)
        {
            problem = $"has {der.Length} bytes; more than {MostBytes} are not read";
            return false;
        }
        var part = "outer structure";
        try
        {
            certificate = new Certificate(der, ref part);
            return true;
        }
        catch (AsnContentException)
        {
            problem = $"is not well-formed DER: its {part} cannot be read";
            return false;
        }
    }

    /// <returns>The certificate, or null when it is not exactly one in strict DER.</returns>
    public static Certificate? TryParse(ReadOnlyMemory<byte> der) => TryParse(der, out var certificate, out _) ? certificate : null;

    /// <summary>Whether it was found before that this key made the signature. That depends on nothing that changes.</summary>
    public bool IsKnownToBeSignedBy(ReadOnlySpan<byte> subjectPublicKeyInfo)
    {
        foreach (var signer in _signers)
        {
            if (signer.Span.SequenceEqual(subjectPublicKeyInfo))
                return true;
        }
        return false;
    }

    /// <summary>Remembers who made the signature. When two threads do so at once one may be forgotten, which costs one check more.</summary>
    public void RememberSigner(ReadOnlyMemory<byte> subjectPublicKeyInfo)
    {
        if (_signers.Length < MostSigners)
            _signers = [.. _signers, subjectPublicKeyInfo];
    }

    public override string ToString()
    {
        if (!Subject.IsEmpty)
            return Subject.ToString();
        return Facts.AlternativeNames.Count > 0 ? $"({Facts.AlternativeNames[0]})" : "(no subject)";
    }

    private static int ReadVersion(DerReader reader)
    {
        var version = reader.ReadSmallInteger();
        reader.End();
        // RFC 5280 §4.1: v1 is the default and may not be written in DER.
        return version is >= 1 and < 100 ? version + 1 : throw new AsnContentException();
    }
}
