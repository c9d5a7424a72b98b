using System.Formats.Asn1;
using System.Net;
using System.Numerics;
using LucidTls.Certificates.Names;
using LucidTls.Certificates.Parsing;

namespace LucidTls.Cli.Inspecting;

/// <summary>Holds one certificate against the rules of the CA/Browser Forum's Baseline Requirements for TLS servers ("BR", with the sections of version 2) and of RFC 5280.</summary>
internal sealed class CertificateLinter
{
    private const string Subscriber = "whoever runs the server";

    // BR §6.3.2, by ballot SC-081v3: for certificates issued from that day on, at most so many days.
    private static readonly (DateTimeOffset From, int Days)[] Lifetimes =
    [
        (Day(2029, 3, 15), 47), (Day(2027, 3, 15), 100), (Day(2026, 3, 15), 200), (Day(2020, 9, 1), 398), (Day(2018, 3, 1), 825),
    ];

    // Signatures that the library verifies and that public authorities may not make.
    private static readonly SignatureScheme[] NotForTheWeb = [SignatureScheme.Ed25519, SignatureScheme.MlDsa44, SignatureScheme.MlDsa65, SignatureScheme.MlDsa87];

    private static readonly string[] BaselinePolicies = ["2.23.140.1.1", "2.23.140.1.2.1", "2.23.140.1.2.2", "2.23.140.1.2.3"];

    private static readonly string[] InternalSuffixes = ["local", "localhost", "internal", "lan", "home", "corp", "intranet", "private", "test", "example", "invalid", "home.arpa"];

    // RFC 6890: addresses that are nobody's own.
    private static readonly IPNetwork[] ReservedNetworks =
    [
        IPNetwork.Parse("0.0.0.0/8"), IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("100.64.0.0/10"), IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("169.254.0.0/16"),
        IPNetwork.Parse("172.16.0.0/12"), IPNetwork.Parse("192.0.0.0/24"), IPNetwork.Parse("192.0.2.0/24"), IPNetwork.Parse("192.168.0.0/16"), IPNetwork.Parse("198.18.0.0/15"),
        IPNetwork.Parse("198.51.100.0/24"), IPNetwork.Parse("203.0.113.0/24"), IPNetwork.Parse("224.0.0.0/4"), IPNetwork.Parse("240.0.0.0/4"),
        IPNetwork.Parse("::/127"), IPNetwork.Parse("fc00::/7"), IPNetwork.Parse("fe80::/10"), IPNetwork.Parse("ff00::/8"), IPNetwork.Parse("2001:db8::/32"),
    ];

    private readonly Certificate _certificate;
    private readonly LucidTls.Certificates.Parsing.CertificateFacts _facts;
    private readonly List<LintFinding> _findings = [];

    private CertificateLinter(Certificate certificate)
    {
        _certificate = certificate;
        _facts = certificate.Facts;
    }

    public static IReadOnlyList<LintFinding> Lint(Certificate certificate)
    {
        var linter = new CertificateLinter(certificate);
        linter.Everybody();
        if (linter._facts.IsAuthority)
            linter.Authority();
        else
            linter.Leaf();
        return linter._findings;
    }

    private void Error(LintRule rule, string sentence, string citation, string mender = "the authority") => _findings.Add(new(rule, LintSeverity.Error, sentence, citation, mender));

    private void Warn(LintRule rule, string sentence, string citation, string mender = "the authority") => _findings.Add(new(rule, LintSeverity.Warning, sentence, citation, mender));

    private void Everybody()
    {
        if (_facts.Malformation is { } malformation)
            Error(LintRule.WellFormed, $"{malformation}", "RFC 5280 §4.2");
        if (_certificate.Version != 3)
            Error(LintRule.Version, $"the version is {_certificate.Version}; it must be 3", "BR §7.1.1");
        Serial();
        if (!_certificate.HasShortestTimes)
            Error(LintRule.TimeEncoding, "a date before 2050 is written as GeneralizedTime; it must be UTCTime", "RFC 5280 §4.1.2.5");
        if (_certificate.NotAfter < _certificate.NotBefore)
            Error(LintRule.Validity, "it ends before it begins", "RFC 5280 §4.1.2.5");
        if (_certificate.HasUniqueIdentifiers)
            Error(LintRule.UniqueIdentifiers, "it has unique identifiers", "RFC 5280 §4.1.2.8");
        if (CertificateSignature.SchemeOf(_certificate.SignatureAlgorithm) is not { } scheme || NotForTheWeb.Contains(scheme))
            Error(LintRule.SignatureAlgorithm, $"it is signed with {CertificateSignature.Describe(_certificate.SignatureAlgorithm)}; RSA and ECDSA with SHA-2 are allowed", "BR §7.1.3.2");
        if (!_certificate.SignatureAlgorithmsAgree)
            Error(LintRule.SignatureAlgorithmAgreement, "it names two different algorithms for its signature", "RFC 5280 §4.1.1.2");
        Key();
        if (!_certificate.IsSelfIssued && !_facts.Has(KnownExtensions.AuthorityKeyIdentifier))
            Error(LintRule.AuthorityKeyIdentifier, "there is no authority key identifier", "BR §7.1.2.11.1");
        if (_facts.IsCritical(KnownExtensions.AuthorityKeyIdentifier) || _facts.IsCritical(KnownExtensions.SubjectKeyIdentifier) || _facts.IsCritical(KnownExtensions.AuthorityInformation))
            Error(LintRule.Criticality, "a key identifier or the authority information access is marked critical", "RFC 5280 §4.2.1.1, §4.2.1.2, §4.2.2.1");
    }

    private void Serial()
    {
        var serial = _certificate.Serial.Span;
        if (serial[0] >= 0x80 || !serial.ContainsAnyExcept((byte)0))
            Error(LintRule.SerialPositive, $"the serial number {Convert.ToHexStringLower(serial)} is not positive", "RFC 5280 §4.1.2.2");
        else if (serial.Length > 20)
            Error(LintRule.SerialLength, $"the serial number has {serial.Length} bytes; 20 are the most", "RFC 5280 §4.1.2.2");
        // 64 random bits give a number below 2^56 once in 256 certificates, and one below 2^32 never.
        else if (!(_facts.IsAuthority && _certificate.IsSelfIssued) && new BigInteger(serial, isUnsigned: true, isBigEndian: true).GetBitLength() is var bits and <= 56)
            Error(LintRule.SerialEntropy, $"the serial number has {bits} bits; it needs 64 random ones", "BR §7.1.2");
    }

    private void Key()
    {
        var key = _certificate.KeyFacts;
        switch (key.Kind)
        {
            case PublicKeyKind.Unknown:
                Error(LintRule.KeyKind, $"it has {key.Text}; RSA, EC P-256, P-384 and P-521 are allowed", "BR §7.1.3.1", Subscriber);
                break;
            case PublicKeyKind.RsaPss or PublicKeyKind.Ed25519 or PublicKeyKind.MlDsa:
                Error(LintRule.KeyKind, $"the key is of the kind {key.Text}; RSA, EC P-256, P-384 and P-521 are allowed", "BR §7.1.3.1", Subscriber);
                break;
            case PublicKeyKind.Rsa:
                Rsa(key);
                break;
        }
    }

    private void Rsa(PublicKeyFacts key)
    {
        if (key.Bits < 2048)
            Error(LintRule.KeySize, $"the RSA key has {key.Bits} bits; 2048 are the least", "BR §6.1.5", Subscriber);
        if (key.Bits % 8 != 0)
            Error(LintRule.KeySize, $"the RSA key has {key.Bits} bits, which is not a multiple of 8", "BR §6.1.5", Subscriber);
        var info = new AsnReader(_certificate.SubjectPublicKeyInfo, AsnEncodingRules.DER).ReadSequence();
        info.ReadSequence();
        var numbers = new AsnReader(info.ReadBitString(out _), AsnEncodingRules.DER).ReadSequence();
        var modulus = numbers.ReadInteger();
        var exponent = numbers.ReadInteger();
        if (exponent < 65537)
            Warn(LintRule.RsaExponent, $"the RSA exponent is {exponent}; it should be 65537 or more", "BR §6.1.6", Subscriber);
        for (var factor = 3; factor < 752; factor += 2)
        {
            if (modulus % factor == 0)
            {
                Error(LintRule.RsaModulus, $"the RSA modulus can be divided by {factor}: anybody can find the private key", "BR §6.1.6", Subscriber);
                return;
            }
        }
    }

    private void Leaf()
    {
        Lifetime();
        Names();
        CommonName();
        if (!_facts.HasExtendedKeyUsage(Oids.ServerAuthentication))
            Error(LintRule.ExtendedKeyUsage, _facts.Has(KnownExtensions.ExtendedKeyUsage) ? "the extended key usage does not name id-kp-serverAuth" : "there is no extended key usage; it must name id-kp-serverAuth", "BR §7.1.2.7.10");
        if (_facts.HasExtendedKeyUsage(Oids.AnyExtendedKeyUsage))
            Error(LintRule.ExtendedKeyUsageAny, "the extended key usage names anyExtendedKeyUsage", "BR §7.1.2.7.10");
        if (_facts.KeyUsage is not { } usage)
            Warn(LintRule.KeyUsage, "there is no key usage", "BR §7.1.2.7.11");
        else
            KeyUsage(usage);
        if (_facts.Has(KnownExtensions.BasicConstraints) && !_facts.IsCritical(KnownExtensions.BasicConstraints))
            Error(LintRule.BasicConstraints, "the basic constraints are not marked critical", "BR §7.1.2.7.8");
        if (_certificate.IsSelfIssued)
            Error(LintRule.SelfSigned, "subject and issuer are the same: no authority vouches for it", "BR §7.1.2.7", Subscriber);
        if (!_facts.Has(KnownExtensions.AuthorityInformation))
            Error(LintRule.AuthorityInformation, "there is no authority information access", "BR §7.1.2.7.7");
        else if (_facts.IssuerAddresses.Count == 0)
            Warn(LintRule.IssuerAddress, "the authority information access does not say where the issuer's certificate is", "BR §7.1.2.7.7");
        // BR §7.1.2.11.2: short-lived certificates need no pointer to either.
        if (_facts.CrlDistributionPoints.Count == 0 && _facts.OcspResponders.Count == 0 && Days > DaysOfShortLife)
            Error(LintRule.RevocationPointer, "it names neither a CRL nor an OCSP responder", "BR §7.1.2.11.2");
        if (!_facts.Policies.Any(policy => BaselinePolicies.Contains(Oids.ToText(policy.Span))))
            Error(LintRule.Policy, "no certificate policy is one of the Baseline Requirements (2.23.140.1.2.1 and others)", "BR §7.1.2.7.9");
    }

    // BR §1.6.1, "Short-lived Subscriber Certificate": by the day of issue.
    private int DaysOfShortLife => _certificate.NotBefore >= Day(2026, 3, 15) ? 7 : _certificate.NotBefore >= Day(2024, 3, 15) ? 10 : 0;

    private double Days => ((_certificate.NotAfter - _certificate.NotBefore) + TimeSpan.FromSeconds(1)).TotalDays;

    private void Lifetime()
    {
        foreach (var (from, most) in Lifetimes)
        {
            if (_certificate.NotBefore < from)
                continue;
            if (Days > most)
                Error(LintRule.Lifetime, FormattableString.Invariant($"it is valid for {Days:0.##} days; certificates issued from {from:yyyy-MM-dd} on may be for {most}"), "BR §6.3.2");
            return;
        }
    }

    private void Names()
    {
        if (_facts.AlternativeNames.Count == 0)
        {
            Error(LintRule.AlternativeName, "there is no subject alternative name, the only place where clients look", "BR §7.1.2.7.12");
            return;
        }
        if (_facts.IsCritical(KnownExtensions.AlternativeName) != _certificate.Subject.IsEmpty)
            Error(LintRule.AlternativeNameCriticality, _certificate.Subject.IsEmpty ? "without a subject, the alternative names must be marked critical" : "with a subject, the alternative names must not be marked critical", "BR §7.1.2.7.12");
        foreach (var name in _facts.AlternativeNames)
        {
            if (name.Kind == GeneralName.Dns)
                DnsName(name.ToString());
            else if (name.Kind == GeneralName.IPAddress && name.Value.Length is 4 or 16)
                Address(new IPAddress(name.Value.Span));
            else
                Error(LintRule.AlternativeNameKind, $"the alternative name {name} is neither a DNS name nor an IP address", "BR §7.1.2.7.12");
        }
    }

    private void DnsName(string name)
    {
        var host = name.StartsWith("*.", StringComparison.Ordinal) ? name[2..] : name;
        if (host.Contains('*'))
            Error(LintRule.Wildcard, $"the wildcard in {name} is not the whole left-most label", "BR §7.1.2.7.12, RFC 9525 §6.3");
        else if (host.Contains('_'))
            Error(LintRule.Underscore, $"{name} has an underscore", "BR §7.1.2.7.12");
        else if (!DnsNames.IsPreferredForm(host) || DnsNames.EndsInNumber(host))
            Error(LintRule.NameForm, $"{name} is not in the form of a DNS name", "RFC 5280 §4.2.1.6");
        else if (host != name && PublicSuffixes.Default.SectionOf(host.ToLowerInvariant()) == SuffixSection.Registry)
            Error(LintRule.RegistryWildcard, $"{name} stands for every name below a registry's suffix", "BR §3.2.2.6");
        else if (!host.Contains('.') || InternalSuffixes.Any(suffix => host.EndsWith($".{suffix}", StringComparison.OrdinalIgnoreCase) || host.Equals(suffix, StringComparison.OrdinalIgnoreCase)))
            Error(LintRule.InternalName, $"{name} is an internal name, which nobody owns", "BR §4.2.2", Subscriber);
    }

    private void Address(IPAddress address)
    {
        if (ReservedNetworks.Any(network => network.BaseAddress.AddressFamily == address.AddressFamily && network.Contains(address)))
            Error(LintRule.ReservedAddress, $"{address} is a reserved address, which nobody owns", "BR §4.2.2", Subscriber);
    }

    private void CommonName()
    {
        if (_certificate.Subject.IsEmpty)
            return;
        foreach (var attribute in _certificate.Subject.Attributes().Where(attribute => attribute.Type.Span.SequenceEqual(Oids.CommonName)))
        {
            var text = X501Name.Printable(attribute.Text ?? "");
            if (!_facts.AlternativeNames.Any(name => name.ToString() == text))
                Error(LintRule.CommonName, $"the common name {text} is not one of the alternative names", "BR §7.1.4.3");
        }
    }

    private void KeyUsage(KeyUsages usage)
    {
        if ((usage & (KeyUsages.KeyCertSign | KeyUsages.CrlSign)) != 0)
            Error(LintRule.KeyUsage, "the key usage allows signing certificates or CRLs, though it is no authority", "BR §7.1.2.7.11");
        if ((usage & KeyUsages.DigitalSignature) == 0)
            Warn(LintRule.KeyUsage, "the key usage lacks digitalSignature, which TLS 1.3 needs", "RFC 8446 §4.4.2.2");
        var isEc = _certificate.KeyFacts.Kind is PublicKeyKind.EcP256 or PublicKeyKind.EcP384 or PublicKeyKind.EcP521;
        if (isEc && (usage & (KeyUsages.KeyEncipherment | KeyUsages.DataEncipherment)) != 0)
            Error(LintRule.KeyUsage, "the key usage allows encipherment, which an EC key cannot do", "BR §7.1.2.7.11");
        if (!_facts.IsCritical(KnownExtensions.KeyUsage))
            Warn(LintRule.KeyUsageCriticality, "the key usage is not marked critical", "RFC 5280 §4.2.1.3");
    }

    private void Authority()
    {
        if (!_facts.IsCritical(KnownExtensions.BasicConstraints))
            Error(LintRule.BasicConstraints, "the basic constraints are not marked critical", _certificate.IsSelfIssued ? "BR §7.1.2.1.4" : "BR §7.1.2.10.4");
        if (_facts.KeyUsage is not { } usage)
            Error(LintRule.KeyUsage, "there is no key usage, which authorities must have", "BR §7.1.2.10.7");
        else if ((usage & KeyUsages.KeyCertSign) == 0 || (usage & KeyUsages.CrlSign) == 0)
            Error(LintRule.KeyUsage, "the key usage lacks keyCertSign or cRLSign", "BR §7.1.2.10.7");
        else if (!_facts.IsCritical(KnownExtensions.KeyUsage))
            Error(LintRule.KeyUsageCriticality, "the key usage is not marked critical", "BR §7.1.2.10.7");
        if (!_facts.Has(KnownExtensions.SubjectKeyIdentifier))
            Error(LintRule.SubjectKeyIdentifier, "there is no subject key identifier, which authorities must have", "BR §7.1.2.11.4");
        if (_certificate.Subject.IsEmpty)
            Error(LintRule.AuthorityName, "the authority has no name", "RFC 5280 §4.1.2.6");
        if (_certificate.IsSelfIssued)
        {
            if (_facts.Has(KnownExtensions.ExtendedKeyUsage))
                Error(LintRule.RootExtendedKeyUsage, "a root must not have an extended key usage", "BR §7.1.2.1.2");
            if (_facts.PathLength != null)
                Warn(LintRule.RootPathLength, "a root should not have a path length", "BR §7.1.2.1.4");
            return;
        }
        if (!_facts.Has(KnownExtensions.ExtendedKeyUsage))
            Error(LintRule.ExtendedKeyUsage, "there is no extended key usage, which authorities below a root must have", "BR §7.1.2.10.6");
        if (_facts.HasExtendedKeyUsage(Oids.AnyExtendedKeyUsage))
            Warn(LintRule.ExtendedKeyUsageAny, "the extended key usage names anyExtendedKeyUsage, so the authority is not limited to TLS", "BR §7.1.2.10.6");
        if (_facts.CrlDistributionPoints.Count == 0)
            Error(LintRule.RevocationPointer, "it names no CRL", "BR §7.1.2.11.2");
        if (_facts.Policies.Count == 0)
            Error(LintRule.Policy, "there is no certificate policy", "BR §7.1.2.10.5");
    }

    private static DateTimeOffset Day(int year, int month, int day) => new(year, month, day, 0, 0, 0, TimeSpan.Zero);
}
