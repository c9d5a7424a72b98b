using System.Net;
using LucidTls.Certificates.Names;
using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates.Paths;

/// <summary>The rules of form: what RFC 5280 §4 and the Baseline Requirements demand of authorities, and a private authority may break without harm.</summary>
internal sealed partial class PathJudge
{
    private const int LongestSerial = 20;

    private void Form(int index, Certificate certificate)
    {
        var facts = certificate.Facts;
        // RFC 5280 §4.1.2.2. Roots with the serial number 0 are in every trust store; nothing refers to a root by its number.
        if (_profile.Demands(CertificateRule.SerialNumber) && !IsAnchor(index) && !IsGoodSerial(certificate.Serial.Span))
            Add(CertificateRule.SerialNumber, index, $"the serial number of {certificate} is not positive or longer than {LongestSerial} bytes");
        if (_profile.Demands(CertificateRule.TimeEncoding) && !certificate.HasShortestTimes)
            Add(CertificateRule.TimeEncoding, index, $"{certificate} writes a date before 2050 as GeneralizedTime");
        if (_profile.Demands(CertificateRule.UniqueIdentifiers) && certificate.HasUniqueIdentifiers)
            Add(CertificateRule.UniqueIdentifiers, index, $"{certificate} has unique identifiers, which are of no use and not allowed");
        if (_profile.Demands(CertificateRule.AuthorityName) && certificate.Issuer.IsEmpty)
            Add(CertificateRule.AuthorityName, index, $"{certificate} does not say who issued it");
        if (_profile.Demands(CertificateRule.PathLengthForm) && facts.PathLength != null && (!facts.IsAuthority || (facts.KeyUsage is { } usage && (usage & KeyUsages.KeyCertSign) == 0)))
            Add(CertificateRule.PathLengthForm, index, $"{certificate} states a path length but is no authority that signs certificates");
        if (_profile.Demands(CertificateRule.NameConstraintsForm) && facts.NameConstraints is { } constraints)
            NameConstraintsForm(index, certificate, constraints);
        if (_profile.Demands(CertificateRule.AuthorityKeyIdentifier))
            AuthorityKeyIdentifier(index, certificate);
        if (_profile.Demands(CertificateRule.Criticality) && Criticality(index, certificate) is { } criticality)
            Add(CertificateRule.Criticality, index, $"{certificate} {criticality}");
    }

    private void AuthorityForm(int index, Certificate authority)
    {
        var facts = authority.Facts;
        if (_profile.Demands(CertificateRule.SubjectKeyIdentifier) && !facts.Has(KnownExtensions.SubjectKeyIdentifier))
            Add(CertificateRule.SubjectKeyIdentifier, index, $"{authority} has no subject key identifier, which authorities must have");
        if (_profile.Demands(CertificateRule.AuthorityName) && authority.Subject.IsEmpty)
            Add(CertificateRule.AuthorityName, index, "an authority of the path has no name");
        if (_profile.Demands(CertificateRule.AuthorityKeyUsage) && !IsAnchor(index) && facts.KeyUsage == null)
            Add(CertificateRule.AuthorityKeyUsage, index, $"{authority} does not state its key usage, which authorities must");
        // Baseline Requirements §7.1.2.1.2
        if (_profile.Demands(CertificateRule.ExtendedKeyUsageForm) && IsAnchor(index) && authority.IsSelfIssued && facts.Has(KnownExtensions.ExtendedKeyUsage))
            Add(CertificateRule.ExtendedKeyUsageForm, index, $"the root {authority} has an extended key usage, which roots must not have");
    }

    private void LeafForm(Certificate leaf)
    {
        var facts = leaf.Facts;
        if (_profile.Demands(CertificateRule.LeafIsNoAuthority) && facts.IsAuthority)
            Add(CertificateRule.LeafIsNoAuthority, 0, $"{leaf} is an authority's certificate and not an end entity's");
        if (_profile.Demands(CertificateRule.LeafSignsNoCertificates) && !facts.IsAuthority && facts.KeyUsage is { } usage && (usage & KeyUsages.KeyCertSign) != 0)
            Add(CertificateRule.LeafSignsNoCertificates, 0, $"the key usage of {leaf} allows signing certificates, though it is no authority");
        if (_profile.Demands(CertificateRule.ExtendedKeyUsagePresent) && !facts.Has(KnownExtensions.ExtendedKeyUsage))
            Add(CertificateRule.ExtendedKeyUsagePresent, 0, $"{leaf} does not state its extended key usage");
        if (_profile.Demands(CertificateRule.ExtendedKeyUsageForm) && facts.HasExtendedKeyUsage(Oids.AnyExtendedKeyUsage))
            Add(CertificateRule.ExtendedKeyUsageForm, 0, $"the extended key usage of {leaf} names \"any\"");
        if (_profile.Demands(CertificateRule.AlternativeNameForm))
            AlternativeNameForm(leaf);
        if (_profile.Demands(CertificateRule.CommonName))
            CommonName(leaf);
    }

    private void AuthorityKeyIdentifier(int index, Certificate certificate)
    {
        var facts = certificate.Facts;
        if (!facts.Has(KnownExtensions.AuthorityKeyIdentifier))
        {
            // RFC 5280 §4.2.1.1: one that signed itself may leave it out.
            if (!certificate.IsSelfIssued)
                Add(CertificateRule.AuthorityKeyIdentifier, index, $"{certificate} has no authority key identifier");
            return;
        }
        if (facts.AuthorityKeyIdentifier.IsEmpty)
            Add(CertificateRule.AuthorityKeyIdentifier, index, $"the authority key identifier of {certificate} does not identify a key");
        // Baseline Requirements §7.1.2.11.1
        else if (facts.AuthorityKeyIdentifierHasIssuer)
            Add(CertificateRule.AuthorityKeyIdentifier, index, $"the authority key identifier of {certificate} names an issuer, which it must not");
        // Baseline Requirements §7.1.2.1.3
        else if (IsAnchor(index) && certificate.IsSelfIssued && facts.Has(KnownExtensions.SubjectKeyIdentifier) && !facts.AuthorityKeyIdentifier.Span.SequenceEqual(facts.SubjectKeyIdentifier.Span))
            Add(CertificateRule.AuthorityKeyIdentifier, index, $"the authority key identifier of the root {certificate} is not its own key's");
    }

    private static string? Criticality(int index, Certificate certificate)
    {
        var facts = certificate.Facts;
        // RFC 5280 §4.2.1.1, §4.2.1.2, §4.2.2.1
        if (facts.IsCritical(KnownExtensions.AuthorityKeyIdentifier))
            return "marks its authority key identifier critical, which it must not";
        if (facts.IsCritical(KnownExtensions.SubjectKeyIdentifier))
            return "marks its subject key identifier critical, which it must not";
        if (facts.IsCritical(KnownExtensions.AuthorityInformation))
            return "marks its authority information access critical, which it must not";
        // RFC 5280 §4.2.1.9, §4.2.1.11, §4.2.1.14
        if (index > 0 && facts.Has(KnownExtensions.BasicConstraints) && !facts.IsCritical(KnownExtensions.BasicConstraints))
            return "does not mark its basic constraints critical, which an authority must";
        if (facts.Has(KnownExtensions.PolicyConstraints) && !facts.IsCritical(KnownExtensions.PolicyConstraints))
            return "does not mark its policy constraints critical, which it must";
        if (facts.Has(KnownExtensions.InhibitAnyPolicy) && !facts.IsCritical(KnownExtensions.InhibitAnyPolicy))
            return "does not mark inhibit any-policy critical, which it must";
        // RFC 5280 §4.2.1.6, Baseline Requirements §7.1.2.7.12
        if (facts.Has(KnownExtensions.AlternativeName) && facts.IsCritical(KnownExtensions.AlternativeName) != certificate.Subject.IsEmpty)
            return certificate.Subject.IsEmpty ? "has no subject, so it must mark its alternative names critical" : "has a subject, so it must not mark its alternative names critical";
        // Baseline Requirements §7.1.2.7.6
        if (index == 0 && facts.IsCritical(KnownExtensions.ExtendedKeyUsage))
            return "marks its extended key usage critical, which it must not";
        return null;
    }

    private void NameConstraintsForm(int index, Certificate certificate, NameConstraints constraints)
    {
        // RFC 5280 §4.2.1.10: "MUST be used only in a CA certificate"
        if (!certificate.Facts.IsAuthority)
            Add(CertificateRule.NameConstraintsForm, index, $"{certificate} has name constraints but is no authority");
        foreach (var subtree in constraints.Permitted.Concat(constraints.Excluded))
        {
            if (subtree.Kind == GeneralName.Dns && subtree.Text.Length > 0 && !DnsNames.IsName(subtree.Text))
                Add(CertificateRule.NameConstraintsForm, index, $"the name constraints of {certificate} have \"{subtree.Name}\", which is no DNS name");
        }
    }

    private void AlternativeNameForm(Certificate leaf)
    {
        var names = leaf.Facts.AlternativeNames;
        // Baseline Requirements §7.1.2.7.12. Clients are known by other names as well.
        if (names.Count == 0 && policy.Purpose == CertificatePurpose.Server)
            Add(CertificateRule.AlternativeNameForm, 0, $"{leaf} has no alternative names");
        foreach (var name in names)
        {
            var isGood = name.Kind switch
            {
                GeneralName.Dns => DnsNames.IsPreferredForm(name.Text) && !DnsNames.EndsInNumber(name.Text),
                GeneralName.IPAddress => name.Value.Length is 4 or 16,
                GeneralName.Email => name.Text.LastIndexOf('@') is var at and > 0 && DnsNames.IsPreferredForm(name.Text.AsSpan(at + 1)),
                GeneralName.Uri => name.Text.IndexOf(':') > 0,
                _ => true,
            };
            if (!isGood)
                Add(CertificateRule.AlternativeNameForm, 0, $"{leaf} has the alternative name {name}, which is not in the form that RFC 5280 gives such names");
        }
    }

    /// <summary>
    /// Baseline Requirements §7.1.4.3: a common name is a copy of an alternative name, character for character. No verifier looks at it, so
    /// a plain name that differs is let pass; what could deceive a reader is not: addresses, international names, other case.
    /// </summary>
    private void CommonName(Certificate leaf)
    {
        if (policy.Purpose != CertificatePurpose.Server || leaf.Subject.IsEmpty)
            return;
        foreach (var attribute in leaf.Subject.Attributes())
        {
            if (!attribute.Type.Span.SequenceEqual(Oids.CommonName))
                continue;
            var text = attribute.Text ?? "";
            var isCopy = false;
            var isNearCopy = false;
            foreach (var name in leaf.Facts.AlternativeNames)
            {
                isCopy |= name.ToString() == text;
                isNearCopy |= name.ToString().Equals(text, StringComparison.OrdinalIgnoreCase);
            }
            if (!isCopy && (isNearCopy || CouldDeceive(text)))
                Add(CertificateRule.CommonName, 0, $"the common name of {leaf} is not a copy of one of its alternative names");
        }
    }

    private static bool CouldDeceive(string text) =>
        !System.Text.Ascii.IsValid(text)
        || text.Split('.').Any(label => label.StartsWith("xn--", StringComparison.OrdinalIgnoreCase))
        || (text.Contains(':') && IPAddress.TryParse(text, out _))
        || ((text.Contains('.') || text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)) && DnsNames.EndsInNumber(text));

    private static bool IsGoodSerial(ReadOnlySpan<byte> serial) => serial.Length <= LongestSerial && serial[0] < 0x80 && serial.ContainsAnyExcept((byte)0);
}
