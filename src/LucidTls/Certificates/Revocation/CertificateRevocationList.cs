using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Numerics;
using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates.Revocation;

/// <summary>
/// A certificate revocation list (RFC 5280 §5), complete or a delta list, taken apart but not judged: whose it is and whether its issuer
/// signed it is found out for each path. Immutable to its users; verifiers may share one.
/// </summary>
public sealed class CertificateRevocationList
{
    private const int LongestNumber = 20;

    private readonly RevokedEntries _entries;
    private readonly IssuingDistributionPoint? _scope;
    private byte[] _signer = [];
    private byte[] _notSigner = [];

    // The part is named as reading goes on, to say which one is malformed.
    private CertificateRevocationList(ReadOnlyMemory<byte> der, ref string part)
    {
        Der = der;
        var outer = new DerReader(der);
        var list = outer.ReadSequence();
        outer.End();
        Signed = list.ReadEncoded();
        SignatureAlgorithm = list.ReadEncoded();
        Signature = list.ReadBitString(out var unusedBits);
        list.End();
        if (unusedBits != 0)
            throw new AsnContentException();

        var signed = new DerReader(Signed);
        var fields = signed.ReadSequence();
        signed.End();
        part = "version";
        // RFC 5280 §5.1.2.1: "If present, MUST be v2", which is written as 1.
        var isVersion2 = fields.NextIs(Asn1Tag.Integer);
        if (isVersion2 && fields.ReadSmallInteger() != 1)
            throw new AsnContentException();
        part = "signature algorithm";
        new DerReader(SignatureAlgorithm).ReadSequence().ReadOid();
        if (!fields.ReadEncoded().Span.SequenceEqual(SignatureAlgorithm.Span))
            Unusable = "names two different signature algorithms";
        part = "issuer";
        IssuerName = new X501Name(fields.ReadEncoded());
        part = "dates";
        ThisUpdate = fields.ReadTime(out _);
        if (fields.NextIs(Asn1Tag.UtcTime) || fields.NextIs(Asn1Tag.GeneralizedTime))
            NextUpdate = fields.ReadTime(out _);
        part = "entries";
        _entries = new RevokedEntries(fields.NextIs(Asn1Tag.Sequence) ? fields.ReadContent(Asn1Tag.Sequence) : default, IssuerName);
        Unusable ??= _entries.Unusable;
        part = "extensions";
        var known = KnownListExtensions.None;
        if (fields.NextIsContext(0))
            ReadExtensions(fields.ReadContext(0), ref known, ref _scope);
        fields.End();

        // RFC 5280 §5.1.2.5, §5.2.3: both are mandatory.
        if (NextUpdate == null)
            Unusable ??= "does not say when the next one comes";
        if (!known.HasFlag(KnownListExtensions.Number))
            Unusable ??= isVersion2 ? "has no number" : "is of version 1";
        if (_entries.HasRemovals && !IsDelta)
            Unusable ??= "has an entry that is for delta lists";
        if (_entries.HasIssuers && _scope?.IsIndirect != true)
            Unusable ??= "lists certificates of other issuers, and is no indirect list";
    }

    [Flags]
    private enum KnownListExtensions
    {
        None = 0,
        AuthorityKeyIdentifier = 1,
        Number = 2,
        DeltaIndicator = 4,
        Scope = 8,
        FreshestList = 16,
    }

    /// <summary>The list in DER.</summary>
    public ReadOnlyMemory<byte> Der { get; }

    /// <summary>Who issued it, for people.</summary>
    public string Issuer => IssuerName.ToString();

    /// <summary>When it was issued.</summary>
    public DateTimeOffset ThisUpdate { get; }

    /// <summary>When the next one will be there at the latest; null when it does not say, and then the list is not used.</summary>
    public DateTimeOffset? NextUpdate { get; }

    /// <summary>How many certificates it lists.</summary>
    public int Count => _entries.Count;

    internal X501Name IssuerName { get; }
    internal ReadOnlyMemory<byte> Signed { get; }
    internal ReadOnlyMemory<byte> SignatureAlgorithm { get; }
    internal ReadOnlyMemory<byte> Signature { get; }

    /// <summary>The keyIdentifier of the authority key identifier; empty when there is none.</summary>
    internal ReadOnlyMemory<byte> AuthorityKeyIdentifier { get; private set; }

    /// <summary>The crlNumber (RFC 5280 §5.2.3).</summary>
    internal BigInteger Number { get; private set; }

    /// <summary>The number of the complete list that a delta list was made from (RFC 5280 §5.2.4); null for a complete list.</summary>
    internal BigInteger? BaseNumber { get; private set; }

    internal bool IsDelta => BaseNumber != null;

    /// <summary>The issuing distribution point; null when there is none.</summary>
    internal IssuingDistributionPoint? Scope => _scope;

    /// <summary>The issuing distribution point as it is encoded; empty when there is none.</summary>
    internal ReadOnlyMemory<byte> EncodedScope { get; private set; }

    /// <summary>Where delta lists can be had over HTTP (RFC 5280 §5.2.6).</summary>
    internal IReadOnlyList<string> DeltaAddresses { get; private set; } = [];

    /// <summary>Why no status may be told by the list, whoever issued it; or null.</summary>
    internal string? Unusable { get; private set; }

    /// <summary>Reads one list.</summary>
    /// <param name="der">The list in strict DER; the bytes are copied.</param>
    /// <exception cref="FormatException">It is malformed.</exception>
    public static CertificateRevocationList FromDer(ReadOnlySpan<byte> der) =>
        TryParse(der.ToArray(), out var list, out var problem) ? list : throw new FormatException($"The certificate revocation list {problem}.");

    /// <summary>Reads the lists ("BEGIN X509 CRL") among the blocks of PEM text.</summary>
    /// <exception cref="FormatException">There is none, or one is malformed.</exception>
    public static IReadOnlyList<CertificateRevocationList> FromPem(string pem)
    {
        ArgumentNullException.ThrowIfNull(pem);
        return [.. PemReader.RevocationLists(pem).Select(der => FromDer(der.Span))];
    }

    /// <summary>Reads a file: one list in DER, or PEM text with one or more.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="FormatException">There is none, or one is malformed.</exception>
    public static IReadOnlyList<CertificateRevocationList> FromFile(string path)
    {
        var bytes = File.ReadAllBytes(path);
        // A list in DER begins with the tag of a SEQUENCE, "0", and a long length.
        return bytes is [0x30, >= 0x80, ..] ? [FromDer(bytes)] : FromPem(System.Text.Encoding.Latin1.GetString(bytes));
    }

    /// <param name="der">What shall be one list; it is not copied and must not change.</param>
    /// <param name="list">The list.</param>
    /// <param name="problem">What is malformed, in words.</param>
    internal static bool TryParse(ReadOnlyMemory<byte> der, [NotNullWhen(true)] out CertificateRevocationList? list, [NotNullWhen(false)] out string? problem)
    {
        var part = "outer structure";
        try
        {
            list = new CertificateRevocationList(der, ref part);
            problem = null;
            return true;
        }
        catch (AsnContentException)
        {
            list = null;
            problem = $"is not well-formed DER: its {part} cannot be read";
            return false;
        }
    }

    /// <summary>The entry of the certificate with that serial number (the content of the INTEGER) and issuer, or null.</summary>
    internal RevokedEntry? Find(ReadOnlySpan<byte> serial, X501Name issuer) => _entries.Find(serial, issuer);

    /// <summary>Whether this is a delta list that brings that complete one up to date (RFC 5280 §5.2.4 and §6.3.3 (c)).</summary>
    internal bool Updates(CertificateRevocationList complete) =>
        BaseNumber <= complete.Number && complete.Number < Number && !complete.IsDelta
        && IssuerName.Equals(complete.IssuerName)
        && EncodedScope.Span.SequenceEqual(complete.EncodedScope.Span)
        && AuthorityKeyIdentifier.Span.SequenceEqual(complete.AuthorityKeyIdentifier.Span);

    /// <summary>Whether that authority's key made the signature. The last answers are kept: they depend on nothing that changes.</summary>
    internal bool IsSignedBy(Certificate issuer)
    {
        var key = issuer.SubjectPublicKeyInfo;
        if (key.Span.SequenceEqual(_signer))
            return true;
        if (key.Span.SequenceEqual(_notSigner))
            return false;
        var scheme = CertificateSignature.SchemeOf(SignatureAlgorithm);
        var isSigned = scheme != null && issuer.PublicKey is { } publicKey && publicKey.VerifyCertificateSignature(scheme.Value, Signed.Span, Signature.Span);
        if (isSigned)
            _signer = key.ToArray();
        else
            _notSigner = key.ToArray();
        return isSigned;
    }

    private void ReadExtensions(DerReader explicitly, ref KnownListExtensions seen, ref IssuingDistributionPoint? scope)
    {
        foreach (var extension in CertificateExtension.ReadList(explicitly))
        {
            var known = Known(extension.Oid.Span);
            if (known == KnownListExtensions.None)
            {
                if (extension.IsCritical)
                    Unusable ??= $"has the critical extension {Oids.ToText(extension.Oid.Span)}, which is not understood";
                continue;
            }
            if ((seen & known) != 0)
                throw new AsnContentException();
            seen |= known;
            Read(known, extension, ref scope);
        }
    }

    private void Read(KnownListExtensions known, CertificateExtension extension, ref IssuingDistributionPoint? scope)
    {
        switch (known)
        {
            case KnownListExtensions.Scope:
                scope = IssuingDistributionPoint.Read(extension.Value);
                EncodedScope = extension.Value;
                break;
            case KnownListExtensions.Number:
                // RFC 5280 §5.2.3
                Number = ReadNumber(extension, mustBeCritical: false, "number");
                break;
            case KnownListExtensions.DeltaIndicator:
                // RFC 5280 §5.2.4
                BaseNumber = ReadNumber(extension, mustBeCritical: true, "base number");
                break;
            case KnownListExtensions.FreshestList:
                DeltaAddresses = [.. DistributionPoint.Read(extension.Value).SelectMany(point => point.Addresses)];
                break;
            default:
                ReadAuthorityKeyIdentifier(extension.Value);
                break;
        }
    }

    // RFC 5280 §5.2.3: not negative, at most 20 octets.
    private BigInteger ReadNumber(CertificateExtension extension, bool mustBeCritical, string name)
    {
        var reader = new DerReader(extension.Value);
        var number = reader.ReadIntegerBytes().Span;
        reader.End();
        if (extension.IsCritical != mustBeCritical)
            Unusable ??= $"has a {name} that is {(mustBeCritical ? "not " : "")}marked critical";
        if ((number[0] & 0x80) != 0 || number.Length > LongestNumber)
        {
            Unusable ??= $"has a {name} that is negative or longer than {LongestNumber} bytes";
            return 0;
        }
        return new BigInteger(number, isUnsigned: true, isBigEndian: true);
    }

    private void ReadAuthorityKeyIdentifier(ReadOnlyMemory<byte> value)
    {
        var outer = new DerReader(value);
        var fields = outer.ReadSequence();
        outer.End();
        if (fields.NextIsContext(0))
            AuthorityKeyIdentifier = fields.ReadContextPrimitive(0);
    }

    private static KnownListExtensions Known(ReadOnlySpan<byte> oid) =>
        oid.SequenceEqual(Oids.AuthorityKeyIdentifier) ? KnownListExtensions.AuthorityKeyIdentifier
        : oid.SequenceEqual(Oids.CrlNumber) ? KnownListExtensions.Number
        : oid.SequenceEqual(Oids.DeltaCrlIndicator) ? KnownListExtensions.DeltaIndicator
        : oid.SequenceEqual(Oids.IssuingDistributionPoint) ? KnownListExtensions.Scope
        : oid.SequenceEqual(Oids.FreshestCrl) ? KnownListExtensions.FreshestList
        : KnownListExtensions.None;
}
