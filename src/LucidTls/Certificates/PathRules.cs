using System.Net;
using System.Text;

namespace LucidTls.Certificates;

/// <summary>A check that failed: what kind, and the sentence.</summary>
internal readonly record struct BrokenRule(CertificateFailure Failure, string Sentence);

/// <summary>What RFC 5280 §6.1 and RFC 9525 demand of the certificates of a path. Each rule gives null or what is broken.</summary>
internal static class PathRules
{
    private const int LeastRsaBits = 2048;

    public static BrokenRule? Leaf(Certificate leaf, string? name, CertificatePurpose purpose, DateTimeOffset now) =>
        Validity(leaf, now) ?? Common(leaf) ?? LeafUsage(leaf) ?? Purpose(leaf, purpose) ?? (name == null ? null : Name(leaf, name));

    /// <param name="issuer">The certificate, not the trust anchor, that signed the one below.</param>
    /// <param name="intermediatesBelow">How many authorities that are not self-issued stand between it and the leaf.</param>
    /// <param name="purpose">What the leaf is used for.</param>
    /// <param name="now">The time of validation.</param>
    public static BrokenRule? Issuer(Certificate issuer, int intermediatesBelow, CertificatePurpose purpose, DateTimeOffset now) =>
        Validity(issuer, now) ?? Common(issuer) ?? Authority(issuer, intermediatesBelow) ?? Purpose(issuer, purpose);

    /// <summary>A trust anchor is trusted for what it is; what it says of itself still binds what it signed (RFC 5937).</summary>
    public static BrokenRule? Anchor(Certificate anchor, int intermediatesBelow, CertificatePurpose purpose, DateTimeOffset now) =>
        Validity(anchor, now) ?? (anchor.Version == 3 ? Authority(anchor, intermediatesBelow) ?? Purpose(anchor, purpose) : null);

    /// <summary>RFC 5280 §6.1.3 (b) and (c): an authority's name constraints hold for all below it, but for self-issued ones in between.</summary>
    public static BrokenRule? NameConstraints(Certificate authority, IReadOnlyList<Certificate> below)
    {
        if (authority.Facts.NameConstraints is not { } constraints)
            return null;
        for (var i = 0; i < below.Count; i++)
        {
            if ((i == 0 || !below[i].IsSelfIssued) && constraints.FirstBroken(below[i]) is { } broken)
                return new BrokenRule(CertificateFailure.Unsuitable, $"{authority} may not issue for this: {broken}");
        }
        return null;
    }

    private static BrokenRule? Validity(Certificate certificate, DateTimeOffset now)
    {
        if (now > certificate.NotAfter)
            return new BrokenRule(CertificateFailure.Expired, $"{certificate} expired {Words(now - certificate.NotAfter)} ago, on {certificate.NotAfter:yyyy-MM-dd HH:mm} UTC");
        if (now < certificate.NotBefore)
            return new BrokenRule(CertificateFailure.Expired, $"{certificate} becomes valid in {Words(certificate.NotBefore - now)}, on {certificate.NotBefore:yyyy-MM-dd HH:mm} UTC; this machine's clock says {now:yyyy-MM-dd HH:mm} UTC");
        return null;
    }

    private static BrokenRule? Common(Certificate certificate)
    {
        if (certificate.Version != 3)
            return Unsuitable($"{certificate} is an X.509 certificate of version {certificate.Version}; 3 is needed");
        if (certificate.Facts.UnknownCritical is { } oid)
            return Unsuitable($"{certificate} has the critical extension {oid}, which is not understood");
        if (certificate.PublicKey is not { } key)
            return Unsuitable($"{certificate} has a public key that cannot be used");
        if (key.Description.StartsWith("RSA", StringComparison.Ordinal) && key.KeyBits < LeastRsaBits)
            return Unsuitable($"{certificate} has an RSA key of {key.KeyBits} bits; {LeastRsaBits} are the least that is safe");
        return null;
    }

    private static BrokenRule? LeafUsage(Certificate leaf)
    {
        // RFC 5280 §4.2.1.9: an authority's own certificate is not a server's.
        if (leaf.Facts.IsAuthority)
            return Unsuitable($"{leaf} is an authority's certificate and not an end entity's");
        if (leaf.Facts.KeyUsage is { } usage && (usage & KeyUsages.DigitalSignature) == 0)
            return Unsuitable($"the key usage of {leaf} does not allow digital signatures");
        return null;
    }

    private static BrokenRule? Authority(Certificate issuer, int intermediatesBelow)
    {
        // RFC 5280 §6.1.4 (k), (l), (n)
        if (!issuer.Facts.IsAuthority)
            return Unsuitable($"{issuer} is not an authority (basic constraints) but signed the certificate below it");
        if (issuer.Facts.PathLength is { } most && intermediatesBelow > most)
            return Unsuitable($"{issuer} allows {most} authorities below it and there are {intermediatesBelow}");
        if (issuer.Facts.KeyUsage is { } usage && (usage & KeyUsages.KeyCertSign) == 0)
            return Unsuitable($"the key usage of {issuer} does not allow signing certificates");
        return null;
    }

    private static BrokenRule? Purpose(Certificate certificate, CertificatePurpose purpose)
    {
        if (certificate.Facts.ExtendedKeyUsages is not { } usages)
            return null;
        var wanted = purpose == CertificatePurpose.Server ? CertificateFacts.ServerAuthentication : CertificateFacts.ClientAuthentication;
        return usages.Contains(wanted) || usages.Contains(CertificateFacts.AnyExtendedKeyUsage)
            ? null
            : Unsuitable($"the extended key usage of {certificate} does not allow TLS {(purpose == CertificatePurpose.Server ? "server" : "client")} authentication");
    }

    // RFC 9525 §6: only subjectAltName counts.
    private static BrokenRule? Name(Certificate leaf, string name)
    {
        var dnsNames = DnsNames(leaf);
        var addresses = Addresses(leaf);
        return ServerNames.Match(name, dnsNames, addresses)
            ? null
            : new BrokenRule(CertificateFailure.WrongName, $"names in the certificate: {(dnsNames.Count + addresses.Count == 0 ? "none" : string.Join(", ", dnsNames.Concat(addresses.Select(address => address.ToString()))))}; asked for: {name}");
    }

    public static IReadOnlyList<string> DnsNames(Certificate certificate) =>
        [.. certificate.Facts.AlternativeNames.Where(name => name.Kind == GeneralName.Dns).Select(name => Encoding.Latin1.GetString(name.Value.Span))];

    public static IReadOnlyList<IPAddress> Addresses(Certificate certificate) =>
        [.. certificate.Facts.AlternativeNames.Where(name => name.Kind == GeneralName.IPAddress && name.Value.Length is 4 or 16).Select(name => new IPAddress(name.Value.Span))];

    private static BrokenRule Unsuitable(string sentence) => new(CertificateFailure.Unsuitable, sentence);

    private static string Words(TimeSpan time) =>
        time.TotalDays >= 2 ? $"{(int)time.TotalDays} days" : time.TotalHours >= 2 ? $"{(int)time.TotalHours} hours" : $"{Math.Max(1, (int)time.TotalMinutes)} minutes";
}
