using System.Formats.Asn1;

namespace LucidTls.Certificates.Parsing;

/// <summary>The key usages of RFC 5280 §4.2.1.3, by bit.</summary>
[Flags]
internal enum KeyUsages
{
    None = 0,
    DigitalSignature = 1 << 0,
    ContentCommitment = 1 << 1,
    KeyEncipherment = 1 << 2,
    DataEncipherment = 1 << 3,
    KeyAgreement = 1 << 4,
    KeyCertSign = 1 << 5,
    CrlSign = 1 << 6,
    EncipherOnly = 1 << 7,
    DecipherOnly = 1 << 8,
}

/// <summary>Which extensions a certificate has, and which of them are marked critical.</summary>
[Flags]
internal enum KnownExtensions
{
    None = 0,
    SubjectKeyIdentifier = 1 << 0,
    AuthorityKeyIdentifier = 1 << 1,
    KeyUsage = 1 << 2,
    AlternativeName = 1 << 3,
    BasicConstraints = 1 << 4,
    NameConstraints = 1 << 5,
    ExtendedKeyUsage = 1 << 6,
    Policies = 1 << 7,
    PolicyMappings = 1 << 8,
    PolicyConstraints = 1 << 9,
    InhibitAnyPolicy = 1 << 10,
    AuthorityInformation = 1 << 11,
    CrlDistributionPoints = 1 << 12,
    TlsFeature = 1 << 13,
    CertificateTimestamps = 1 << 14,
    OcspNoCheck = 1 << 15,
    IssuerAlternativeName = 1 << 16,
    FreshestCrl = 1 << 17,
}

/// <summary>What a certificate's extensions say (RFC 5280 §4.2).</summary>
internal sealed class CertificateFacts
{
    private const int StatusRequestFeature = 5;

    private readonly ReadOnlyMemory<byte>[]? _extendedKeyUsages;

    public CertificateFacts(Certificate certificate)
    {
        for (var i = 0; i < certificate.Extensions.Count; i++)
        {
            var extension = certificate.Extensions[i];
            // RFC 5280 §4.2: no extension twice.
            for (var before = 0; before < i; before++)
            {
                if (certificate.Extensions[before].Oid.Span.SequenceEqual(extension.Oid.Span))
                    Malformation ??= $"the extension {Name(extension)} stands twice";
            }
            var known = Known(extension.Oid.Span);
            if (known == KnownExtensions.None)
            {
                if (extension.IsCritical)
                    UnknownCritical ??= Oids.ToText(extension.Oid.Span);
                continue;
            }
            Present |= known;
            if (extension.IsCritical)
                Critical |= known;
            try
            {
                var reader = new DerReader(extension.Value);
                Read(known, ref reader, extension.Value, ref _extendedKeyUsages);
                reader.End();
            }
            catch (AsnContentException)
            {
                Malformation ??= $"the extension {Name(extension)} is malformed";
            }
        }
    }

    /// <summary>The first thing that is wrong with the form of the extensions, in words; or null.</summary>
    public string? Malformation { get; }

    /// <summary>The first critical extension that is not understood, or null.</summary>
    public string? UnknownCritical { get; }

    public KnownExtensions Present { get; }
    public KnownExtensions Critical { get; }
    public ReadOnlyMemory<byte> SubjectKeyIdentifier { get; private set; }

    /// <summary>The keyIdentifier of the authority key identifier; empty when there is none.</summary>
    public ReadOnlyMemory<byte> AuthorityKeyIdentifier { get; private set; }
    public bool AuthorityKeyIdentifierHasIssuer { get; private set; }
    public KeyUsages? KeyUsage { get; private set; }
    public IReadOnlyList<GeneralName> AlternativeNames { get; private set; } = [];
    public IReadOnlyList<GeneralName> IssuerAlternativeNames { get; private set; } = [];
    public bool IsAuthority { get; private set; }
    public int? PathLength { get; private set; }
    public NameConstraints? NameConstraints { get; private set; }
    public IReadOnlyList<ReadOnlyMemory<byte>> ExtendedKeyUsages => _extendedKeyUsages ?? [];
    public IReadOnlyList<ReadOnlyMemory<byte>> Policies { get; private set; } = [];
    public IReadOnlyList<(ReadOnlyMemory<byte> IssuerPolicy, ReadOnlyMemory<byte> SubjectPolicy)> PolicyMappings { get; private set; } = [];
    public int? RequireExplicitPolicy { get; private set; }
    public int? InhibitPolicyMapping { get; private set; }
    public int? InhibitAnyPolicy { get; private set; }
    public IReadOnlyList<string> OcspResponders { get; private set; } = [];
    public IReadOnlyList<string> IssuerAddresses { get; private set; } = [];
    public IReadOnlyList<DistributionPoint> CrlDistributionPoints { get; private set; } = [];

    /// <summary>Where delta lists can be had (RFC 5280 §4.2.1.15).</summary>
    public IReadOnlyList<DistributionPoint> FreshestCrl { get; private set; } = [];

    /// <summary>RFC 7633: the server promises to staple the certificate's status ("must-staple").</summary>
    public bool DemandsStaple { get; private set; }

    /// <summary>The SignedCertificateTimestampList (RFC 6962 §3.3); empty when there is none.</summary>
    public ReadOnlyMemory<byte> Timestamps { get; private set; }

    public bool Has(KnownExtensions extension) => (Present & extension) != 0;

    public bool IsCritical(KnownExtensions extension) => (Critical & extension) != 0;

    public bool HasExtendedKeyUsage(ReadOnlySpan<byte> usage)
    {
        foreach (var present in ExtendedKeyUsages)
        {
            if (present.Span.SequenceEqual(usage))
                return true;
        }
        return false;
    }

    private static KnownExtensions Known(ReadOnlySpan<byte> oid)
    {
        if (oid.Length == 3 && oid[0] == 0x55 && oid[1] == 0x1D)
        {
            return oid[2] switch
            {
                0x0E => KnownExtensions.SubjectKeyIdentifier,
                0x0F => KnownExtensions.KeyUsage,
                0x11 => KnownExtensions.AlternativeName,
                0x12 => KnownExtensions.IssuerAlternativeName,
                0x13 => KnownExtensions.BasicConstraints,
                0x1E => KnownExtensions.NameConstraints,
                0x1F => KnownExtensions.CrlDistributionPoints,
                0x20 => KnownExtensions.Policies,
                0x21 => KnownExtensions.PolicyMappings,
                0x23 => KnownExtensions.AuthorityKeyIdentifier,
                0x24 => KnownExtensions.PolicyConstraints,
                0x25 => KnownExtensions.ExtendedKeyUsage,
                0x2E => KnownExtensions.FreshestCrl,
                0x36 => KnownExtensions.InhibitAnyPolicy,
                _ => KnownExtensions.None,
            };
        }
        return oid.SequenceEqual(Oids.AuthorityInformationAccess) ? KnownExtensions.AuthorityInformation
            : oid.SequenceEqual(Oids.CertificateTimestamps) ? KnownExtensions.CertificateTimestamps
            : oid.SequenceEqual(Oids.TlsFeature) ? KnownExtensions.TlsFeature
            : oid.SequenceEqual(Oids.OcspNoCheck) ? KnownExtensions.OcspNoCheck
            : KnownExtensions.None;
    }

    private static string Name(CertificateExtension extension) => Known(extension.Oid.Span) switch
    {
        KnownExtensions.SubjectKeyIdentifier => "subject key identifier",
        KnownExtensions.KeyUsage => "key usage",
        KnownExtensions.AlternativeName => "subject alternative name",
        KnownExtensions.IssuerAlternativeName => "issuer alternative name",
        KnownExtensions.BasicConstraints => "basic constraints",
        KnownExtensions.NameConstraints => "name constraints",
        KnownExtensions.CrlDistributionPoints => "CRL distribution points",
        KnownExtensions.Policies => "certificate policies",
        KnownExtensions.PolicyMappings => "policy mappings",
        KnownExtensions.AuthorityKeyIdentifier => "authority key identifier",
        KnownExtensions.PolicyConstraints => "policy constraints",
        KnownExtensions.ExtendedKeyUsage => "extended key usage",
        KnownExtensions.InhibitAnyPolicy => "inhibit any-policy",
        KnownExtensions.FreshestCrl => "freshest CRL",
        KnownExtensions.AuthorityInformation => "authority information access",
        KnownExtensions.CertificateTimestamps => "signed certificate timestamps",
        KnownExtensions.TlsFeature => "TLS feature",
        KnownExtensions.OcspNoCheck => "OCSP no-check",
        _ => Oids.ToText(extension.Oid.Span),
    };

    private void Read(KnownExtensions known, ref DerReader reader, ReadOnlyMemory<byte> value, ref ReadOnlyMemory<byte>[]? extendedKeyUsages)
    {
        switch (known)
        {
            case KnownExtensions.SubjectKeyIdentifier:
                SubjectKeyIdentifier = reader.ReadOctetString();
                break;
            case KnownExtensions.AuthorityKeyIdentifier:
                ReadAuthorityKeyIdentifier(reader.ReadSequence());
                break;
            case KnownExtensions.KeyUsage:
                // RFC 5280 §4.2.1.3: "at least one of the bits MUST be set to 1".
                KeyUsage = reader.ReadNamedBits() is var bits and not 0 ? (KeyUsages)bits : throw new AsnContentException();
                break;
            case KnownExtensions.AlternativeName:
                AlternativeNames = GeneralName.ReadList(reader.ReadSequence());
                break;
            case KnownExtensions.IssuerAlternativeName:
                IssuerAlternativeNames = GeneralName.ReadList(reader.ReadSequence());
                break;
            case KnownExtensions.BasicConstraints:
                ReadBasicConstraints(reader.ReadSequence());
                break;
            case KnownExtensions.NameConstraints:
                NameConstraints = NameConstraints.Read(reader.ReadSequence());
                break;
            case KnownExtensions.ExtendedKeyUsage:
                extendedKeyUsages = ReadOids(reader.ReadSequence());
                break;
            case KnownExtensions.Policies:
                Policies = ReadPolicies(reader.ReadSequence());
                break;
            case KnownExtensions.PolicyMappings:
                PolicyMappings = ReadPolicyMappings(reader.ReadSequence());
                break;
            case KnownExtensions.PolicyConstraints:
                ReadPolicyConstraints(reader.ReadSequence());
                break;
            case KnownExtensions.InhibitAnyPolicy:
                InhibitAnyPolicy = NotNegative(reader.ReadSmallInteger());
                break;
            case KnownExtensions.AuthorityInformation:
                ReadAuthorityInformation(reader.ReadSequence());
                break;
            case KnownExtensions.CrlDistributionPoints:
                CrlDistributionPoints = DistributionPoint.ReadList(reader.ReadSequence());
                break;
            case KnownExtensions.FreshestCrl:
                FreshestCrl = DistributionPoint.ReadList(reader.ReadSequence());
                break;
            case KnownExtensions.TlsFeature:
                ReadFeatures(reader.ReadSequence());
                break;
            case KnownExtensions.CertificateTimestamps:
                Timestamps = reader.ReadOctetString();
                break;
            case KnownExtensions.OcspNoCheck:
                reader.ReadNull();
                break;
            case KnownExtensions.None:
                throw new ArgumentOutOfRangeException(nameof(known), value, null);
        }
    }

    private void ReadBasicConstraints(DerReader fields)
    {
        // FALSE is the default and may not be written in DER; enough authorities write it that it is let pass.
        IsAuthority = fields.NextIs(Asn1Tag.Boolean) && fields.ReadBoolean();
        if (!fields.IsEmpty)
            PathLength = NotNegative(fields.ReadSmallInteger());
        fields.End();
    }

    private void ReadAuthorityKeyIdentifier(DerReader fields)
    {
        if (fields.NextIsContext(0))
            AuthorityKeyIdentifier = fields.ReadContextPrimitive(0);
        if (fields.NextIsContext(1))
        {
            GeneralName.ReadList(fields.ReadContext(1));
            AuthorityKeyIdentifierHasIssuer = true;
        }
        if (fields.NextIsContext(2))
        {
            fields.ReadContextPrimitive(2);
            AuthorityKeyIdentifierHasIssuer = true;
        }
        fields.End();
    }

    private static ReadOnlyMemory<byte>[] ReadOids(DerReader list)
    {
        var oids = new List<ReadOnlyMemory<byte>>(2);
        while (!list.IsEmpty)
            oids.Add(list.ReadOid());
        return oids.Count > 0 ? [.. oids] : throw new AsnContentException();
    }

    // RFC 5280 §4.2.1.4. The qualifiers say nothing that is decided by.
    private static ReadOnlyMemory<byte>[] ReadPolicies(DerReader list)
    {
        var policies = new List<ReadOnlyMemory<byte>>(2);
        while (!list.IsEmpty)
        {
            var information = list.ReadSequence();
            var policy = information.ReadOid();
            if (!information.IsEmpty && information.ReadSequence().IsEmpty)
                throw new AsnContentException();
            information.End();
            foreach (var seen in policies)
            {
                if (seen.Span.SequenceEqual(policy.Span))
                    throw new AsnContentException();
            }
            policies.Add(policy);
        }
        return policies.Count > 0 ? [.. policies] : throw new AsnContentException();
    }

    private static (ReadOnlyMemory<byte>, ReadOnlyMemory<byte>)[] ReadPolicyMappings(DerReader list)
    {
        var mappings = new List<(ReadOnlyMemory<byte>, ReadOnlyMemory<byte>)>();
        while (!list.IsEmpty)
        {
            var pair = list.ReadSequence();
            var (issuerPolicy, subjectPolicy) = (pair.ReadOid(), pair.ReadOid());
            pair.End();
            // RFC 5280 §4.2.1.5: "Policies MUST NOT be mapped either to or from the special value anyPolicy".
            if (issuerPolicy.Span.SequenceEqual(Oids.AnyPolicy) || subjectPolicy.Span.SequenceEqual(Oids.AnyPolicy))
                throw new AsnContentException();
            mappings.Add((issuerPolicy, subjectPolicy));
        }
        return mappings.Count > 0 ? [.. mappings] : throw new AsnContentException();
    }

    private void ReadPolicyConstraints(DerReader fields)
    {
        if (fields.NextIsContext(0))
            RequireExplicitPolicy = NotNegative(fields.ReadContextInteger(0));
        if (fields.NextIsContext(1))
            InhibitPolicyMapping = NotNegative(fields.ReadContextInteger(1));
        fields.End();
        // RFC 5280 §4.2.1.11: "MUST NOT issue certificates where policy constraints is an empty sequence".
        if (RequireExplicitPolicy == null && InhibitPolicyMapping == null)
            throw new AsnContentException();
    }

    private void ReadAuthorityInformation(DerReader list)
    {
        var responders = new List<string>(1);
        var issuers = new List<string>(1);
        if (list.IsEmpty)
            throw new AsnContentException();
        while (!list.IsEmpty)
        {
            var description = list.ReadSequence();
            var method = description.ReadOid().Span;
            var location = GeneralName.Read(ref description);
            description.End();
            if (location.Kind != GeneralName.Uri)
                continue;
            if (method.SequenceEqual(Oids.OcspAccess))
                responders.Add(location.Text);
            else if (method.SequenceEqual(Oids.IssuersAccess))
                issuers.Add(location.Text);
        }
        OcspResponders = responders;
        IssuerAddresses = issuers;
    }

    private void ReadFeatures(DerReader list)
    {
        while (!list.IsEmpty)
            DemandsStaple |= list.ReadSmallInteger() == StatusRequestFeature;
    }

    private static int NotNegative(int value) => value >= 0 ? value : throw new AsnContentException();
}
