using System.Globalization;
using System.Security.Cryptography;
using LucidTls.Certificates.Parsing;
using LucidTls.Certificates.Transparency;

namespace LucidTls.Cli.Inspecting;

/// <summary>All that <c>cert show</c> tells of one certificate, as labels with values: the same for people and programs.</summary>
internal sealed class CertificateView
{
    private static readonly Dictionary<string, string> Usages = new()
    {
        ["2.5.29.37.0"] = "any",
        ["1.3.6.1.5.5.7.3.1"] = "TLS servers",
        ["1.3.6.1.5.5.7.3.2"] = "TLS clients",
        ["1.3.6.1.5.5.7.3.3"] = "signing code",
        ["1.3.6.1.5.5.7.3.4"] = "e-mail",
        ["1.3.6.1.5.5.7.3.8"] = "time stamps",
        ["1.3.6.1.5.5.7.3.9"] = "OCSP responses",
    };

    private static readonly Dictionary<string, string> PolicyNames = new()
    {
        ["2.5.29.32.0"] = "any policy",
        ["2.23.140.1.1"] = "extended validation",
        ["2.23.140.1.2.1"] = "domain validated",
        ["2.23.140.1.2.2"] = "organization validated",
        ["2.23.140.1.2.3"] = "individual validated",
    };

    private readonly Certificate _certificate;

    public CertificateView(Certificate certificate)
    {
        _certificate = certificate;
        var facts = certificate.Facts;
        Add("subject", "subject", certificate.Subject.ToString());
        AddList("names", "names", facts.AlternativeNames.Select(name => name.ToString()));
        Add("issuer", "issued by", certificate.IsSelfIssued ? $"{certificate.Issuer} (itself)" : certificate.Issuer.ToString());
        Add("serial", "serial", Convert.ToHexStringLower(certificate.Serial.Span));
        Add("key", "key", certificate.KeyFacts.Text);
        Add("signatureAlgorithm", "signed with", CertificateSignature.Describe(certificate.SignatureAlgorithm));
        if (facts.KeyUsage is { } usage)
            AddList("keyUsage", "key usage", Enum.GetValues<KeyUsages>().Where(one => one != KeyUsages.None && usage.HasFlag(one)).Select(one => char.ToLowerInvariant(one.ToString()[0]) + one.ToString()[1..]));
        AddList("extendedKeyUsage", "good for", facts.ExtendedKeyUsages.Select(oid => Name(oid, Usages)));
        if (facts.Has(KnownExtensions.BasicConstraints))
            Add("authority", "authority", facts.IsAuthority ? facts.PathLength is { } length ? $"yes, with at most {length} authorities below it" : "yes" : "no");
        AddList("permittedNames", "may issue for", facts.NameConstraints?.Permitted.Select(name => name.Name.ToString()) ?? []);
        AddList("excludedNames", "may not issue for", facts.NameConstraints?.Excluded.Select(name => name.Name.ToString()) ?? []);
        AddList("policies", "policies", facts.Policies.Select(oid => Name(oid, PolicyNames)));
        AddList("issuerUrls", "issuer at", facts.IssuerAddresses);
        AddList("ocspUrls", "OCSP at", facts.OcspResponders);
        AddList("crlUrls", "CRL at", facts.CrlDistributionPoints.SelectMany(point => point.Addresses));
        if (facts.DemandsStaple)
            Add("mustStaple", "must staple", "yes: the server promises to send its OCSP response");
        if (SignedCertificateTimestamp.TryParseList(facts.Timestamps, out var timestamps))
            Add("timestamps", "logged", $"by {timestamps.Count} certificate transparency {(timestamps.Count == 1 ? "log" : "logs")}");
        if (!facts.SubjectKeyIdentifier.IsEmpty)
            Add("subjectKeyId", "key id", Convert.ToHexStringLower(facts.SubjectKeyIdentifier.Span));
        if (!facts.AuthorityKeyIdentifier.IsEmpty)
            Add("authorityKeyId", "issuer's key id", Convert.ToHexStringLower(facts.AuthorityKeyIdentifier.Span));
        Add("sha256", "SHA-256", Convert.ToHexStringLower(SHA256.HashData(certificate.Der.Span)));
        Add("pin", "key pin", "sha256/" + Convert.ToBase64String(SHA256.HashData(certificate.SubjectPublicKeyInfo.Span)));
        if (facts.Malformation is { } malformation)
            Add("problem", "problem", malformation);
    }

    public string Title => _certificate.ToString();
    public DateTimeOffset NotBefore => _certificate.NotBefore;
    public DateTimeOffset NotAfter => _certificate.NotAfter;
    public ReadOnlyMemory<byte> Der => _certificate.Der;

    /// <summary>The member's name in JSON, its label for people, its values; whether it is a list.</summary>
    public List<(string Member, string Label, IReadOnlyList<string> Values, bool IsList)> Facts { get; } = [];

    /// <summary>The validity in words, and the colour that it deserves.</summary>
    public (string Text, string Colour) Remaining(DateTimeOffset now)
    {
        var days = (NotAfter - now).TotalDays;
        if (now < NotBefore)
            return ($"not valid yet, in {Days((NotBefore - now).TotalDays)}", "red");
        if (days < 0)
            return ($"expired {Days(-days)} ago", "red");
        return ($"{Days(days)} left", days < 7 ? "red" : days < 30 ? "yellow" : "green");
    }

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) + " UTC";

    private static string Days(double days) => days < 1 ? "less than a day" : (int)days == 1 ? "1 day" : $"{(int)days} days";

    private static string Name(ReadOnlyMemory<byte> oid, Dictionary<string, string> names) => Oids.ToText(oid.Span) is var text && names.TryGetValue(text, out var name) ? $"{name} ({text})" : text;

    private void Add(string member, string label, string value) => Facts.Add((member, label, [value], false));

    private void AddList(string member, string label, IEnumerable<string> values)
    {
        string[] all = [.. values];
        if (all.Length > 0)
            Facts.Add((member, label, all, true));
    }
}
